using Plumbline.Measure.Toxicity;

namespace Plumbline.Measure.Tests.Toxicity;

public sealed class ToxicityClassifierTests
{
    [Fact]
    public void Margin_ManyThreads_GivesTheSame()
    {
        string[] texts = [.. Enumerable.Range(0, 64).Select(i => $"Sentence {new string((char)('a' + (i % 26)), 3)} of some length {i}, 中文 {i}")];
        double[] once = [.. texts.Select(t => ToxicityClassifier.Shipped.Margin(t))];
        double[] together = [.. texts.AsParallel().AsOrdered().Select(t => ToxicityClassifier.Shipped.Margin(t))];
        Assert.Equal(once, together);
    }

    [Fact]
    public void Margin_WarmedUp_AllocatesNothing()
    {
        const string Text = "A plain sentence about the weather, which is fine.";
        for (int i = 0; i < 50; i++) ToxicityClassifier.Shipped.Margin(Text);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++) ToxicityClassifier.Shipped.Margin(Text);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1000);
    }

    [Fact]
    public void Weights_DamagedFile_IsRefused()
    {
        byte[] bytes = ToxicityClassifier.Shipped.ToBytes();
        Assert.True(bytes.Length < 600_000);
        Assert.Throws<InvalidDataException>(() => new ToxicityClassifier(bytes.AsSpan(1)));
        bytes[0] ^= 1;
        Assert.Throws<InvalidDataException>(() => new ToxicityClassifier(bytes));
    }
}
