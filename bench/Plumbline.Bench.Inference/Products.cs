using System.Diagnostics;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Bench.Inference;

/// <summary>The f32 matrix products of one layer of a model, and of its head, for 512 rows: the yardstick of its prefill.</summary>
internal sealed unsafe class Products : IDisposable
{
    /// <summary>Rows of a product.</summary>
    public const int Rows = 512;

    private readonly WorkerPool _pool;
    private readonly PackedMatrix[] _layer;
    private readonly PackedMatrix? _head;
    private readonly int _layers;
    private readonly NativeBuffer _a;
    private readonly NativeBuffer _c;
    private readonly Series _layerTime = new(), _headTime = new(), _layerBusy = new(), _headBusy = new();

    public Products(ModelConfig config, WorkerPool pool, bool withHead)
    {
        (_pool, _layers) = (pool, config.Layers);
        int width = config.HiddenSize;
        (int N, int K)[] shapes = Shapes(config);
        LinearFlops = 2.0 * config.Layers * shapes.Sum(s => (double)s.N * s.K);
        _layer = [.. shapes.Select(s => Weights(s.N, s.K))];
        _head = withHead ? Weights(config.VocabularySize, width) : null;
        int widest = Math.Max(shapes.Max(s => s.N), withHead ? config.VocabularySize : 0);
        _a = NativeBuffer.OfFloats(RowBlocks.Size(Rows, shapes.Max(s => s.K)));
        _c = NativeBuffer.OfFloats((long)Rows * widest);
        for (long i = 0; i < _a.Length / sizeof(float); i++) _a.Floats[i] = (i % 7) - 3;

        PackedMatrix Weights(int n, int k)
        {
            byte[] row = new byte[k * sizeof(float)];
            return PackedMatrix.Pack(TensorType.F32, n, k, _ => row, pool);
        }
    }

    /// <summary>Floating-point operations of all linear layers for one token.</summary>
    public double LinearFlops { get; }

    /// <summary>Outputs and inputs of a layer's products.</summary>
    public static (int N, int K)[] Shapes(ModelConfig config) =>
    [
        ((config.Heads + (2 * config.KeyValueHeads)) * config.HeadDimension, config.HiddenSize), (config.HiddenSize, config.Heads * config.HeadDimension),
        (2 * config.IntermediateSize, config.HiddenSize), (config.HiddenSize, config.IntermediateSize),
    ];

    public string Rate => _layerTime.Rate(LinearFlops / _layers * Rows / 1e9, "GFLOP/s");

    public void Measure(int times)
    {
        for (int i = 0; i < times; i++)
        {
            Time(_layer, _layerTime, _layerBusy);
            if (_head is not null) Time([_head], _headTime, _headBusy);
        }
    }

    /// <summary>The share of the products' speed that so many tokens in a time are.</summary>
    public string Share(Series time, double tokens) => $"{Seconds(_layerTime.Best, _head is null ? 0 : _headTime.Best, tokens) / time.Best:P0} (median {Seconds(_layerTime.Median, _head is null ? 0 : _headTime.Median, tokens) / time.Median:P0})";

    /// <summary>The same of the time that processors worked, which others on the machine disturb less.</summary>
    public string ShareOfProcessor(Series time, double tokens) => $"{Seconds(_layerBusy.Median, _head is null ? 0 : _headBusy.Median, tokens) / time.Median:P0}";

    public void Dispose()
    {
        foreach (PackedMatrix matrix in _layer) matrix.Dispose();
        _head?.Dispose();
        _a.Dispose();
        _c.Dispose();
    }

    private double Seconds(double layer, double head, double tokens) => ((layer * _layers) + head) * tokens / Rows;

    private void Time(PackedMatrix[] matrices, Series wall, Series busy)
    {
        using Process process = Process.GetCurrentProcess();
        TimeSpan before = process.TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        foreach (PackedMatrix w in matrices) MatrixProduct.Multiply(_pool, new RowBlocks(_a.Floats, Rows, w.Columns), w, _c.Floats, w.Rows);
        wall.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        process.Refresh();
        busy.Add((process.TotalProcessorTime - before).TotalSeconds / _pool.Threads);
    }
}
