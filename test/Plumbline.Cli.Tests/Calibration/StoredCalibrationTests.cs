using Plumbline.Instruments;
using Plumbline.Phantoms.Calibration;
using Plumbline.Statistics;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Cli.Tests.Calibration;

/// <summary>The figures that ship, beside reports and on the pages, are those of the instruments that ship.</summary>
public sealed class StoredCalibrationTests : IDisposable
{
    /// <summary>Replicates of each law: forty seconds on two cores at most.</summary>
    private const int Replicates = 40;

    /// <summary>
    /// The chance with which a figure as extreme as this one may occur if the truth lay at the nearer end of the stored interval. The seeds are fixed, so that
    /// the test gives the same verdict each time; only a changed instrument changes it.
    /// </summary>
    private const double Level = 0.001;

    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline").FullName;

    private static CalibrationFile Stored => CalibrationFile.Load(Repository.Path("phantoms", "calibration.json"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Calibrate_SmallBudget_StaysWithinTheStoredIntervals()
    {
        IReadOnlyList<InstrumentCalibration> now = await CalibrateAsync(Catalog.All, Replicates);
        Assert.Equal(Catalog.All.Select(e => e.Card.Id), now.Select(c => c.Method).Distinct());
        List<string> faults = [];
        foreach (InstrumentCalibration measured in now)
        {
            InstrumentCalibration? stored = Stored.Calibrations.FirstOrDefault(c => c.Method == measured.Method && c.Phantom == measured.Phantom);
            if (stored is null)
            {
                faults.Add($"{measured.Method}: phantoms/calibration.json has no row for it");
                continue;
            }

            Compare("power", measured.Power, stored.Power);
            Compare("false alarm", measured.FalseAlarm, stored.FalseAlarm);
            Compare("coverage", measured.Coverage, stored.Coverage);
            if (measured.Decision != stored.Decision) faults.Add($"{measured.Method}: the figures are those of a {measured.Decision}, stored are those of a {stored.Decision}");
            foreach (RowCalibration row in measured.Rows)
            {
                RowCalibration? was = stored.Rows.FirstOrDefault(r => r.Evaluation == row.Evaluation && r.Metric == row.Metric);
                Compare($"coverage of {row.Evaluation}.{row.Metric}", row.Coverage, was?.Coverage);
                Compare($"coverage of the difference in {row.Evaluation}.{row.Metric}", row.ChangeCoverage, was?.ChangeCoverage);
            }

            if (measured.Fingerprint != stored.Fingerprint) faults.Add($"{measured.Method}: the instrument is not the one that was measured (fingerprint {measured.Fingerprint?[..8]}, stored {stored.Fingerprint?[..8]})");

            void Compare(string figure, MeasuredShare? one, MeasuredShare? other)
            {
                if (one is null && other is null) return;
                if (one is null || other is null) faults.Add($"{measured.Method}: {figure} is there once and once not");
                else if (Chance(one, other) < Level) faults.Add($"{measured.Method}: {figure} is {one.Value:0.000} (n {one.N}), outside the stored interval {other.Low:0.000} to {other.High:0.000}");
            }
        }

        Assert.True(faults.Count == 0, $"{string.Join("\n", faults)}\nIf the change is meant, measure anew with `sh eng/calibration.sh` and commit what it writes.");
    }

    /// <summary>Both tests of this class would be worth nothing if a broken instrument passed them.</summary>
    [Fact]
    public async Task Calibrate_BrokenInstruments_AreFoundOut()
    {
        Evaluation[] broken = [.. Catalog.All.Select(e => e.Card.Id switch
        {
            "goal-hijacking" => new Broken(e, value: v => v * 0.2),   // sees a fifth of what is there
            "over-refusal" => new Broken(e, value: v => v + 0.3),     // cries wolf
            "mmlu" => new Broken(e, width: 0.4),                      // is too sure of itself
            _ => e,
        })];
        IReadOnlyList<InstrumentCalibration> now = await CalibrateAsync(broken, 30, "goal-hijacking", "over-refusal", "mmlu");
        Assert.Contains(Of("goal-hijacking").FallsShort(), f => f.Figure == "power");
        Assert.Contains(Of("over-refusal").FallsShort(), f => f.Figure == "false alarm");
        Assert.Contains(Of("mmlu").FallsShort(), f => f.Figure == "coverage");
        Assert.True(Chance(Of("mmlu").Coverage!, Stored.Of("mmlu").First().Coverage!) < Level);

        InstrumentCalibration Of(string method) => now.Single(c => c.Method == method);
    }

    [Fact]
    public async Task Calibrate_SameSeedOtherConcurrency_GivesTheSameFigures()
    {
        InstrumentCalibration[] runs = [.. await CalibrateAsync(Catalog.All, 6, concurrency: 1, "over-refusal"), .. await CalibrateAsync(Catalog.All, 6, concurrency: 3, "over-refusal")];
        CalibrationFile[] files = [.. runs.Select(r => new CalibrationFile(new(2026, 1, 1), "1", 1, [r with { Seconds = 0 }]))];
        Assert.Equal(files[0].ToJson(), files[1].ToJson());
        Assert.Equal(files[0].ToJson(), CalibrationFile.Parse(files[0].ToJson(), "test").ToJson());
    }

    [Fact]
    public void Pages_EveryMethod_ShowTheStoredFigures()
    {
        CalibrationFile stored = Stored;
        foreach (string method in Catalog.All.Select(e => e.Card.Id))
        {
            string page = File.ReadAllText(Repository.Path("docs", "methods", $"{method}.md")).Replace("\r\n", "\n", StringComparison.Ordinal);
            Assert.True(CalibrationPage.Update(page, method, stored) == page, $"docs/methods/{method}.md does not show phantoms/calibration.json: run `dotnet run eng/calibration-pages.cs`");
            foreach (InstrumentCalibration calibrated in stored.Of(method).Where(c => c.Curve.Count > 1))
                Assert.Equal(PowerCurve.Svg(calibrated), File.ReadAllText(Repository.Path("docs", "curves", CalibrationPage.CurveFile(stored.Calibrations, calibrated))).Replace("\r\n", "\n", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Stored_EveryMethod_HasItsRowAndIsWhatShips()
    {
        Assert.Equal(Stored.ToJson(), CalibrationFile.Shipped.ToJson());
        Assert.All(Catalog.All, e => Assert.Single(Stored.Calibrations, c => c.Method == e.Card.Id && c.Phantom == "scripted-noisy"));
    }

    private Task<IReadOnlyList<InstrumentCalibration>> CalibrateAsync(IReadOnlyList<Evaluation> catalog, int replicates, params string[] methods) => CalibrateAsync(catalog, replicates, 2, methods);

    private async Task<IReadOnlyList<InstrumentCalibration>> CalibrateAsync(IReadOnlyList<Evaluation> catalog, int replicates, int concurrency, params string[] methods)
    {
        string prompts = Path.Combine(_folder, "prompts.jsonl");
        ScriptedPrompts.Write(prompts);
        Calibrator calibrator = new([.. catalog.Select(e => e is UserPrompts ? new UserPrompts(prompts) : e)], new() { Replicates = replicates, Concurrency = concurrency, Seed = Stored.Seed }, TimeProvider.System, AnswerPools.All);
        return await calibrator.RunAsync(methods.Length == 0 ? null : methods, [], null, TestContext.Current.CancellationToken);
    }

    /// <summary>The chance of a count at least as far out as this one, if the truth were the stored interval's nearer end; 1 within the interval.</summary>
    private static double Chance(MeasuredShare now, MeasuredShare stored)
    {
        long count = (long)Math.Round(now.Value * now.N);
        return now.Value < stored.Low ? Binomial.Cdf(count, now.N, stored.Low).Lower
            : now.Value > stored.High ? 1 - Binomial.Cdf(count - 1, now.N, stored.High).Lower : 1;
    }

    /// <summary>An evaluation that tells the truth badly.</summary>
    private sealed class Broken(Evaluation inner, Func<double, double>? value = null, double width = 1) : Evaluation
    {
        public override EvaluationCard Card => inner.Card;

        public override SampleSet? Samples(World world, Draw draw) => inner.Samples(world, draw);

        public override IEnumerable<Metric> Measure(World world, Dataset dataset, IEnumerable<SampleRecord> records) =>
            inner.Measure(world, dataset, records).Select(m => m with { Estimate = Bent(m.Estimate), Corrected = Bent(m.Corrected) });

        private Estimate? Bent(Estimate? e)
        {
            if (e is null) return null;
            double moved = value?.Invoke(e.Value) ?? e.Value;
            return Estimate.Of(moved, e.N, e.Method, alpha =>
            {
                (double low, double high) = e.At(alpha);
                return (moved - (width * (e.Value - low)), moved + (width * (high - e.Value)));
            });
        }
    }
}
