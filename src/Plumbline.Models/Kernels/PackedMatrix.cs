using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// A weight matrix [rows, columns] in panels of 32 rows, each panel one stream [column, 32] in the order in which the
/// kernels read it, at the size of the file: Q4_1, Q4_0, Q8_0, F16, BF16 and F32 stay what they are. Blocks of 32
/// columns begin with their 32 scales (and minima). Four-bit numbers lie eight columns to a 32-bit word, a row a word, the
/// first column in the lowest bits: one load gives sixteen rows, one shift the next column.
/// Read only once packed; safe for concurrent use.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private const int Block = 32;
    private const int PrefetchedBytes = 128 << 10;
    private readonly NativeBuffer _data;
    private readonly byte* _first;
    private readonly long _panelBytes;
    private volatile bool _special;

    private PackedMatrix(TensorType type, int rows, int columns)
    {
        (Type, Rows, Columns) = (type, rows, columns);
        _panelBytes = type switch
        {
            TensorType.F32 => columns * 128L,
            TensorType.F16 or TensorType.BF16 => columns * 64L,
            TensorType.Q8_0 => columns / Block * 1088L,
            TensorType.Q4_0 => columns / Block * 576L,
            TensorType.Q4_1 => columns / Block * 640L,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No held form."),
        };
        _data = new NativeBuffer(checked(_panelBytes * Panels));
        _first = _data.Pointer;
    }

    public TensorType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int Panels => (Rows + Tile.Width - 1) / Tile.Width;

    /// <summary>Bytes of memory held.</summary>
    public long Bytes => _data.Length;

    public long PanelBytes => _panelBytes;

    /// <summary>Whether no half, be it a weight or a scale, is an infinity or NaN; such a matrix needs the slower conversion.</summary>
    public bool Finite => !_special;

    /// <summary>Whether a tensor of this type is held as it is; others are dequantised to F32.</summary>
    public static bool Holds(TensorType type) =>
        type is TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.Q8_0 or TensorType.Q4_0 or TensorType.Q4_1;

    /// <summary>Bytes of one row of a file's tensor of a type that is held.</summary>
    public static int RowBytes(TensorType type, int columns) => type switch
    {
        TensorType.F32 => columns * 4,
        TensorType.F16 or TensorType.BF16 => columns * 2,
        TensorType.Q8_0 => columns / Block * 34,
        TensorType.Q4_0 => columns / Block * 18,
        TensorType.Q4_1 => columns / Block * 20,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "No held form."),
    };

    /// <summary>Packs the rows that a function gives, each as it lies in a file.</summary>
    public static PackedMatrix Pack(TensorType type, int rows, int columns, WeightRow row, WorkerPool pool)
    {
        PackedMatrix packed = new(type, rows, columns);
        pool.Run(packed.Panels, (panel, _) =>
        {
            byte* target = packed.Panel(panel);
            int count = Math.Min(Tile.Width, rows - (panel * Tile.Width));
            for (int r = 0; r < count; r++)
            {
                fixed (byte* source = row((panel * Tile.Width) + r)) packed.Place(source, r, target);
            }
        });
        return packed;
    }

    /// <summary>Bytes of memory that a matrix takes.</summary>
    public static long Size(TensorType type, int rows, int columns) => (long)(rows + Tile.Width - 1) / Tile.Width * Tile.Width * RowBytes(type, columns);

    /// <summary>Packs f32 rows.</summary>
    public static PackedMatrix Pack(int rows, int columns, float* values, WorkerPool pool) =>
        Pack(TensorType.F32, rows, columns, row => new ReadOnlySpan<byte>(values + ((long)row * columns), columns * 4), pool);

    public byte* Panel(int panel) => _data.Pointer + (panel * _panelBytes);

    /// <summary>
    /// Asks for the next kilobyte of some panels with each step 0, 1, 2, …; false where nothing is left that would stay in a cache.
    /// It reads nothing, so a thread may still be at it when the matrix is disposed.
    /// </summary>
    public bool Prefetch(int first, int end, int step)
    {
        long offset = step * 1024L;
        if (!Sse.IsSupported || offset >= Math.Min(PrefetchedBytes, (end - first) * _panelBytes)) return false;
        byte* from = _first + (first * _panelBytes) + offset;
        for (int i = 0; i < 1024; i += 64) Sse.Prefetch1(from + i);
        return true;
    }

    /// <summary>The panel's values [depth, 32] from a column on, in f32; F32 panels are read in place instead.</summary>
    public void Unpack(int panel, int from, int depth, float* tile)
    {
        byte* data = Panel(panel);
        switch (Type)
        {
            case TensorType.F32: new ReadOnlySpan<float>((float*)data + (from * 32L), depth * 32).CopyTo(new Span<float>(tile, depth * 32)); break;
            case TensorType.F16: UnpackHalves((ushort*)data + (from * 32L), depth, tile, Finite); break;
            case TensorType.BF16: UnpackBrainHalves((ushort*)data + (from * 32L), depth, tile); break;
            case TensorType.Q8_0: UnpackQ8(data + (from / Block * 1088L), depth / Block, tile); break;
            case TensorType.Q4_0: UnpackQ4(data + (from / Block * 576L), depth / Block, tile, hasMinimum: false); break;
            default: UnpackQ4(data + (from / Block * 640L), depth / Block, tile, hasMinimum: true); break;
        }
    }

    /// <summary>One row in f32.</summary>
    public void ReadRow(int row, float* values)
    {
        byte* data = Panel(row / Tile.Width);
        int r = row % Tile.Width;
        switch (Type)
        {
            case TensorType.F32:
                for (int k = 0; k < Columns; k++) values[k] = ((float*)data)[(k * 32) + r];
                break;
            case TensorType.F16:
                for (int k = 0; k < Columns; k++) values[k] = (float)BitConverter.UInt16BitsToHalf(((ushort*)data)[(k * 32) + r]);
                break;
            case TensorType.BF16:
                for (int k = 0; k < Columns; k++) values[k] = BitConverter.UInt32BitsToSingle((uint)((ushort*)data)[(k * 32) + r] << 16);
                break;
            case TensorType.Q8_0:
                for (int b = 0; b < Columns / Block; b++, data += 1088)
                {
                    float scale = Half(data, r);
                    sbyte* q = (sbyte*)data + 64 + r;
                    for (int k = 0; k < Block; k++) *values++ = scale * q[k * 32];
                }

                break;
            default:
                bool minimum = Type == TensorType.Q4_1;
                int header = minimum ? 128 : 64;
                for (int b = 0; b < Columns / Block; b++, data += header + 512)
                {
                    float scale = Half(data, r), offset = minimum ? Half(data + 64, r) : -8 * scale;
                    uint* words = (uint*)(data + header) + r;
                    for (int k = 0; k < Block; k++) *values++ = MathF.FusedMultiplyAdd(scale, (words[k / 8 * 32] >> (k % 8 * 4)) & 15, offset);
                }

                break;
        }
    }

    public void Dispose() => _data.Dispose();

    private static float Half(byte* halves, int index) => (float)BitConverter.UInt16BitsToHalf(((ushort*)halves)[index]);

    // One row of the file into its lane of the panel.
    private void Place(byte* source, int r, byte* panel)
    {
        switch (Type)
        {
            case TensorType.F32:
                for (int k = 0; k < Columns; k++) ((float*)panel)[(k * 32) + r] = ((float*)source)[k];
                break;
            case TensorType.F16 or TensorType.BF16:
                for (int k = 0; k < Columns; k++) ((ushort*)panel)[(k * 32) + r] = ((ushort*)source)[k];
                if (Type == TensorType.F16 && HasSpecial((ushort*)source, Columns)) _special = true;
                break;
            case TensorType.Q8_0:
                for (int b = 0; b < Columns / Block; b++, source += 34, panel += 1088)
                {
                    PlaceScale(source, panel, r);
                    for (int k = 0; k < Block; k++) panel[64 + (k * 32) + r] = source[2 + k];
                }

                break;
            default:
                int header = Type == TensorType.Q4_1 ? 4 : 2;
                for (int b = 0; b < Columns / Block; b++, source += header + 16)
                {
                    PlaceScale(source, panel, r);
                    if (header == 4) PlaceScale(source + 2, panel + 64, r);
                    panel += header * 32;
                    // In the file the low nibbles are columns 0–15 of the block, the high ones 16–31.
                    ulong first = *(ulong*)(source + header), second = *(ulong*)(source + header + 8);
                    ((uint*)panel)[r] = Nibbles(first);
                    ((uint*)panel)[32 + r] = Nibbles(second);
                    ((uint*)panel)[64 + r] = Nibbles(first >> 4);
                    ((uint*)panel)[96 + r] = Nibbles(second >> 4);
                    panel += 512;
                }

                break;
        }
    }

    private void PlaceScale(byte* source, byte* target, int r)
    {
        ushort half = *(ushort*)source;
        ((ushort*)target)[r] = half;
        if ((half & 0x7C00) == 0x7C00) _special = true;
    }

    private static bool HasSpecial(ushort* halves, int count)
    {
        int largest = 0;
        for (int i = 0; i < count; i++) largest = Math.Max(largest, halves[i] & 0x7FFF);
        return largest >= 0x7C00;
    }

    // The low nibbles of eight bytes, the first in the lowest bits.
    private static uint Nibbles(ulong bytes)
    {
        bytes &= 0x0F0F0F0F0F0F0F0F;
        bytes = (bytes | (bytes >> 4)) & 0x00FF00FF00FF00FF;
        bytes = (bytes | (bytes >> 8)) & 0x0000FFFF0000FFFF;
        return (uint)(bytes | (bytes >> 16));
    }

    private static void UnpackHalves(ushort* data, int depth, float* tile, bool finite)
    {
        if (finite)
        {
            for (int k = 0; k < depth; k++, data += 32, tile += 32)
            {
                Widening.FiniteHalves16(data).Store(tile);
                Widening.FiniteHalves16(data + 16).Store(tile + 16);
            }

            return;
        }

        for (int k = 0; k < depth; k++, data += 32, tile += 32)
        {
            Widening.Halves16(data).Store(tile);
            Widening.Halves16(data + 16).Store(tile + 16);
        }
    }

    private static void UnpackBrainHalves(ushort* data, int depth, float* tile)
    {
        for (int k = 0; k < depth; k++, data += 32, tile += 32)
        {
            Widening.BrainHalves16(data).Store(tile);
            Widening.BrainHalves16(data + 16).Store(tile + 16);
        }
    }

    private static void UnpackQ8(byte* data, int blocks, float* tile)
    {
        for (int b = 0; b < blocks; b++, data += 1088)
        {
            sbyte* q = (sbyte*)data + 64;
            if (Vector512.IsHardwareAccelerated)
            {
                Vector512<float> low = Widening.Halves16((ushort*)data), high = Widening.Halves16((ushort*)data + 16);
                for (int k = 0; k < Block; k++, q += 32, tile += 32)
                {
                    (Vector512.ConvertToSingle(Widening.SignedBytes16(q)) * low).Store(tile);
                    (Vector512.ConvertToSingle(Widening.SignedBytes16(q + 16)) * high).Store(tile + 16);
                }
            }
            else
            {
                Vector256<float> s0 = Widening.Halves8((ushort*)data), s1 = Widening.Halves8((ushort*)data + 8);
                Vector256<float> s2 = Widening.Halves8((ushort*)data + 16), s3 = Widening.Halves8((ushort*)data + 24);
                for (int k = 0; k < Block; k++, q += 32, tile += 32)
                {
                    (Vector256.ConvertToSingle(Widening.SignedBytes8(q)) * s0).Store(tile);
                    (Vector256.ConvertToSingle(Widening.SignedBytes8(q + 8)) * s1).Store(tile + 8);
                    (Vector256.ConvertToSingle(Widening.SignedBytes8(q + 16)) * s2).Store(tile + 16);
                    (Vector256.ConvertToSingle(Widening.SignedBytes8(q + 24)) * s3).Store(tile + 24);
                }
            }
        }
    }

    // A product of an 11-bit scale and a 4-bit number is exact in f32, so one rounding happens, where the minimum is added.
    private static void UnpackQ4(byte* data, int blocks, float* tile, bool hasMinimum)
    {
        int header = hasMinimum ? 128 : 64;
        for (int b = 0; b < blocks; b++)
        {
            byte* q = data + header;
            if (Vector512.IsHardwareAccelerated)
            {
                Vector512<float> low = Widening.Halves16((ushort*)data), high = Widening.Halves16((ushort*)data + 16);
                Vector512<float> lowest = hasMinimum ? Widening.Halves16((ushort*)data + 32) : low * -8f;
                Vector512<float> highest = hasMinimum ? Widening.Halves16((ushort*)data + 48) : high * -8f;
                for (int k = 0; k < Block; k += 8, q += 128)
                {
                    Vector512<int> left = Vector512.Load((int*)q), right = Vector512.Load((int*)q + 16);
                    for (int i = 0; i < 8; i++, tile += 32)
                    {
                        Vector512.FusedMultiplyAdd(Widening.Nibbles16(left), low, lowest).Store(tile);
                        Vector512.FusedMultiplyAdd(Widening.Nibbles16(right), high, highest).Store(tile + 16);
                        left = Vector512.ShiftRightLogical(left, 4);
                        right = Vector512.ShiftRightLogical(right, 4);
                    }
                }
            }
            else
            {
                for (int part = 0; part < 4; part++)
                {
                    Vector256<float> scale = Widening.Halves8((ushort*)data + (part * 8)), least = hasMinimum ? Widening.Halves8((ushort*)data + 32 + (part * 8)) : scale * -8f;
                    float* target = tile + (part * 8);
                    for (int k = 0; k < Block; k += 8)
                    {
                        Vector256<int> word = Vector256.Load((int*)(q + (k * 16)) + (part * 8));
                        for (int i = 0; i < 8; i++, target += 32, word = Vector256.ShiftRightLogical(word, 4))
                            Vector256.FusedMultiplyAdd(Widening.Nibbles8(word), scale, least).Store(target);
                    }
                }

                tile += 32 * Block;
            }

            data += header + 512;
        }
    }
}

/// <summary>The bytes of a row of weights.</summary>
internal delegate ReadOnlySpan<byte> WeightRow(int row);
