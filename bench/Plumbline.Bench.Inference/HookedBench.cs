using System.Diagnostics;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using Plumbline.Models.Kernels;

namespace Plumbline.Bench.Inference;

/// <summary>What hooks cost: four prompts of 256 tokens with logits at every position, by the fast forward, and by the hooked one bare and with every value kept.</summary>
internal static unsafe class HookedBench
{
    public static void Run(string path, int threads)
    {
        const int batch = 4, length = 256, rounds = 5;
        using ModelFolder folder = ModelFolder.Open(path);
        using WorkerPool pool = new(threads);
        using Transformer plain = new(folder.Tensors, folder.Config, pool);
        using HookedTransformer hooked = HookedTransformer.Load(folder, threads);
        Random random = new(1);
        int[][] ids = [.. Enumerable.Range(0, batch).Select(_ => Enumerable.Range(0, length).Select(_ => random.Next(100, folder.Config.VocabularySize)).ToArray())];
        TokenBatch tokens = new(ids);
        using NativeBuffer logits = NativeBuffer.OfFloats((long)batch * length * folder.Config.VocabularySize);
        int[] all = [.. Enumerable.Range(0, batch * length)];
        int kept = 0;
        long bytes = 0;
        double[] best = [double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue], busy = [double.MaxValue, double.MaxValue, double.MaxValue, double.MaxValue];
        // In turns, so that a change of the clock meets all alike.
        for (int round = 0; round < rounds; round++)
        {
            Timed(0, Plain);
            Timed(1, () => hooked.Run(tokens).Dispose());
            Timed(2, () =>
            {
                using HookedOutput output = hooked.RunWithCache(tokens);
                (kept, bytes) = (output.Cache.Count, output.Cache.Bytes);
            });
        }

        // A model of its own, whose runs find nothing to use again but what they themselves put aside.
        hooked.Dispose();
        using (HookedTransformer collected = HookedTransformer.Load(folder, threads))
        {
            for (int round = 0; round < 3; round++) Timed(3, () => collected.RunWithCache(tokens));
        }

        // Processor time does not depend on what else the machine does; with one thread nobody spins.
        Console.WriteLine($"threads {threads}, [{batch}, {length}]: fast forward {best[0] * 1e3:F0} ms ({busy[0] * 1e3:F0} of processor), hooked {best[1] * 1e3:F0} ms = {best[1] / best[0]:F2} x ({busy[1] / busy[0]:F2} of processor), "
            + $"all {kept} values kept ({bytes / 1e6:F0} MB) {best[2] * 1e3:F0} ms = {best[2] / best[0]:F2} x ({busy[2] / busy[0]:F2} of processor), "
            + $"left to the garbage collector {best[3] / best[0]:F2} x ({busy[3] / busy[0]:F2} of processor)");

        void Plain()
        {
            KeyValueSequence[] caches = [.. ids.Select(_ => new KeyValueSequence(plain.Pages))];
            plain.Forward([.. ids.Select((row, i) => new SequenceSlice(caches[i], row))], all, CancellationToken.None);
            plain.Logits(0, batch * length, logits.Floats);
            foreach (KeyValueSequence cache in caches) cache.Dispose();
        }

        void Timed(int which, Action work)
        {
            TimeSpan processor = Process.GetCurrentProcess().TotalProcessorTime;
            long start = Stopwatch.GetTimestamp();
            work();
            best[which] = Math.Min(best[which], Stopwatch.GetElapsedTime(start).TotalSeconds);
            busy[which] = Math.Min(busy[which], (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds);
        }
    }
}
