using Plumbline.Models.Hooks;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>Alone in the process, since what other tests hold counts too.</summary>
[CollectionDefinition(nameof(AloneTests), DisableParallelization = true)]
public sealed class AloneTests;

[Collection(nameof(AloneTests))]
public sealed class HookMemoryTests
{
    [Fact]
    public void Run_TenThousandWithEditsAndExceptions_LeavesMemoryFlat()
    {
        using HookedTransformer model = Whitebox.Load("tiny-llama");
        TokenBatch batch = TokenBatch.Of(Whitebox.Prompt("tiny-llama", "one"));
        Passes(2000);
        (long managed, long resident) = Measure();
        Passes(10_000);
        (long managedAfter, long residentAfter) = Measure();
        Assert.True(managedAfter - managed < 4 << 20, $"managed memory grew by {managedAfter - managed} bytes");
        // Native buffers of this model are 10 to 100 KB a pass: one in a hundred left behind would show.
        Assert.True(residentAfter - resident < 32 << 20, $"resident memory grew by {residentAfter - resident} bytes");

        void Passes(int count)
        {
            for (int i = 0; i < count; i++)
            {
                int pass = i;
                HookRun run = new() { Keep = ["*"], Edits = [new("blocks.1.hook_resid_pre", (value, _) => pass % 3 == 0 ? throw new InvalidOperationException("wanted") : value)] };
                try
                {
                    HookedOutput output = model.Run(batch, run, TestContext.Current.CancellationToken);
                    if (pass % 2 == 0) output.Recycle();
                }
                catch (InvalidOperationException e) when (e.Message == "wanted")
                {
                    // What an edit throws comes through as it is.
                }
            }
        }

        static (long Managed, long Resident) Measure()
        {
            long managed = GC.GetTotalMemory(forceFullCollection: true);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            using System.Diagnostics.Process process = System.Diagnostics.Process.GetCurrentProcess();
            return (managed, process.WorkingSet64);
        }
    }

    [Fact]
    public void Recycle_GivesMemoryToTheNextRun_AndNoneOfTheCallers()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        TokenBatch batch = TokenBatch.Of(Whitebox.Prompt("tiny-gpt2", "one"));
        HookedOutput first = model.RunWithCache(batch);
        float[] array = first.Cache["blocks.0.attn.hook_z"].Values, want = [.. array];
        HookTensor residual = first.Cache["blocks.1.hook_resid_pre"].Clone();
        float[] kept = [.. residual.Values];
        first.Recycle();
        first.Recycle();
        Assert.Empty(first.Cache);
        HookedOutput from = model.Run(batch, new HookRun { StartAtLayer = 1, Residual = residual, Keep = ["blocks.1.hook_resid_pre"] }, TestContext.Current.CancellationToken);
        from.Recycle();
        HookedOutput second = model.RunWithCache(batch), third = model.RunWithCache(batch);
        Assert.Equal(kept, residual.Values);
        Assert.Equal(want, second.Cache["blocks.0.attn.hook_z"].Values);
        Assert.Equal(want, third.Cache["blocks.0.attn.hook_z"].Values);
        Assert.NotSame(second.Cache["blocks.0.attn.hook_z"].Values, third.Cache["blocks.0.attn.hook_z"].Values);
        HashSet<float[]> distinct = new(ReferenceEqualityComparer.Instance);
        foreach (HookTensor value in second.Cache.Values) distinct.Add(value.Values);
        Assert.DoesNotContain(third.Cache.Values, value => distinct.Contains(value.Values));
    }
}
