using Plumbline.Models.Kernels;

namespace Plumbline.Models.Inference;

/// <summary>Chooses the tokens of one text. Not safe for concurrent use.</summary>
internal sealed class Sampler(GenerationOptions options, IReadOnlyList<int> prompt)
{
    private readonly List<int> _generated = [];
    private ulong _state = unchecked((ulong)options.Seed);
    private float[]? _work;

    /// <summary>The next token and its log-probability before any processor.</summary>
    public unsafe (int Id, double LogProb) Next(ReadOnlySpan<float> logits)
    {
        bool plain = options is { RepetitionPenalty: 1, PresencePenalty: 0, FrequencyPenalty: 0 };
        fixed (float* raw = logits)
        {
            int id;
            if (plain && options.Temperature == 0)
            {
                id = RowMath.ArgMax(raw, logits.Length);
            }
            else
            {
                _work ??= new float[logits.Length];
                logits.CopyTo(_work);
                id = Choose(_work);
            }

            double logProb = raw[id] - RowMath.LogSumExp(raw, logits.Length);
            _generated.Add(id);
            return (id, logProb);
        }
    }

    private unsafe int Choose(Span<float> work)
    {
        if (options.RepetitionPenalty != 1) LogitProcessors.RepetitionPenalty(work, prompt.Concat(_generated), options.RepetitionPenalty);
        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0) LogitProcessors.PresenceFrequency(work, _generated, options.PresencePenalty, options.FrequencyPenalty);
        if (options.Temperature == 0)
        {
            fixed (float* values = work) return RowMath.ArgMax(values, work.Length);
        }

        LogitProcessors.Temperature(work, options.Temperature);
        if (options.TopK > 0) LogitProcessors.TopK(work, options.TopK);
        if (options.TopP < 1) LogitProcessors.TopP(work, options.TopP);
        if (options.MinP > 0) LogitProcessors.MinP(work, options.MinP);
        return LogitProcessors.Draw(work, options.Uniforms is null ? Uniform() : options.Uniforms[_generated.Count]);
    }

    // SplitMix64 (Steele, Lea and Flood 2014), 53 bits.
    private double Uniform()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
