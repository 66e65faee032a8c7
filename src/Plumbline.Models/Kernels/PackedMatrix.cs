using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// A weight matrix [rows, columns] in panels of 32 rows, each panel one stream [column, 32] in the order in which the
/// kernels read it (<see cref="PanelLayout"/>), at about the size of the file. Four-bit numbers lie eight columns to a 32-bit
/// word, a row a word, the first column in the lowest bits: one load gives sixteen rows, one shift the next column.
/// Read only once packed; safe for concurrent use.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private const int PrefetchedBytes = 128 << 10;
    private readonly NativeBuffer _data;
    private readonly byte* _first;
    private readonly long _panelBytes;
    private volatile bool _special;

    private PackedMatrix(TensorType type, int rows, int columns)
    {
        (Type, Rows, Columns, Layout) = (type, rows, columns, PanelLayout.Of(type));
        _panelBytes = (long)columns / Layout.Columns * Layout.BlockBytes;
        _data = new NativeBuffer(checked(_panelBytes * Panels));
        _first = _data.Pointer;
    }

    public TensorType Type { get; }

    public PanelLayout Layout { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int Panels => (Rows + Tile.Width - 1) / Tile.Width;

    /// <summary>Bytes of memory held.</summary>
    public long Bytes => _data.Length;

    public long PanelBytes => _panelBytes;

    /// <summary>Whether no half, be it a weight or a scale, is an infinity or NaN; such a matrix needs the slower conversion.</summary>
    public bool Finite => !_special;

    /// <summary>Whether a tensor of this type is held as it is; others are converted to F32.</summary>
    public static bool Holds(TensorType type) => type is TensorType.F32 or TensorType.F16 or TensorType.BF16 || type.IsQuantised();

    /// <summary>Bytes of one row of a file's tensor.</summary>
    public static int RowBytes(TensorType type, int columns) => columns / type.BlockValues() * type.BlockBytes();

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
    public static long Size(TensorType type, int rows, int columns)
    {
        PanelLayout layout = PanelLayout.Of(type);
        return (long)(rows + Tile.Width - 1) / Tile.Width * (columns / layout.Columns) * layout.BlockBytes;
    }

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
            case TensorType.F16 when !Finite: UnpackSpecialHalves((ushort*)data + (from * 32L), depth, tile); break;
            case TensorType.F16: UnpackHalves<IeeeHalf>((ushort*)data + (from * 32L), depth, tile); break;
            case TensorType.BF16: UnpackHalves<BrainHalf>((ushort*)data + (from * 32L), depth, tile); break;
            default:
                byte* first = data + ((long)(from / Layout.Columns) * Layout.BlockBytes);
                if (Layout.Bits == 4) UnpackNibbles(first, depth, tile);
                else UnpackBytes(first, depth, tile);
                break;
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
            default:
                int size = Layout.ScaleSize;
                for (int k = 0; k < Columns; k += Layout.Columns, data += Layout.BlockBytes)
                {
                    float scale = ScaleAt(data, r, size);
                    float minimum = Layout.HasMinimum ? ScaleAt(data, Tile.Width + r, size) : Layout.Bits == 4 ? -8 * scale : 0;
                    byte* q = data + Layout.Header;
                    for (int i = 0; i < Layout.Columns; i++)
                    {
                        int number = Layout.Bits == 4 ? (((int*)q)[(i / 8 * 32) + r] >> (i % 8 * 4)) & 15 : ((sbyte*)q)[(i * 32) + r];
                        *values++ = MathF.FusedMultiplyAdd(scale, number, minimum);
                    }
                }

                break;
        }
    }

    public void Dispose() => _data.Dispose();

    private static float ScaleAt(byte* scales, int index, int size) => size == 2 ? (float)BitConverter.UInt16BitsToHalf(((ushort*)scales)[index]) : ((float*)scales)[index];

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
                for (int k = 0; k < Columns; k += 32, source += 34, panel += Layout.BlockBytes)
                {
                    PlaceScale(source, panel, r);
                    for (int i = 0; i < 32; i++) panel[64 + (i * 32) + r] = source[2 + i];
                }

                break;
            case TensorType.Q4_0 or TensorType.Q4_1:
                int header = Type == TensorType.Q4_1 ? 4 : 2;
                for (int k = 0; k < Columns; k += 32, source += header + 16)
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
            default:
                PlaceParts(source, r, panel);
                break;
        }
    }

    // Blocks whose scales and numbers a file packs more tightly than the kernels read them.
    private void PlaceParts(byte* source, int r, byte* panel)
    {
        int values = Type.BlockValues(), bytes = Type.BlockBytes();
        Span<sbyte> numbers = stackalloc sbyte[256];
        Span<float> scales = stackalloc float[16], minima = stackalloc float[16];
        for (int k = 0; k < Columns; k += values, source += bytes)
        {
            int columns = QuantisedBlock.Split(Type, new ReadOnlySpan<byte>(source, bytes), numbers, scales, minima);
            for (int group = 0; group < values / columns; group++, panel += Layout.BlockBytes)
            {
                ((float*)panel)[r] = scales[group];
                if (Layout.HasMinimum) ((float*)panel)[32 + r] = minima[group];
                byte* q = panel + Layout.Header;
                for (int i = 0; i < columns; i++)
                {
                    int number = numbers[(group * columns) + i];
                    if (Layout.Bits == 4) ((int*)q)[(i / 8 * 32) + r] |= number << (i % 8 * 4);
                    else q[(i * 32) + r] = (byte)number;
                }
            }
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

    private static void UnpackHalves<T>(ushort* data, int depth, float* tile)
        where T : struct, IHalf
    {
        for (int k = 0; k < depth; k++, data += 32, tile += 32)
        {
            T.Sixteen(data).Store(tile);
            T.Sixteen(data + 16).Store(tile + 16);
        }
    }

    private static void UnpackSpecialHalves(ushort* data, int depth, float* tile)
    {
        for (int k = 0; k < depth; k++, data += 32, tile += 32)
        {
            Widening.Halves16(data).Store(tile);
            Widening.Halves16(data + 16).Store(tile + 16);
        }
    }

    private void UnpackBytes(byte* data, int depth, float* tile)
    {
        int size = Layout.ScaleSize;
        for (int from = 0; from < depth; from += Layout.Columns, data += Layout.BlockBytes)
        {
            sbyte* q = (sbyte*)data + Layout.Header;
            if (Vector512.IsHardwareAccelerated)
            {
                Vector512<float> low = Widening.Scales16(data, 0, size), high = Widening.Scales16(data, 1, size), lowest = default, highest = default;
                if (Layout.HasMinimum) (lowest, highest) = (Widening.Scales16(data, 2, size), Widening.Scales16(data, 3, size));
                for (int k = 0; k < Layout.Columns; k++, q += 32, tile += 32)
                {
                    Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Widening.SignedBytes16(q)), low, lowest).Store(tile);
                    Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Widening.SignedBytes16(q + 16)), high, highest).Store(tile + 16);
                }
            }
            else
            {
                for (int part = 0; part < 4; part++)
                {
                    Vector256<float> scale = Widening.Scales8(data, part, size), least = Layout.HasMinimum ? Widening.Scales8(data, part + 4, size) : default;
                    for (int k = 0; k < Layout.Columns; k++)
                        Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Widening.SignedBytes8(q + (k * 32) + (part * 8))), scale, least).Store(tile + (k * 32) + (part * 8));
                }

                tile += 32 * Layout.Columns;
            }
        }
    }

    // A product of a scale and a four-bit number is exact in f32, so one rounding happens, where the minimum is added.
    private void UnpackNibbles(byte* data, int depth, float* tile)
    {
        int size = Layout.ScaleSize;
        for (int from = 0; from < depth; from += 32, data += Layout.BlockBytes)
        {
            byte* q = data + Layout.Header;
            if (Vector512.IsHardwareAccelerated)
            {
                Vector512<float> low = Widening.Scales16(data, 0, size), high = Widening.Scales16(data, 1, size);
                Vector512<float> lowest = Layout.HasMinimum ? Widening.Scales16(data, 2, size) : low * -8f;
                Vector512<float> highest = Layout.HasMinimum ? Widening.Scales16(data, 3, size) : high * -8f;
                for (int k = 0; k < 32; k += 8, q += 128)
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
                    Vector256<float> scale = Widening.Scales8(data, part, size), least = Layout.HasMinimum ? Widening.Scales8(data, part + 4, size) : scale * -8f;
                    float* target = tile + (part * 8);
                    for (int k = 0; k < 32; k += 8)
                    {
                        Vector256<int> word = Vector256.Load((int*)(q + (k * 16)) + (part * 8));
                        for (int i = 0; i < 8; i++, target += 32, word = Vector256.ShiftRightLogical(word, 4))
                            Vector256.FusedMultiplyAdd(Widening.Nibbles8(word), scale, least).Store(target);
                    }
                }

                tile += 32 * 32;
            }
        }
    }
}

/// <summary>The bytes of a row of weights.</summary>
internal delegate ReadOnlySpan<byte> WeightRow(int row);
