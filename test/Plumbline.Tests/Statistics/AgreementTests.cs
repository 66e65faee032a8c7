using System.Text.Json;
using Plumbline.Statistics;

namespace Plumbline.Tests.Statistics;

public sealed class AgreementTests
{
    [Fact]
    public void Cohen() => GoldenStatistics.Run("agreement", "cohen", Table);

    [Fact]
    public void Fleiss() => GoldenStatistics.Run("agreement", "fleiss", Counts);

    [Fact]
    public void Krippendorff() => GoldenStatistics.Run("agreement", "krippendorff", Ratings);

    [Fact]
    public void Gwet() => GoldenStatistics.Run("agreement", "gwet", e =>
    {
        GwetAc1 g = GwetAc1.Of(Nullable(e), e.Doubles("categories"));
        return new Dictionary<string, object?>
        {
            ["percentAgreement"] = g.PercentAgreement,
            ["expected"] = g.Expected,
            ["ac1"] = g.Ac1,
            ["se"] = g.StandardError,
            ["ci95"] = g.UnclippedInterval,
            ["ci95Clipped"] = g.Interval,
        };
    });

    [Fact]
    public void Published() => GoldenStatistics.Run("agreement", "published", Any);

    [Fact]
    public void Errors() => GoldenStatistics.Run("agreement", "errors", Any);

    private static Dictionary<string, object?> Any(JsonElement e) => e.Has("table") ? Table(e) : e.Has("counts") ? Counts(e) : Ratings(e);

    private static Dictionary<string, object?> Table(JsonElement e)
    {
        int[][] table = e.IntRows("table");
        TwoRaterAgreement a = TwoRaterAgreement.Of(table);
        return new()
        {
            ["none"] = Kappa(KappaWeights.None),
            ["linear"] = Kappa(KappaWeights.Linear),
            ["quadratic"] = Kappa(KappaWeights.Quadratic),
            ["percentAgreement"] = a.PercentAgreement,
            ["scottPi"] = a.ScottPi,
            ["ac1"] = a.Ac1,
            ["brennanPrediger"] = a.BrennanPrediger,
            ["mcc"] = a.Matthews,
        };

        Dictionary<string, object?>? Kappa(KappaWeights weights) => CohenKappa.Of(table, weights) is not CohenKappa k ? null : new()
        {
            ["observed"] = k.Observed,
            ["expected"] = k.Expected,
            ["kappa"] = k.Kappa,
            ["se"] = k.StandardError,
            ["seNull"] = k.NullStandardError,
            ["ci95"] = k.Interval,
            ["z"] = k.Z,
            ["p"] = k.P,
        };
    }

    private static Dictionary<string, object?> Counts(JsonElement e)
    {
        FleissKappa f = FleissKappa.Of(e.IntRows("counts"));
        return new() { ["raters"] = f.Raters, ["observed"] = f.Observed, ["expected"] = f.Expected, ["kappa"] = f.Kappa, ["seNull"] = f.NullStandardError, ["z"] = f.Z, ["p"] = f.P };
    }

    private static Dictionary<string, object?> Ratings(JsonElement e)
    {
        KrippendorffAlpha k = KrippendorffAlpha.Of(Nullable(e));
        return new() { ["units"] = k.Units, ["pairable"] = k.Pairable, ["nominal"] = k.Nominal, ["ordinal"] = k.Ordinal, ["interval"] = k.IntervalScale, ["ratio"] = k.Ratio };
    }

    private static double?[][] Nullable(JsonElement e) =>
        [.. e.GetProperty("ratings").EnumerateArray().Select(r => r.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Null ? (double?)null : v.GetDouble()).ToArray())];
}
