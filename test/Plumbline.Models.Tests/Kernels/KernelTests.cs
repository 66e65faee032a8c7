using System.Runtime.InteropServices;
using CsCheck;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Tests.Kernels;

public sealed unsafe class KernelTests
{
    private static readonly TensorType[] s_types = [.. Enum.GetValues<TensorType>().Where(PackedMatrix.Holds)];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(12)]
    public void Tile_BothWidths_GiveTheSameBitsAndTheProduct(int height)
    {
        const int depth = 37, stride = 40;
        Random random = new(height);
        using NativeBuffer a = Floats(random, depth * height), w = Floats(random, depth * 32), wide = NativeBuffer.OfFloats(stride * height), narrow = NativeBuffer.OfFloats(stride * height);
        foreach (bool add in new[] { false, true })
        {
            WideTile.Multiply(height, a.Floats, w.Floats, depth, wide.Floats, stride, add);
            NarrowTile.Multiply(height, a.Floats, w.Floats, depth, narrow.Floats, stride, add);
            for (int row = 0; row < height; row++)
            {
                for (int column = 0; column < 32; column++)
                {
                    double want = 0;
                    for (int k = 0; k < depth; k++) want += (double)a.Floats[(k * height) + row] * w.Floats[(k * 32) + column];
                    float got = wide.Floats[(row * stride) + column];
                    Assert.Equal(got, narrow.Floats[(row * stride) + column]);
                    Assert.Equal(add ? 2 * want : want, got, 1e-4);
                }
            }
        }
    }

    [Fact]
    public void PackedMatrix_EveryType_HoldsTheDequantisedValues()
    {
        using WorkerPool pool = new(1);
        foreach (TensorType type in s_types)
        {
            const int rows = 45;
            int columns = Columns(type, 96);
            byte[][] file = Rows(new Random(7), type, rows, columns);
            using PackedMatrix packed = PackedMatrix.Pack(type, rows, columns, row => file[row], pool);
            float[] want = new float[columns], got = new float[columns], tile = new float[columns * 32];
            for (int row = 0; row < rows; row++)
            {
                Dequantization.ToSingle(type, file[row], want);
                fixed (float* values = got) packed.ReadRow(row, values);
                Assert.Equal(want, got);
                fixed (float* values = tile) packed.Unpack(row / 32, 0, columns, values);
                for (int k = 0; k < columns; k++) Assert.Equal(want[k], tile[(k * 32) + (row % 32)]);
                fixed (float* values = tile) packed.Unpack(row / 32, 32, 32, values);
                for (int k = 0; k < 32; k++) Assert.Equal(want[k + 32], tile[(k * 32) + (row % 32)]);
            }
        }
    }

    [Fact]
    public void Halves_AllBitPatterns_AreTheRuntimes()
    {
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i)];
        float[] got = new float[16];
        fixed (ushort* p = bits)
        fixed (float* values = got)
        {
            for (int i = 0; i < bits.Length; i += 16)
            {
                System.Runtime.Intrinsics.Vector512.Store(Widening.Halves16(p + i), values);
                for (int j = 0; j < 16; j++) Assert.Equal((float)BitConverter.UInt16BitsToHalf(bits[i + j]), got[j]);
                System.Runtime.Intrinsics.Vector256.Store(Widening.Halves8(p + i), values);
                for (int j = 0; j < 8; j++) Assert.Equal((float)BitConverter.UInt16BitsToHalf(bits[i + j]), got[j]);
            }
        }
    }

    [Fact]
    public void FiniteHalves_AllBitPatternsButSpecials_AreTheRuntimes()
    {
        ushort[] bits = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i).Where(h => (h & 0x7C00) != 0x7C00)];
        float[] got = new float[16];
        fixed (ushort* p = bits)
        fixed (float* values = got)
        {
            for (int i = 0; i < bits.Length; i += 16)
            {
                System.Runtime.Intrinsics.Vector512.Store(Widening.FiniteHalves16(p + i), values);
                for (int j = 0; j < 16; j++) Assert.Equal((float)BitConverter.UInt16BitsToHalf(bits[i + j]), got[j]);
                System.Runtime.Intrinsics.Vector256.Store(Widening.FiniteHalves8(p + i), values);
                for (int j = 0; j < 8; j++) Assert.Equal((float)BitConverter.UInt16BitsToHalf(bits[i + j]), got[j]);
            }
        }
    }

    [Fact]
    public void RowProduct_BothWidths_GiveTheSameBits()
    {
        using WorkerPool pool = new(1);
        foreach (TensorType type in s_types.Where(t => t != TensorType.F32))
        {
            const int rows = 77;
            int columns = Columns(type, 416);
            Random random = new(11);
            byte[][] file = Rows(random, type, rows, columns);
            using PackedMatrix w = PackedMatrix.Pack(type, rows, columns, row => file[row], pool);
            using NativeBuffer a = Floats(random, columns), wide = NativeBuffer.OfFloats(rows), narrow = NativeBuffer.OfFloats(rows);
            for (int panel = 0; panel < w.Panels; panel++)
            {
                WideRow.Multiply(w, panel, panel, a.Floats, wide.Floats);
                NarrowRow.Multiply(w, panel, a.Floats, narrow.Floats);
            }

            float[] want = Product(pool, a.Floats, 1, w);
            Assert.Equal(want, new ReadOnlySpan<float>(wide.Floats, rows).ToArray());
            Assert.Equal(want, new ReadOnlySpan<float>(narrow.Floats, rows).ToArray());
        }
    }

    [Theory]
    [InlineData(TensorType.Q4_0, 1, 1)]
    [InlineData(TensorType.Q4_0, 300, 2)]
    [InlineData(TensorType.Q4_1, 1, 1)]
    [InlineData(TensorType.Q4_1, 300, 2)]
    [InlineData(TensorType.Q4_K, 1, 1)]
    [InlineData(TensorType.Q4_K, 300, 2)]
    public void FixedPointProduct_BothWidths_GiveTheSameBitsAndErrHardlyMoreThanFloats(TensorType type, int outlier, double most)
    {
        const int rows = 77, columns = 1536, count = 7;
        using WorkerPool pool = new(2);
        Random random = new(12);
        byte[][] file = Rows(random, type, rows, columns);
        using PackedMatrix w = PackedMatrix.Pack(type, rows, columns, row => file[row], pool);
        if (!FixedPointProduct.Supports(w)) Assert.Skip("The processor has no 256-bit integers.");
        // Activations as they are: many small ones and perhaps a few that are hundreds of times as large, in whose blocks the small ones lose bits.
        using NativeBuffer a = Floats(random, count * columns), digits = new(FixedPointRows.Size(count, columns));
        for (int i = 0; i < count * columns; i += random.Next(1, 300)) a.Floats[i] *= outlier;
        FixedPointRows packed = new(digits.Pointer, count, columns);
        for (int row = 0; row < count; row++) packed.Fill(row, a.Floats + (row * columns));

        float[] got = Product(pool, a.Floats, count, w, RowForms.FixedPoint), floats = Product(pool, a.Floats, count, w);
        double[] exact = new double[count * rows];
        float[] weights = new float[columns];
        for (int column = 0; column < rows; column++)
        {
            Dequantization.ToSingle(type, file[column], weights);
            for (int row = 0; row < count; row++)
            {
                for (int k = 0; k < columns; k++) exact[(row * rows) + column] += (double)a.Floats[(row * columns) + k] * weights[k];
            }
        }

        Assert.InRange(Error(got) / Error(floats), 0, most);
        float* sums = stackalloc float[Tile.Width];
        for (int panel = 0; panel < w.Panels; panel++)
        {
            for (int row = 0; row < count; row++)
            {
                NarrowFixedPoint.One(w, panel, packed.Row(row), w.Panel(w.Panels), sums);
                for (int i = 0; i < Math.Min(Tile.Width, rows - (panel * Tile.Width)); i++) Assert.Equal(got[(row * rows) + (panel * Tile.Width) + i], sums[i]);
            }
        }

        double Error(float[] product) => Math.Sqrt(product.Zip(exact, (x, y) => (x - y) * (x - y)).Sum());
    }

    [Fact]
    public void FixedPointRows_AnyNumbers_AreWithinHalfAUnitAndTheSumIsTheirs()
    {
        if (!System.Runtime.Intrinsics.X86.Avx2.IsSupported) Assert.Skip("The processor has no 256-bit integers.");
        using NativeBuffer digits = new(FixedPointRows.Size(1, 32));
        FixedPointRows rows = new(digits.Pointer, 1, 32);
        Gen.Select(Gen.Float[-1, 1].Array[32], Gen.Int[-80, 120], Gen.Int[0, 31], Gen.Int[0, 8]).Sample((numbers, power, at, drop) =>
        {
            float[] values = Array.ConvertAll(numbers, x => MathF.ScaleB(x, power));
            // The largest also at the edge between two powers of two.
            if (drop < 8) values[at] = MathF.ScaleB(BitConverter.Int32BitsToSingle(0x3FFEFEFC + drop), power);
            Fill(values);
            float unit = digits.Floats[24], largest = values.Max(Math.Abs);
            Assert.True(unit == 0 ? largest == 0 : MathF.Log2(unit) == MathF.Floor(MathF.Log2(unit)));
            if (largest > 1e-30f) Assert.InRange(largest / unit, 0x3FBFBF, 0x7F7F7F + 0.5);
            long sum = 0;
            for (int column = 0; column < 32; column++)
            {
                int place = (column / 8 * 8) + (column % 2 * 4) + (column % 8 / 2);
                sbyte* bytes = (sbyte*)digits.Pointer;
                int number = (bytes[place] * 65536) + (bytes[32 + place] * 256) + bytes[64 + place];
                Assert.InRange(Math.Abs(((double)number * unit) - values[column]), 0, unit / 2.0);
                sum += number;
            }

            Assert.Equal(sum * unit, digits.Floats[25]);
            for (int digit = 0; digit < 3; digit++)
            {
                short* start = (short*)(digits.Floats + 26 + digit);
                int bytes = new ReadOnlySpan<sbyte>(digits.Pointer + (32 * digit), 32).ToArray().Sum(b => b);
                Assert.Equal((-4 * bytes, -4 * bytes), (start[0], start[1]));
            }
        }, threads: 1);

        Fill(new float[32]);
        Assert.Equal(0, digits.Floats[25]);
        foreach (float odd in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            float[] values = new float[32];
            values[17] = odd;
            Fill(values);
            Assert.True(float.IsNaN(digits.Floats[24]) && float.IsNaN(digits.Floats[25]));
        }

        void Fill(float[] values)
        {
            fixed (float* p = values) rows.Fill(0, p);
        }
    }

    [Fact]
    public void MatrixProduct_RowsInFixedPointOnly_AreRefusedByOtherWeights()
    {
        using WorkerPool pool = new(1);
        byte[][] file = Rows(new Random(1), TensorType.Q8_0, 32, 32);
        using PackedMatrix w = PackedMatrix.Pack(TensorType.Q8_0, 32, 32, row => file[row], pool);
        using NativeBuffer a = NativeBuffer.OfFloats(32);
        Assert.Contains("floats", Assert.Throws<ArgumentException>(() => Product(pool, a.Floats, 1, w, RowForms.FixedPoint)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(TensorType.F16)]
    [InlineData(TensorType.Q8_0)]
    [InlineData(TensorType.Q4_0)]
    [InlineData(TensorType.Q4_1)]
    public void MatrixProduct_InfiniteOrUndefinedHalves_StayWhatTheyAre(TensorType type)
    {
        using WorkerPool pool = new(1);
        Random random = new(3);
        byte[][] file = Rows(random, type, 40, 64);
        MemoryMarshal.Write(file[33].AsSpan(), BitConverter.HalfToUInt16Bits(Half.NaN));
        using PackedMatrix w = PackedMatrix.Pack(type, 40, 64, row => file[row], pool);
        Assert.False(w.Finite);
        using NativeBuffer a = Floats(random, 2 * 64);
        foreach (int rows in new[] { 1, 2 })
        {
            float[] product = Product(pool, a.Floats, rows, w);
            for (int i = 0; i < product.Length; i++) Assert.Equal(i % 40 == 33, float.IsNaN(product[i]));
        }
    }

    [Fact]
    public void MatrixProduct_AnyShapeAndType_IsTheProductAndItsRowsDoNotDependOnEachOther()
    {
        using WorkerPool one = new(1), three = new(3);
        Gen.Select(Gen.Int[1, 40], Gen.Int[1, 100], Gen.Int[1, 9], Gen.Int[0, s_types.Length - 1], Gen.Int[0, 1000]).Sample((m, n, blocks, which, seed) =>
        {
            TensorType type = s_types[which];
            int k = Columns(type, type.IsQuantised() ? blocks * 32 : (blocks * 32) - (seed % 31));
            Random random = new(seed);
            byte[][] rows = Rows(random, type, n, k);
            using PackedMatrix w = PackedMatrix.Pack(type, n, k, row => rows[row], three);
            using NativeBuffer a = Floats(random, m * k);
            RowForms forms = seed % 2 == 0 && FixedPointProduct.Supports(w) ? RowForms.FixedPoint : RowForms.Floats;
            float[] all = Product(three, a.Floats, m, w, forms), single = [.. Enumerable.Range(0, m).SelectMany(row => Product(one, a.Floats + (row * k), 1, w, forms))];
            Assert.Equal(single, all);
            float[] weights = new float[k];
            for (int column = 0; column < n; column++)
            {
                Dequantization.ToSingle(type, rows[column], weights);
                for (int row = 0; row < m; row++)
                {
                    double want = 0, size = 0;
                    for (int i = 0; i < k; i++)
                    {
                        want += (double)a.Floats[(row * k) + i] * weights[i];
                        size += Math.Abs((double)a.Floats[(row * k) + i] * weights[i]);
                    }

                    Assert.InRange(all[(row * n) + column], want - (size * 1e-6), want + (size * 1e-6));
                }
            }
        }, iter: 150, threads: 1);
    }

    [Fact]
    public void Attention_SeveralSequencesAndWindows_IsTheDefinition()
    {
        using WorkerPool pool = new(2);
        Gen.Select(Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 40], Gen.Int[0, 70], Gen.Int[1, 30], Gen.Int[0, 1000]).Sample((keyHeads, group, dimension, past, count, seed) =>
        {
            Random random = new(seed);
            int heads = keyHeads * group, window = seed % 3 == 0 ? 5 : int.MaxValue, width = heads * dimension;
            float cap = seed % 5 == 0 ? 2 : 0, scale = 0.3f;
            KeyValueShape shape = new(2, keyHeads, dimension);
            using PagePool pages = new(shape);
            using KeyValueSequence cache = new(pages);
            float[][] keys = [.. Enumerable.Range(0, past + count).Select(_ => Values(random, keyHeads * dimension))], values = [.. keys.Select(_ => Values(random, keyHeads * dimension))];
            cache.Extend(past + count);
            for (int t = 0; t < past + count; t++)
            {
                fixed (float* k = keys[t], v = values[t])
                {
                    for (int head = 0; head < keyHeads; head++) cache.Write(t, 1, head, k + (head * dimension), v + (head * dimension));
                }
            }

            using NativeBuffer queries = Floats(random, count * width), results = NativeBuffer.OfFloats(count * width), alone = NativeBuffer.OfFloats(width);
            using CausalAttention attention = new(pool, shape, heads, scale, cap);
            attention.Attend([new SequenceRows(cache, 0, count, past)], 1, window, queries.Floats, width, results.Floats);
            using KeyValueSequence fork = cache.Fork(past + count);
            attention.Attend([new SequenceRows(fork, 0, 1, past + count - 1)], 1, window, queries.Floats + ((count - 1) * width), width, alone.Floats);
            for (int i = 0; i < width; i++) Assert.Equal(results.Floats[((count - 1) * width) + i], alone.Floats[i]);

            for (int t = 0; t < count; t++)
            {
                for (int head = 0; head < heads; head++)
                {
                    float* q = queries.Floats + (t * width) + (head * dimension);
                    int from = Math.Max(0, past + t - window + 1), to = past + t + 1, key = head / group * dimension;
                    double[] weights = [.. Enumerable.Range(from, to - from).Select(s =>
                    {
                        double score = scale * Enumerable.Range(0, dimension).Sum(i => (double)q[i] * keys[s][key + i]);
                        return Math.Exp(cap > 0 ? cap * Math.Tanh(score / cap) : score);
                    })];
                    for (int i = 0; i < dimension; i++)
                    {
                        double want = weights.Select((w, s) => w * values[from + s][key + i]).Sum() / weights.Sum();
                        Assert.Equal(want, results.Floats[(t * width) + (head * dimension) + i], 1e-5);
                    }
                }
            }
        }, iter: 40, threads: 1);
    }

    [Theory]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.Gelu)]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.Relu)]
    public void Activate_OverTheLine_IsTheDefinition(Activation activation)
    {
        const int count = 403;
        using NativeBuffer x = NativeBuffer.OfFloats(count), y = NativeBuffer.OfFloats(count);
        for (int i = 0; i < count; i++) x.Floats[i] = (i - 201) / 20f;
        RowMath.Activate(activation, x.Floats, null, y.Floats, count);
        for (int i = 0; i < count; i++)
        {
            double v = x.Floats[i];
            double want = activation switch
            {
                Activation.Silu => v / (1 + Math.Exp(-v)),
                Activation.GeluTanh => 0.5 * v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v)))),
                Activation.Gelu => v * NormalDistribution(v),
                _ => Math.Max(v, 0),
            };
            Assert.Equal(want, y.Floats[i], 2e-6);
        }

        // By Simpson's rule, which shares nothing with the code under test.
        static double NormalDistribution(double v)
        {
            const int steps = 4000;
            double from = -12, width = (v - from) / steps, sum = 0;
            for (int i = 0; i <= steps; i++) sum += Math.Exp(-0.5 * Math.Pow(from + (i * width), 2)) * (i is 0 or steps ? 1 : i % 2 == 1 ? 4 : 2);
            return sum * width / 3 / Math.Sqrt(2 * Math.PI);
        }
    }

    [Fact]
    public void LogSumExpAndCounts_WithInfinitiesAndTails_AreExact()
    {
        float[] x = [.. Enumerable.Range(0, 53).Select(i => i % 7 == 3 ? float.NegativeInfinity : (i * 37 % 23) - 11f)];
        fixed (float* p = x)
        {
            Assert.Equal(Math.Log(x.Where(float.IsFinite).Sum(v => Math.Exp(v))), RowMath.LogSumExp(p, x.Length), 1e-6);
            Assert.Equal(x.Count(v => v > 2), RowMath.CountAbove(p, x.Length, 2));
            Assert.Equal(Array.IndexOf(x, x.Max()), RowMath.ArgMax(p, x.Length));
            x.AsSpan().Fill(float.NegativeInfinity);
            Assert.Equal(double.NegativeInfinity, RowMath.LogSumExp(p, x.Length));
        }
    }

    [Fact]
    public void WorkerPool_ManyRegionsFromSeveralThreads_RunsEachPieceOnce()
    {
        using WorkerPool pool = new(4);
        Parallel.For(0, 3, _ =>
        {
            for (int region = 0; region < 2000; region++)
            {
                int[] counts = new int[region % 9];
                pool.Run(counts.Length, (piece, slot) =>
                {
                    Assert.InRange(slot, 0, 3);
                    Interlocked.Increment(ref counts[piece]);
                });
                Assert.All(counts, count => Assert.Equal(1, count));
            }
        });
        AggregateException e = Assert.Throws<AggregateException>(() => pool.Run(5, (piece, _) => throw new InvalidOperationException($"{piece}")));
        Assert.IsType<InvalidOperationException>(e.InnerException);
    }

    [Fact]
    public void Fork_SharedPages_AreNotWrittenByEither()
    {
        KeyValueShape shape = new(1, 1, 4);
        using PagePool pages = new(shape);
        using KeyValueSequence a = new(pages);
        a.Extend(70);
        float* one = stackalloc float[4] { 1, 1, 1, 1 }, two = stackalloc float[4] { 2, 2, 2, 2 };
        for (int t = 0; t < 70; t++) a.Write(t, 0, 0, one, one);
        using KeyValueSequence b = a.Fork(66);
        b.Extend(4);
        for (int t = 66; t < 70; t++) b.Write(t, 0, 0, two, two);
        Assert.Equal(1, a.Values(2, 0, 0)[3 * 32]);
        Assert.Equal(2, b.Values(2, 0, 0)[3 * 32]);
        Assert.Equal(1, b.Values(2, 0, 0)[1 * 32]);
        a.Dispose();
        Assert.Equal(1, b.Values(0, 0, 0)[0]);
    }

    private static float[] Product(WorkerPool pool, float* a, int m, PackedMatrix w, RowForms forms = RowForms.Floats)
    {
        using NativeBuffer packed = NativeBuffer.OfFloats(RowBlocks.Size(m, w.Columns, forms)), c = NativeBuffer.OfFloats(m * w.Rows);
        RowBlocks blocks = new(packed.Floats, m, w.Columns, forms);
        for (int b = 0; b < blocks.Count; b++) blocks.Fill(b, a, w.Columns);
        MatrixProduct.Multiply(pool, blocks, w, c.Floats, w.Rows);
        return new ReadOnlySpan<float>(c.Floats, m * w.Rows).ToArray();
    }

    private static float[] Values(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 4) - 2))];

    private static NativeBuffer Floats(Random random, int count)
    {
        NativeBuffer buffer = NativeBuffer.OfFloats(count);
        Values(random, count).CopyTo(new Span<float>(buffer.Floats, count));
        return buffer;
    }

    // Random bytes, but scales and floats of a sensible size.
    private static byte[][] Rows(Random random, TensorType type, int rows, int columns) => [.. Enumerable.Range(0, rows).Select(_ =>
    {
        byte[] row = new byte[PackedMatrix.RowBytes(type, columns)];
        random.NextBytes(row);
        for (int at = 0; at < row.Length; at += type.BlockBytes())
        {
            float scale = (float)((random.NextDouble() * 0.4) - 0.2);
            Span<byte> block = row.AsSpan(at);
            switch (type)
            {
                case TensorType.F32 or TensorType.Q8_K: MemoryMarshal.Write(block, scale); break;
                case TensorType.BF16: MemoryMarshal.Write(block, (ushort)(BitConverter.SingleToUInt32Bits(scale) >> 16)); break;
                case TensorType.Q2_K: Halves(block[80..], scale / 16, scale / -10); break;
                case TensorType.Q3_K: Halves(block[108..], scale / 32); break;
                case TensorType.Q4_K or TensorType.Q5_K: Halves(block, scale / 64, scale / 20); break;
                case TensorType.Q6_K: Halves(block[208..], scale / 128); break;
                case TensorType.IQ4_XS: Halves(block, scale / 32); break;
                case TensorType.Q4_1 or TensorType.Q5_1: Halves(block, scale, scale * -3); break;
                default: Halves(block, scale); break;
            }
        }

        return row;
    })];

    private static void Halves(Span<byte> target, params ReadOnlySpan<float> values)
    {
        for (int i = 0; i < values.Length; i++) MemoryMarshal.Write(target[(2 * i)..], BitConverter.HalfToUInt16Bits((Half)values[i]));
    }

    // At least so many columns, in whole blocks.
    private static int Columns(TensorType type, int least) => (least + type.BlockValues() - 1) / type.BlockValues() * type.BlockValues();
}
