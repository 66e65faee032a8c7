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
                    if (pass % 2 == 0) output.Dispose();
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
    public void Dispose_GivesMemoryToTheNextRun_AndNoneOfTheCallers()
    {
        using HookedTransformer model = Whitebox.Load("tiny-gpt2");
        TokenBatch batch = TokenBatch.Of(Whitebox.Prompt("tiny-gpt2", "one"));
        HookedOutput first = model.RunWithCache(batch);
        HookTensor borrowed = first.Cache["blocks.0.attn.hook_z"], residual = first.Cache["blocks.1.hook_resid_pre"].Clone();
        float[] want = [.. borrowed.Row()], kept = [.. residual.Values];
        first.Dispose();
        first.Dispose();
        using (HookedOutput from = model.Run(batch, new HookRun { StartAtLayer = 1, Residual = residual, Keep = ["blocks.1.hook_resid_pre"] }, TestContext.Current.CancellationToken))
            Assert.Equal(kept, from.Cache["blocks.1.hook_resid_pre"].Row());
        HookedOutput second = model.RunWithCache(batch), third = model.RunWithCache(batch);
        Assert.Equal(kept, residual.Values);
        Assert.Equal(want, second.Cache["blocks.0.attn.hook_z"].Values);
        Assert.Equal(want, third.Cache["blocks.0.attn.hook_z"].Values);
        Assert.NotSame(second.Cache["blocks.0.attn.hook_z"].Values, third.Cache["blocks.0.attn.hook_z"].Values);
        HashSet<float[]> distinct = new(ReferenceEqualityComparer.Instance);
        foreach (HookTensor value in second.Cache.Values) distinct.Add(value.Values);
        Assert.DoesNotContain(third.Cache.Values, value => distinct.Contains(value.Values));
    }

    [Fact]
    public void Dispose_WhatWasNotTaken_ThrowsAndTheRestStays()
    {
        using HookedTransformer model = Whitebox.Load("tiny-llama");
        TokenBatch batch = TokenBatch.Of(Whitebox.Prompt("tiny-llama", "one")), other = TokenBatch.Of([.. Whitebox.Prompt("tiny-llama", "one").Reverse()]);
        HookedOutput output = model.RunWithCache(batch);
        ActivationCache cache = output.Cache;
        HookTensor borrowed = cache["blocks.0.attn.hook_z"], detached = cache["blocks.1.attn.hook_z"].Detach(), read = cache["blocks.1.mlp.hook_post"], logits = output.Logits!, stream = cache["blocks.1.hook_resid_pre"], copy = borrowed.Clone();
        float[] array = read.Values;
        float[][] want = [[.. detached.Row()], [.. array], [.. copy.Row()]];
        output.Dispose();
        foreach (Action use in new Action[]
        {
            () => _ = borrowed.Values, () => _ = borrowed[0, 0, 0, 0], () => borrowed[0, 0, 0, 0] = 1, () => borrowed.Row(0), () => borrowed.Clone(), () => borrowed.Detach(), () => _ = logits[0, 0, 0],
            () => _ = output.Logits, () => _ = output.Residual, () => _ = output.Cache,
            () => _ = cache["blocks.0.hook_resid_pre"], () => _ = cache.Count, () => _ = cache.Keys, () => _ = cache.Values.ToList(), () => cache.ContainsKey("x"), () => cache.TryGetValue("x", out _), () => _ = cache.ToList(), () => _ = cache.Bytes,
            () => model.Run(batch, new HookRun { StartAtLayer = 1, Residual = stream }, TestContext.Current.CancellationToken),
            () => model.Run(batch, new HookRun { Edits = [Ablation.Resample("blocks.0.attn.hook_z", borrowed)] }, TestContext.Current.CancellationToken),
        })
        {
            Assert.Throws<ObjectDisposedException>(use);
        }

        Assert.Contains("Detach", Assert.Throws<ObjectDisposedException>(() => borrowed.Values).Message, StringComparison.Ordinal);

        // Runs over other tokens write over all that went back, and over nothing that was taken.
        for (int i = 0; i < 3; i++) model.RunWithCache(other).Dispose();
        Assert.Equal(want, [[.. detached.Row()], array, [.. copy.Row()]]);
        Assert.Same(array, read.Values);
    }

    [Fact]
    public void Dispose_RunsOfManyShapes_KeepNoMoreThanOneTook()
    {
        using HookedTransformer model = Whitebox.Load("stories260k");
        ArrayRecycler recycler = (ArrayRecycler)typeof(HookedTransformer).GetField("_recycler", System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic)!.GetValue(model)!;
        int[] ids = [.. Enumerable.Range(1, 200)];
        long most = 0;
        for (int length = 20; length <= 200; length += 9)
        {
            long fresh = GC.GetAllocatedBytesForCurrentThread();
            model.RunWithCache(TokenBatch.Of(ids[..length])).Dispose();
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - fresh);
            Assert.InRange(recycler.Bytes, 1, most);
        }

        // The same shape again takes nothing new; a small one in the end lets the rest go.
        long before = GC.GetAllocatedBytesForCurrentThread();
        model.RunWithCache(TokenBatch.Of(ids)).Dispose();
        before = GC.GetAllocatedBytesForCurrentThread();
        model.RunWithCache(TokenBatch.Of(ids)).Dispose();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, most / 50);
        for (int i = 0; i < 60; i++) model.RunWithCache(TokenBatch.Of(ids[..20])).Dispose();
        Assert.InRange(recycler.Bytes, 1, most / 5);
    }

    [Fact]
    public void Tensor_OfARunThatNobodyHolds_KeepsItsOwnArrayOnly()
    {
        using HookedTransformer model = Whitebox.Load("tiny-llama");
        (HookTensor kept, WeakReference other) = Run(model);
        for (int i = 0; i < 5 && other.IsAlive; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true);
            GC.WaitForPendingFinalizers();
        }

        Assert.False(other.IsAlive);
        Assert.Equal(kept.Row(0).ToArray(), kept.Values);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static (HookTensor, WeakReference) Run(HookedTransformer model)
        {
            HookedOutput output = model.RunWithCache(TokenBatch.Of([1, 2, 3]));
            return (output.Cache["blocks.0.attn.hook_z"], new WeakReference(output.Cache["blocks.1.hook_mlp_out"].Lent));
        }
    }
}
