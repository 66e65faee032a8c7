using System.Diagnostics;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Bench.Inference;

/// <summary>
/// A model's speed beside what the machine gives in the same minutes: prefill and scoring beside f32 products of the same
/// shapes, our own and libtorch's, decoding beside reading memory, and both beside llama.cpp. All sides take turns in short rounds, because on a shared
/// machine only figures of the same moment compare; the best and the median of each are printed, and ratios are what counts.
/// </summary>
internal static class ModelBench
{
    private const int Prompt = 512;
    private const int Tokens = 64;

    public static void Run(string path, int threads, string? llamaFolder, string? sentencesFile, int rounds, IReadOnlyCollection<string> parts)
    {
        Series load = new();
        for (int i = 0; i < 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            using LanguageModel loaded = LanguageModel.Load(path, new LanguageModelOptions { Threads = threads });
            load.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        using LanguageModel model = LanguageModel.Load(path, new LanguageModelOptions { Threads = threads });
        using WorkerPool pool = new(threads);
        using LlamaCpp? llama = llamaFolder is null ? null : new LlamaCpp(llamaFolder, Path.GetFullPath(path), threads);
        Console.WriteLine($"threads {threads}; weights {model.WeightBytes / 1e6:F1} MB; {rounds} rounds{(llama is null ? "" : $"; llama.cpp: {llama.System}")}");
        Console.WriteLine($"load: best {load.Best * 1e3:F0} ms (median {load.Median * 1e3:F0})");

        if (parts.Contains("prefill")) Prefill(model, pool, llama, rounds);
        if (parts.Contains("scoring")) Scoring(model, pool, sentencesFile, rounds);
        if (parts.Contains("decode")) Decode(path, pool, llama, rounds);
        if (!parts.Contains("together")) return;
        foreach (int texts in new[] { 4, 16 }) Together(model, texts);
    }

    private static void Prefill(LanguageModel model, WorkerPool pool, LlamaCpp? llama, int rounds)
    {
        using Products products = new(model.Config, pool, withHead: false);
        using TorchProducts torch = new(model.Config, pool.Threads);
        Series prefill = new(), busy = new(), other = new();
        Random random = new(1);
        for (int round = 0; round <= rounds; round++)
        {
            products.Measure(8);
            torch.Measure(8);
            if (llama is not null) other.Add(llama.Measure("prefill", Prompt)[0] / 1e3);
            // One continuation: the head runs on the last row only. Other ids each time, so that nothing is shared.
            int[] ids = [.. Enumerable.Range(0, Prompt + 1).Select(_ => random.Next(100, model.Config.VocabularySize))];
            (double seconds, double processor) = Timed(() => model.Score([new TokenQuery(ids[..Prompt], ids[Prompt..])]));
            if (round == 0) continue;
            prefill.Add(seconds);
            busy.Add(processor / pool.Threads);
        }

        double attention = 2.0 * Prompt * Prompt * model.Config.Layers * model.Config.Heads * model.Config.HeadDimension;
        double factor = 1 + (attention / (products.LinearFlops * Prompt)); // Of products alone.
        Console.WriteLine($"prefill {Prompt}: {prefill.Rate(Prompt, "tokens/s")}; of f32 products of its shapes ({products.Rate}): {products.Share(prefill, Prompt * factor)}, by processor time {products.ShareOfProcessor(busy, Prompt * factor)}");
        Console.WriteLine($"  of libtorch's f32 products ({torch.Rate}): {torch.Share(prefill, Prompt * factor)}");
        if (llama is not null) Console.WriteLine($"  llama.cpp {other.Rate(Prompt, "tokens/s")}: Plumbline is {prefill.Times(other)} times as fast");
    }

    private static void Scoring(LanguageModel model, WorkerPool pool, string? file, int rounds)
    {
        Random random = new(2);
        TokenQuery[] queries = file is not null && model.Tokenizer is { } tokenizer
            ? [.. File.ReadLines(file).Where(line => line.Length > 0).Take(200).Select(line => new TokenQuery([model.StartId ?? 0], tokenizer.Encode(line)))]
            : [.. Enumerable.Range(0, 200).Select(_ => new TokenQuery([0], [.. Enumerable.Range(0, random.Next(12, 37)).Select(_ => random.Next(100, model.Config.VocabularySize))]))];
        int count = queries.Sum(q => q.Continuation.Count);
        using Products products = new(model.Config, pool, withHead: true);
        Series scoring = new(), busy = new();
        for (int round = 0; round <= rounds; round++)
        {
            products.Measure(2);
            (double seconds, double processor) = Timed(() => model.Score(queries));
            if (round == 0) continue;
            scoring.Add(seconds);
            busy.Add(processor / pool.Threads);
        }

        Console.WriteLine($"scoring {queries.Length} sentences of {count} tokens: {scoring.Rate(queries.Length, "sentences/s")}; of f32 products of its shapes, head included: {products.Share(scoring, count)}, by processor time {products.ShareOfProcessor(busy, count)}");
    }

    private static void Decode(string path, WorkerPool pool, LlamaCpp? llama, int rounds)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        LanguageModelOptions options = new() { Threads = pool.Threads };
        using (InferenceEngine engine = new(folder.Tensors, folder.Config, options)) Decode("as the file holds it", engine, folder.Config, pool, llama, rounds);
        foreach (TensorType type in new[] { TensorType.Q8_0, TensorType.BF16, TensorType.F16, TensorType.F32 })
        {
            using HeldAs held = new(folder.Tensors, type);
            using InferenceEngine engine = new(held, folder.Config, options);
            Decode($"{type}", engine, folder.Config, pool, null, rounds);
        }
    }

