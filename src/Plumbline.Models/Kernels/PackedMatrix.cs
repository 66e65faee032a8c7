using System.Runtime.Intrinsics;
using Plumbline.Models.Files;

namespace Plumbline.Models.Kernels;

/// <summary>
/// A weight matrix [rows, columns] in panels of 32 rows, each panel one stream [column, 32] in the order in which the
/// kernels read it, at the size of the file: Q4_1, Q4_0, Q8_0, F16, BF16 and F32 stay what they are. Blocks of 32
/// columns begin with their 32 scales (and minima); nibbles of rows 0–15 are low, of rows 16–31 high.
/// Read only once packed; safe for concurrent use.
/// </summary>
internal sealed unsafe class PackedMatrix : IDisposable
{
    private const int Block = 32;
    private readonly NativeBuffer _data;
    private readonly long _panelBytes;

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
    }

    public TensorType Type { get; }

    public int Rows { get; }

    public int Columns { get; }

    public int Panels => (Rows + Tile.Width - 1) / Tile.Width;

    /// <summary>Bytes of memory held.</summary>
    public long Bytes => _data.Length;

    public long PanelBytes => _panelBytes;

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

    /// <summary>Packs f32 rows.</summary>
    public static PackedMatrix Pack(int rows, int columns, float* values, WorkerPool pool) =>
        Pack(TensorType.F32, rows, columns, row => new ReadOnlySpan<byte>(values + ((long)row * columns), columns * 4), pool);

    public byte* Panel(int panel) => _data.Pointer + (panel * _panelBytes);

    /// <summary>The panel's values [depth, 32] from a column on, in f32; F32 panels are read in place instead.</summary>
    public void Unpack(int panel, int from, int depth, float* tile)
    {
        byte* data = Panel(panel);
        switch (Type)
        {
            case TensorType.F32: new ReadOnlySpan<float>((float*)data + (from * 32L), depth * 32).CopyTo(new Span<float>(tile, depth * 32)); break;
            case TensorType.F16: UnpackHalves((ushort*)data + (from * 32L), depth, tile); break;
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
                    for (int k = 0; k < Block; k++)
                    {
                        int pair = data[header + (k * 16) + (r % 16)];
                        *values++ = MathF.FusedMultiplyAdd(scale, r < 16 ? pair & 15 : pair >> 4, offset);
                    }
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
                break;
            case TensorType.Q8_0:
                for (int b = 0; b < Columns / Block; b++, source += 34, panel += 1088)
                {
                    ((ushort*)panel)[r] = *(ushort*)source;
                    for (int k = 0; k < Block; k++) panel[64 + (k * 32) + r] = source[2 + k];
                }

                break;
            default:
                int header = Type == TensorType.Q4_1 ? 4 : 2;
                int lane = r % 16, shift = r < 16 ? 0 : 4;
                for (int b = 0; b < Columns / Block; b++, source += header + 16)
                {
                    ((ushort*)panel)[r] = *(ushort*)source;
                    if (header == 4) ((ushort*)panel)[32 + r] = ((ushort*)source)[1];
                    panel += header * 32;
                    // In the file the low nibbles are columns 0–15 of the block, the high ones 16–31.
                    for (int k = 0; k < 16; k++, panel += 16)
                    {
                        panel[lane] |= (byte)((source[header + k] & 15) << shift);
                        panel[256 + lane] |= (byte)((source[header + k] >> 4) << shift);
                    }

                    panel += 256;
                }

                break;
        }
    }

    private static void UnpackHalves(ushort* data, int depth, float* tile)
    {
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
                for (int k = 0; k < Block; k++, q += 16, tile += 32)
                {
                    Vector512<int> pair = Widening.Bytes16(q);
                    Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(pair & Vector512.Create(15)), low, lowest).Store(tile);
                    Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Vector512.ShiftRightLogical(pair, 4)), high, highest).Store(tile + 16);
                }
            }
            else
            {
                Vector256<float> s0 = Widening.Halves8((ushort*)data), s1 = Widening.Halves8((ushort*)data + 8);
                Vector256<float> s2 = Widening.Halves8((ushort*)data + 16), s3 = Widening.Halves8((ushort*)data + 24);
                Vector256<float> m0 = hasMinimum ? Widening.Halves8((ushort*)data + 32) : s0 * -8f, m1 = hasMinimum ? Widening.Halves8((ushort*)data + 40) : s1 * -8f;
                Vector256<float> m2 = hasMinimum ? Widening.Halves8((ushort*)data + 48) : s2 * -8f, m3 = hasMinimum ? Widening.Halves8((ushort*)data + 56) : s3 * -8f;
                for (int k = 0; k < Block; k++, q += 16, tile += 32)
                {
                    Vector256<int> left = Widening.Bytes8(q), right = Widening.Bytes8(q + 8);
                    Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(left & Vector256.Create(15)), s0, m0).Store(tile);
                    Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(right & Vector256.Create(15)), s1, m1).Store(tile + 8);
                    Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Vector256.ShiftRightLogical(left, 4)), s2, m2).Store(tile + 16);
                    Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(Vector256.ShiftRightLogical(right, 4)), s3, m3).Store(tile + 24);
                }
            }

            data += header + 512;
        }
    }
}

/// <summary>The bytes of a row of weights.</summary>
internal delegate ReadOnlySpan<byte> WeightRow(int row);
