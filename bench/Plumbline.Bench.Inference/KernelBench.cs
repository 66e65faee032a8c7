using System.Diagnostics;
using System.Runtime.Intrinsics;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Bench.Inference;

/// <summary>Rates of the kernels beside the processor's own: fused multiply-adds from registers, and reading memory.</summary>
internal static unsafe class KernelBench
{
    public static void Run(int threads)
    {
        using WorkerPool pool = new(threads);
        double peak = Peak(pool), read = Read(pool);
        Console.WriteLine($"threads {threads}, vectors {(Vector512.IsHardwareAccelerated ? 512 : 256)}: peak {peak:F0} GFLOP/s, read {read:F1} GB/s");
        foreach ((int m, int n, int k) in new[] { (512, 576, 576), (512, 960, 576), (512, 3072, 576), (512, 576, 1536), (64, 49152, 576), (12, 3072, 576) })
        {
            foreach (TensorType type in new[] { TensorType.F32, TensorType.Q4_1 }) Product(pool, m, n, k, type, peak);
        }

        foreach (TensorType type in new[] { TensorType.F32, TensorType.F16, TensorType.Q8_0, TensorType.Q4_1, TensorType.Q4_0 })
        {
            foreach (int m in new[] { 1, 2, 4, 8, 16 })
            {
                Decode(pool, m, type, RowForms.Floats, read);
                if (type is TensorType.Q4_0 or TensorType.Q4_1) Decode(pool, m, type, RowForms.FixedPoint, read);
            }
        }
    }

    public static double Peak(WorkerPool pool)
    {
        const int steps = 2_000_000;
        double best = double.MaxValue;
        for (int round = 0; round < 7; round++)
        {
            long start = Stopwatch.GetTimestamp();
            pool.Run(pool.Threads, (_, _) => Sink(Vector512.IsHardwareAccelerated ? Wide(steps) : Narrow(steps)));
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 12.0 * 2 * (Vector512.IsHardwareAccelerated ? 16 : 8) * steps * pool.Threads / best / 1e9;
    }

    /// <summary>Bytes that one entry of <see cref="Read(WorkerPool, NativeBuffer, Series)"/> stands for.</summary>
    public const long ReadPart = 64L << 20;

    public static double Read(WorkerPool pool)
    {
        using NativeBuffer buffer = new(512L << 20);
        Series series = new();
        for (int round = 0; round < 5; round++) Read(pool, buffer, series);
        return ReadPart / series.Best / 1e9;
    }

    /// <summary>Reads a buffer that is larger than the caches once, timing each part.</summary>
    public static void Read(WorkerPool pool, NativeBuffer buffer, Series series)
    {
        for (long from = 0; from + ReadPart <= buffer.Length; from += ReadPart)
        {
            byte* first = buffer.Pointer + from;
            long start = Stopwatch.GetTimestamp();
            pool.Run((int)(ReadPart >> 20), (piece, _) =>
            {
                byte* p = first + ((long)piece << 20), end = p + (1 << 20);
                Vector256<long> a = default, b = default, c = default, d = default;
                for (; p < end; p += 128)
                {
                    a += Vector256.Load((long*)p);
                    b += Vector256.Load((long*)p + 4);
                    c += Vector256.Load((long*)p + 8);
                    d += Vector256.Load((long*)p + 12);
                }

                Sink(Vector256.Sum(a + b + c + d));
            });
            series.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    private static void Product(WorkerPool pool, int m, int n, int k, TensorType type, double peak)
    {
        using PackedMatrix w = Weights(pool, n, k, type);
        using NativeBuffer a = NativeBuffer.OfFloats((long)m * k), packed = NativeBuffer.OfFloats(RowBlocks.Size(m, k)), c = NativeBuffer.OfFloats((long)m * n);
        new Random(1).NextBytes(new Span<byte>(a.Pointer, 1));
        RowBlocks blocks = new(packed.Floats, m, k);
        int repeats = (int)Math.Max(1, 2e9 / (2.0 * m * n * k));
        double best = double.MaxValue;
        for (int round = 0; round < 12; round++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int i = 0; i < repeats; i++)
            {
                pool.Run(blocks.Count, (block, _) => blocks.Fill(block, a.Floats, k));
                MatrixProduct.Multiply(pool, blocks, w, c.Floats, n);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / repeats);
        }

        double rate = 2.0 * m * n * k / best / 1e9;
        Console.WriteLine($"  {type,-5} {m}x{n}x{k}: {rate:F0} GFLOP/s = {rate / peak:P0} of peak");
    }

    private static void Decode(WorkerPool pool, int m, TensorType type, RowForms forms, double read)
    {
        const int n = 3072, k = 576;
        List<PackedMatrix> matrices = [];
        long bytes = 0;
        while (bytes < 200L << 20)
        {
            matrices.Add(Weights(pool, n, k, type));
            bytes += matrices[^1].Bytes;
        }

        using NativeBuffer a = NativeBuffer.OfFloats((long)m * k), packed = NativeBuffer.OfFloats(RowBlocks.Size(m, k, forms)), c = NativeBuffer.OfFloats((long)m * n);
        RowBlocks blocks = new(packed.Floats, m, k, forms);
        for (int block = 0; block < blocks.Count; block++) blocks.Fill(block, a.Floats, k);
        double best = double.MaxValue;
        for (int round = 0; round < 5; round++)
        {
            long start = Stopwatch.GetTimestamp();
            foreach (PackedMatrix w in matrices) MatrixProduct.Multiply(pool, blocks, w, c.Floats, n);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        double rate = bytes / best / 1e9;
        Console.WriteLine($"  {type,-5} {m} rows as {forms}, {n}x{k} from memory: {rate:F1} GB/s = {rate / read:P0} of reading, {best / matrices.Count * 1e6:F0} us");
        foreach (PackedMatrix w in matrices) w.Dispose();
    }

    private static PackedMatrix Weights(WorkerPool pool, int n, int k, TensorType type)
    {
        byte[] row = new byte[PackedMatrix.RowBytes(type, k)];
        return PackedMatrix.Pack(type, n, k, _ => row, pool);
    }

    private static double s_sink;

    private static void Sink(double value) => Volatile.Write(ref s_sink, value);

    private static float Wide(int steps)
    {
        Vector512<float> x = Vector512.Create(0.999f), y = Vector512.Create(0.001f);
        Vector512<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int s = 0; s < steps; s++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y); b = Vector512.FusedMultiplyAdd(b, x, y); c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y); e = Vector512.FusedMultiplyAdd(e, x, y); f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y); h = Vector512.FusedMultiplyAdd(h, x, y); i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y); k = Vector512.FusedMultiplyAdd(k, x, y); l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    private static float Narrow(int steps)
    {
        Vector256<float> x = Vector256.Create(0.999f), y = Vector256.Create(0.001f);
        Vector256<float> a = x, b = x, c = x, d = x, e = x, f = x, g = x, h = x, i = x, j = x, k = x, l = x;
        for (int s = 0; s < steps; s++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y); b = Vector256.FusedMultiplyAdd(b, x, y); c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y); e = Vector256.FusedMultiplyAdd(e, x, y); f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y); h = Vector256.FusedMultiplyAdd(h, x, y); i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y); k = Vector256.FusedMultiplyAdd(k, x, y); l = Vector256.FusedMultiplyAdd(l, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
