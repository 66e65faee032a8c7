using System.Diagnostics;
using System.Runtime;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Bench.Inference;

/// <summary>Tokens per second of a model: prefill of 512 tokens, decoding alone and side by side, and scoring of sentences.</summary>
internal static class ModelBench
{
    public static async Task Run(string path, int threads, string? sentencesFile)
    {
        double peak, read;
        using (WorkerPool pool = new(threads)) (peak, read) = (KernelBench.Peak(pool), KernelBench.Read(pool));
        long start = Stopwatch.GetTimestamp();
        using LanguageModel model = LanguageModel.Load(path, new LanguageModelOptions { Threads = threads });
        Console.WriteLine($"threads {threads}: loaded in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms, weights {model.WeightBytes / 1e6:F1} MB; peak {peak:F0} GFLOP/s, read {read:F1} GB/s");

        Random random = new(1);
        int[] prompt = [.. Enumerable.Range(0, 513).Select(_ => random.Next(100, model.Config.VocabularySize))];
        (double rate, double busy) = Best(4, () =>
        {
            // One continuation: the head runs on the last row only. Another first token each time, so that nothing is shared.
            prompt[0] = random.Next(100, model.Config.VocabularySize);
            model.Score([new TokenQuery(prompt[..512], prompt[512..])]);
            return 512;
        });
        double linear = 2.0 * 512 * LinearWeights(model), attention = 2.0 * 512 * 512 * model.Config.Layers * model.Config.Heads * model.Config.HeadDimension;
        Console.WriteLine($"prefill 512: {rate:F0} tokens/s ({busy:F2} processors busy), {(linear + attention) / 512 * rate / 1e9:F0} GFLOP/s = {(linear + attention) / 512 * rate / 1e9 / peak:P0} of peak");

        foreach (int texts in new[] { 1, 4, 8, 16 })
        {
            const int tokens = 96;
            (rate, busy) = Best(3, () =>
            {
                Task.WhenAll(Enumerable.Range(0, texts).Select(_ => model.GenerateAsync(
                    [.. Enumerable.Range(0, 8).Select(_ => random.Next(100, model.Config.VocabularySize))], new GenerationOptions { MaxTokens = tokens, IgnoreEnd = true }))).GetAwaiter().GetResult();
                return texts * tokens;
            });
            double bytes = model.WeightBytes + (2.0 * 4 * 56 * model.Config.Layers * model.Config.KeyValueHeads * model.Config.HeadDimension * texts);
            Console.WriteLine($"decode {texts} texts: {rate:F1} tokens/s ({busy:F2} processors busy), {rate / texts * bytes / 1e9:F1} GB/s = {rate / texts * bytes / 1e9 / read:P0} of reading");
        }

        string[] sentences = sentencesFile is null ? [] : await File.ReadAllLinesAsync(sentencesFile);
        if (sentences.Length > 0 && model.Tokenizer is { } tokenizer)
        {
            TokenQuery[] queries = [.. sentences.Select(s => new TokenQuery([model.StartId ?? 0], tokenizer.Encode(s)))];
            int count = queries.Sum(q => q.Continuation.Count);
            (rate, busy) = Best(3, () =>
            {
                model.Score(queries);
                return count;
            });
            Console.WriteLine($"scoring {sentences.Length} sentences of {count} tokens: {rate:F0} tokens/s, {sentences.Length * rate / count:F0} sentences/s ({busy:F2} processors busy)");
        }

        Console.WriteLine($"peak working set {Process.GetCurrentProcess().PeakWorkingSet64 / 1e6:F0} MB ({(GCSettings.IsServerGC ? "server" : "workstation")} collector)");
    }

    private static double LinearWeights(LanguageModel model)
    {
        var c = model.Config;
        double attention = (double)c.HiddenSize * c.HeadDimension * ((2 * c.Heads) + (2 * c.KeyValueHeads));
        return c.Layers * (attention + (3.0 * c.HiddenSize * c.IntermediateSize));
    }

    private static (double Rate, double Busy) Best(int rounds, Func<int> work)
    {
        double best = 0, busy = 0;
        for (int round = 0; round < rounds; round++)
        {
            TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
            long start = Stopwatch.GetTimestamp();
            int count = work();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds, rate = count / seconds;
            if (rate > best) (best, busy) = (rate, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds / seconds);
        }

        return (best, busy);
    }
}
