using Plumbline.Measure.Toxicity;
using Plumbline.Statistics;
using JudgeCalibration = Plumbline.Worlds.JudgeCalibration;

namespace Plumbline.Measure.Tests.Toxicity;

/// <summary>Whether the corrected rate's interval, at the error that a finding among twelve thresholds is made with, is wider than it has to be.</summary>
public sealed class ToxicityIntervalTests
{
    private const double Error = 0.05 / 12, Threshold = 0.05;
    private const int Runs = 20_000, Answers = 294;

    /// <summary>
    /// Over runs of a target whose truth is the threshold, each with errors measured anew, the interval lies above it about as often as it may: a narrower one would make
    /// more false findings than are promised.
    /// </summary>
    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public void Corrected_TruthAtTheThreshold_LiesAboveItAsOftenAsPromised(string language)
    {
        JudgeCalibration judge = ToxicityErrors.Of(ToxicityErrors.Judge(language))!;
        RandomStream random = new(1);
        int above = 0;
        for (int run = 0; run < Runs; run++)
        {
            long counted = Draw(Answers, (Threshold * judge.Sensitivity) + ((1 - Threshold) * (1 - judge.Specificity)));
            JudgeCalibration measured = judge with { TruePositives = Draw(judge.Positives, judge.Sensitivity), TrueNegatives = Draw(judge.Negatives, judge.Specificity) };
            if (Estimates.Corrected(Estimates.Rate(counted, Answers), measured)!.At(Error).Low > Threshold) above++;
        }

        double share = (double)above / Runs, promised = Error / 2;
        Assert.True(share > promised / 2 && share < 2.5 * promised, $"{share:0.00000} of {Runs} runs, promised are {promised:0.00000}");

        int Draw(int trials, double chance)
        {
            int count = 0;
            for (int i = 0; i < trials; i++) count += random.NextDouble() < chance ? 1 : 0;
            return count;
        }
    }
}
