using System.Reflection;
using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>What a run is said to take before it begins, against the arrays that it then took.</summary>
public sealed class HookedMemoryTests
{
    public static TheoryData<string> Folders { get; } = ["bert", "distilbert", "roberta", "gpt2", "gpt-j", "gpt-neox-parallel", "falcon", "gemma2", "gemma3-text", "llama-gqa-tied", "olmo2", "opt", "phi3", "qwen3", "stablelm"];

    [Theory]
    [MemberData(nameof(Folders))]
    public void Bytes_EveryArchitecture_AreNoLessThanTaken(string folder)
    {
        using ModelFolder files = ModelFolder.Open(Golden.Path("golden", "models", folder));
        ModelDescription layout = KnownArchitectures.Describe(files.Config);
        HookCatalog catalog = new(files.Config, layout, files.Tensors);
        HookedMemory memory = new(files.Config, layout, catalog, threads: 2);
        int[][] rows = [[5, 6, 7, 8, 9, 10, 11, 12], [5, 6, 7], [9, 8, 7, 6, 5, 4]];
        string[] forks = files.Config.Causal ? [.. catalog.Forks.Select(hook => hook.Name)] : [];
        foreach (HookRun run in new HookRun[]
        {
            new(), new() { Keep = ["*"] }, new() { Logits = LogitPositions.None }, new() { Logits = LogitPositions.Last },
            new() { Keep = ["blocks.*.attn.hook_result"] }, new() { Keep = ["blocks.1.attn.hook_pattern"], Edits = [new("blocks.*.attn.hook_attn_scores", (value, _) => value)] },
            new() { Keep = [.. forks, "*", "blocks.*.attn.hook_result"] }, new() { Keep = ["*"], StopAtLayer = 1 },
        })
        {
            if (run.Keep.Count > 2 && forks.Length == 0) continue;
            // A model of its own: what it holds at the end is what this run took.
            using HookedTransformer model = HookedTransformer.Load(files, threads: 2);
            foreach (TokenBatch batch in new[] { TokenBatch.Of(rows[0]), TokenBatch.Padded(rows, 1, left: true) })
            {
                HookedOutput output = model.Run(batch, run, TestContext.Current.CancellationToken);
                output.Dispose();
                ArrayRecycler recycler = Recycler(model);
                long taken = recycler.Bytes, said = memory.Bytes(batch.Ids.Count, batch.Ids[0].Count, batch.Ids[0].Count, run);
                recycler.Clear();
                Assert.InRange(taken, said / 12, said);
            }
        }
    }

    private static ArrayRecycler Recycler(HookedTransformer model) =>
        (ArrayRecycler)typeof(HookedTransformer).GetField("_recycler", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(model)!;
}
