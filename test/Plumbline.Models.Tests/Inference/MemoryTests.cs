using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Inference;

public sealed class MemoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("gpt2")] // Its matrices are stored transposed.
    public void Weights_BF16_AreTheModelWithRoundedMatrices(string folder)
    {
        using LanguageModel exact = GoldenModelTests.Load(folder), held = GoldenModelTests.Load(folder, new LanguageModelOptions { Weights = HeldWeights.BF16 });
        Assert.InRange(held.WeightBytes, exact.WeightBytes * 0.5, exact.WeightBytes * 0.55);
        int[] ids = [1, 40, 41, 42, 43];
        float[] want = exact.Logits(ids, Token), got = held.Logits(ids, Token);
        double largest = want.Max(Math.Abs), difference = want.Zip(got, (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(difference, 1e-6, 0.03 * largest);
    }

    [Theory]
    [InlineData("llama-gqa-tied")]
    [InlineData("gpt2")]
    [InlineData("falcon")]
    [InlineData("opt")]
    [InlineData("phi3")]
    [InlineData("qwen2-bf16")]
    public void Plan_GoldenFolders_KnowsTheWeightsBeforeTheyAreLoaded(string folder)
    {
        foreach (HeldWeights weights in Enum.GetValues<HeldWeights>())
        {
            using ModelFolder files = ModelFolder.Open(Golden.Path("golden", "models", folder));
            using LanguageModel model = LanguageModel.Load(files, options: new LanguageModelOptions { Threads = 1, Weights = weights });
            // Norms and position tables are in the plan and not in the figure; an untied copy of a tied embedding is in neither.
            Assert.InRange(MemoryPlan.WeightBytes(files.Tensors, files.Config, weights), model.WeightBytes, (model.WeightBytes * 1.3) + 65536);
        }
    }

    [Fact]
    public void Plan_Limit_LowersBatchAndTextsAndThenRefuses()
    {
        using ModelFolder files = ModelFolder.Open(Golden.Path("golden", "models", "llama-gqa-tied"));
        LanguageModelOptions roomy = MemoryPlan.Fit(new LanguageModelOptions { MemoryLimit = 4L << 30 }, files.Tensors, files.Config);
        Assert.Equal((512, 32), (roomy.BatchTokens, roomy.Concurrency));
        int texts = 33;
        for (long megabytes = 260; megabytes > 0; megabytes--)
        {
            try
            {
                LanguageModelOptions tight = MemoryPlan.Fit(new LanguageModelOptions { MemoryLimit = megabytes << 20 }, files.Tensors, files.Config);
                Assert.InRange(tight.BatchTokens, 16, 512);
                Assert.InRange(tight.Concurrency, 1, texts);
                texts = tight.Concurrency;
            }
            catch (ModelFileException e)
            {
                Assert.InRange(megabytes, 161, 259);
                Assert.Contains("BF16", e.Message, StringComparison.Ordinal);
                return;
            }
        }

        Assert.Fail("No limit was refused.");
    }
}