    private static void Decode(string name, InferenceEngine engine, ModelConfig config, WorkerPool pool, LlamaCpp? llama, int rounds)
    {
        Series decode = new(), read = new(), other = new();
        using NativeBuffer memory = new(256L << 20);
        for (int round = 0; round <= rounds; round++)
        {
            KernelBench.Read(pool, memory, read);
            if (llama is not null) other.Add(llama.Measure("decode", Tokens).Select(ms => ms / 1e3));
            Series series = round == 0 ? new Series() : decode;
            long last = 0;
            TextGeneration text = new([1, .. Enumerable.Range(0, 7).Select(i => 100 + round + i)], new GenerationOptions { MaxTokens = Tokens + 1, IgnoreEnd = true }, [], null, null, CancellationToken.None)
            {
                OnLogits = (_, _) =>
                {
                    long now = Stopwatch.GetTimestamp();
                    if (last != 0) series.Add(Stopwatch.GetElapsedTime(last, now).TotalSeconds);
                    last = now;
                },
            };
            engine.GenerateAsync(text).GetAwaiter().GetResult();
        }

        double bytes = engine.WeightBytes + (2.0 * sizeof(float) * ((Tokens / 2) + 8) * config.Layers * config.KeyValueHeads * config.HeadDimension);
        Console.WriteLine($"decode, {name}: {decode.Rate(1, "tokens/s")} of {bytes / 1e6:F0} MB; of reading memory ({read.Rate(KernelBench.ReadPart / 1e9, "GB/s")}): {decode.Share(read, bytes / KernelBench.ReadPart)}");
        if (llama is not null) Console.WriteLine($"  llama.cpp {other.Rate(1, "tokens/s")}: Plumbline is {decode.Times(other)} times as fast");
    }

    private static void Together(LanguageModel model, int texts)
    {
        Random random = new(3);
        Series series = new();
        for (int round = 0; round < 4; round++)
        {
            series.Add(Timed(() => Task.WhenAll(Enumerable.Range(0, texts).Select(_ => model.GenerateAsync(
                [.. Enumerable.Range(0, 8).Select(_ => random.Next(100, model.Config.VocabularySize))], new GenerationOptions { MaxTokens = Tokens, IgnoreEnd = true }))).GetAwaiter().GetResult()).Seconds);
        }

        Console.WriteLine($"decode {texts} texts side by side: {series.Rate(texts * Tokens, "tokens/s")}");
    }

    private static (double Seconds, double Processor) Timed(Action work)
    {
        TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
        long start = Stopwatch.GetTimestamp();
        work();
        return (Stopwatch.GetElapsedTime(start).TotalSeconds, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds);
    }
}
