using System.Diagnostics;
using Plumbline.Models.Files;
using Plumbline.Torch;
using static TorchSharp.torch;

namespace Plumbline.Bench.Inference;

/// <summary>libtorch's f32 products (its BLAS) of the shapes of <see cref="Products"/>: a yardstick that is not ours.</summary>
internal sealed class TorchProducts : IDisposable
{
    private readonly (Tensor Rows, Tensor Weights)[] _layer;
    private readonly int _layers;
    private readonly Series _time = new();

    public TorchProducts(ModelConfig config, int threads)
    {
        TorchRuntime.EnsureLoaded();
        set_num_threads(threads);
        _layers = config.Layers;
        (int N, int K)[] shapes = Products.Shapes(config);
        _layer = [.. shapes.Select(s => (randn(Products.Rows, s.K), randn(s.N, s.K)))];
        Flops = 2.0 * Products.Rows * shapes.Sum(s => (double)s.N * s.K);
    }

    /// <summary>Of one layer.</summary>
    private double Flops { get; }

    public string Rate => _time.Rate(Flops / 1e9, "GFLOP/s");

    public void Measure(int times)
    {
        using IDisposable inference = inference_mode();
        for (int i = 0; i < times; i++)
        {
            long start = Stopwatch.GetTimestamp();
            foreach ((Tensor rows, Tensor weights) in _layer) nn.functional.linear(rows, weights).Dispose();
            _time.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    /// <summary>The share of these products' speed that so many tokens in a time are.</summary>
    public string Share(Series time, double tokens) => time.Share(_time, _layers * tokens / Products.Rows);

    public void Dispose()
    {
        foreach ((Tensor rows, Tensor weights) in _layer)
        {
            rows.Dispose();
            weights.Dispose();
        }
    }
}
