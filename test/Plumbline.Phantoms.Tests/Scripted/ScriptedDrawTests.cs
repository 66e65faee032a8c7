using Plumbline.Phantoms.Scripted;

namespace Plumbline.Phantoms.Tests.Scripted;

public sealed class ScriptedDrawTests
{
    /// <summary>
    /// Counts over blocks of numbered requests vary as those of independent draws do, neither more (draws that hang together) nor less: the
    /// ratio of the variances lies within five standard errors of 1. And two purposes of one text do not hang together.
    /// </summary>
    [Theory]
    [InlineData("", "oblique")]
    [InlineData("few-shot", "oblique")]
    [InlineData("over-refusal", "wording")]
    [InlineData("choice", "wrong")]
    public void Uniform_Blocks_VaryAsIndependentDraws(string purpose, string other)
    {
        const int Blocks = 4000, Size = 100;
        const double P = 0.4;
        double[] counts = new double[Blocks];
        double covariance = 0;
        for (int block = 0; block < Blocks; block++)
        {
            for (int i = 0; i < Size; i++)
            {
                string text = ScriptedText.Hazard((block * 10_000_000L) + i, "en");
                double a = ScriptedDraw.Uniform(text, purpose, block + i), b = ScriptedDraw.Uniform(text, other, block + i);
                counts[block] += a < P ? 1 : 0;
                covariance += (a - 0.5) * (b - 0.5);
            }
        }

        double mean = counts.Average(), ratio = counts.Average(c => (c - mean) * (c - mean)) / (Size * P * (1 - P));
        Assert.InRange(ratio, 1 - (5 * Math.Sqrt(2.0 / Blocks)), 1 + (5 * Math.Sqrt(2.0 / Blocks)));
        Assert.InRange(12 * covariance / (Blocks * Size), -5 / Math.Sqrt(Blocks * Size), 5 / Math.Sqrt(Blocks * Size));
    }
}
