using System.Text.Json;
using Plumbline.Measure.Privacy;
using Plumbline.Runs;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Privacy;

public sealed class CanaryExposureTests
{
    /// <summary>
    /// The reference's sample leaves the secret out of its n (<c>exposureExact</c>) or counts it in (<c>samplingPlusOne</c>);
    /// our candidates always hold it. So alternatives as they stand give the one, and where the secret's own value is among
    /// the references, the others give the other.
    /// </summary>
    [Fact]
    public void Score_GoldenPerplexities_GivesGoldenExposure()
    {
        using JsonDocument file = Golden.Json("golden", "measure", "privacy.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(file, "exposure"))
        {
            double canary = Golden.Number(c.In.GetProperty("canary"));
            List<double> references = [.. c.In.GetProperty("references").EnumerateArray().Select(Golden.Number)];
            if (c.Out is not { } want)
            {
                // A sample larger than its space cannot be told from the likelihoods; the other errors can.
                if (c.Error!.StartsWith("fewer secrets", StringComparison.Ordinal)) continue;
                Assert.Throws<JudgeException>(() => Exposure(canary, references));
                continue;
            }

            Golden.Close(want.GetProperty("samplingPlusOne").GetDouble(), Exposure(canary, references), c.Rtol, c.Atol, c.Name);
            if (references.Remove(canary) && references.Count > 0) Golden.Close(want.GetProperty("exposureExact").GetDouble(), Exposure(canary, references), c.Rtol, c.Atol, $"{c.Name} exact");
            checkedCases++;
        }

        Assert.Equal(7, checkedCases);
    }

    private static double Exposure(double canary, IReadOnlyList<double> references)
    {
        OneWorld world = new() { Secrets = [new Canary("s", "context", "secret", [.. references.Select(r => $"{r}")], 1)] };
        Sample sample = new CanaryExposure().Samples(world, new Draw(1))!.Samples.Single();
        return sample.Score(Given.Scores([-canary, .. references.Select(r => -r)])).Value!.Value;
    }
}
