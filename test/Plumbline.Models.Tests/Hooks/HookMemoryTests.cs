using Plumbline.Models.Hooks;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>Alone in the process, since what other tests hold counts too.</summary>
[CollectionDefinition(nameof(AloneTests), DisableParallelization = true)]
public sealed class AloneTests;

[Collection(nameof(AloneTests))]
public sealed class HookMemoryTests
{
    [Fact]
    public void Run_ManyWithEditsAndExceptions_LeavesMemoryFlat()
    {
        using HookedTransformer model = Whitebox.Load("tiny-llama");
        TokenBatch batch = TokenBatch.Of(Whitebox.Prompt("tiny-llama", "one"));
        Passes(500);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        Passes(2000);
        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 4 << 20);

        void Passes(int count)
        {
            for (int i = 0; i < count; i++)
            {
                int pass = i;
                HookRun run = new() { Keep = ["*"], Edits = [new("blocks.1.hook_resid_pre", (value, _) => pass % 3 == 0 ? throw new InvalidOperationException("wanted") : value)] };
                try
                {
                    model.Run(batch, run, TestContext.Current.CancellationToken);
                }
                catch (InvalidOperationException e) when (e.Message == "wanted")
                {
                    // What an edit throws comes through as it is.
                }
            }
        }
    }
}
