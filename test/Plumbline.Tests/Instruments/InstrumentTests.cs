using System.Reflection;
using Plumbline.Instruments;
using Plumbline.Worlds;

namespace Plumbline.Tests.Instruments;

public sealed class InstrumentTests
{
    private static InstrumentCalibration Sample => new()
    {
        Method = "m",
        Phantom = "p",
        Twin = "p-clean",
        Evaluation = "m/part",
        Metric = "rate",
        Dose = 0.4,
        Threshold = 0.1,
        Samples = 100,
        Power = MeasuredShare.Of(97, 100),
        FalseAlarm = MeasuredShare.Of(3, 100),
        Coverage = MeasuredShare.Of(95, 100),
        Bias = -0.01,
        SmallestDose = 0.21,
        Curve = [new(0.2, MeasuredShare.Of(40, 100)!), new(0.4, MeasuredShare.Of(97, 100)!)],
        Rows = [new("m/part", "rate", 0.4, MeasuredShare.Of(97, 100), MeasuredShare.Of(95, 100)!, -0.01, 0.2, MeasuredShare.Of(80, 100), 0.05), new("m", "mean", 0.5, null, MeasuredShare.Of(94, 100)!, 0, 0.2, null, null)],
        Fingerprint = "ab",
    };

    private static InstrumentCalibration Compared => Sample with
    {
        Method = "c",
        Evaluation = "c",
        Metric = "accuracy",
        Decision = InstrumentDecision.Comparison,
        Dose = 0.2,
        DoseReason = "two of seven are lost",
        Threshold = null,
        Beside = 35,
        SmallestDose = 0.155,
        ChangeCoverage = MeasuredShare.Of(96, 100),
        Curve = [new(0.1, MeasuredShare.Of(30, 100)!), new(0.2, MeasuredShare.Of(97, 100)!)],
        Rows =
        [
            new("c", "accuracy", 0.5, MeasuredShare.Of(97, 100), MeasuredShare.Of(95, 100)!, 0, 0.1, null, null) { Change = -0.2, ChangeCoverage = MeasuredShare.Of(96, 100) },
            new("c", "errors", 0.5, MeasuredShare.Of(60, 100), MeasuredShare.Of(95, 100)!, 0, 0.1, null, null) { Change = 0.2, ChangeCoverage = MeasuredShare.Of(96, 100) },
        ],
    };

    private static CalibrationFile File => new(new(2026, 11, 29), "0.1.0", 7, [Sample, new() { Method = "none", Phantom = "p", Reason = "why" }, Compared]);

    [Fact]
    public void File_Json_ReadsBackTheSame() => Assert.Equal(File.ToJson(), CalibrationFile.Parse(File.ToJson(), "test").ToJson());

    [Theory]
    [InlineData("{}", "no calibration")]
    [InlineData("[", "no calibration")]
    [InlineData("{\"version\": 9}", "version 9")]
    public void File_Wrong_IsRefused(string json, string said) => Assert.Contains(said, Assert.Throws<InvalidDataException>(() => CalibrationFile.Parse(json, "test")).Message, StringComparison.Ordinal);

    [Fact]
    public void Reading_CalibratedRow_SaysPowerAndFalseAlarms()
    {
        string english = InstrumentReading.For(File, "m", "m/part", "rate").Text(chinese: false), chinese = InstrumentReading.For(File, "m", "m/part", "rate").Text(chinese: true);
        Assert.Equal("finds a defect of 40% 97.0% of the time (100 samples), cries wolf 3.0%; its 95% interval holds the truth 95.0% of the time", english);
        Assert.Contains("检出率 97.0%", chinese, StringComparison.Ordinal);
        Assert.StartsWith("no threshold; its 95% interval holds the truth 94.0%", InstrumentReading.For(File, "m", "m", "mean").Text(chinese: false), StringComparison.Ordinal);
    }

    [Fact]
    public void Reading_ComparedRow_SaysWhatAComparisonFinds()
    {
        InstrumentReading drop = InstrumentReading.For(File, "c", "c", "accuracy"), rise = InstrumentReading.For(File, "c", "c", "errors");
        Assert.Equal(
            "no threshold; a comparison of two runs of 100 samples each finds a drop of 20 points 97.0% of the time, and cries wolf over unchanged ones 3.0%; its 95% interval holds the truth 95.0% of the time",
            drop.Text(chinese: false));
        Assert.Contains("a rise of 20 points 60.0%", rise.Text(chinese: false), StringComparison.Ordinal);
        Assert.Contains("下降 20 个百分点的检出率为 97.0%，无变化时误报 3.0%", drop.Text(chinese: true), StringComparison.Ordinal);
        Assert.Contains("上升", rise.Text(chinese: true), StringComparison.Ordinal);
        using MemoryStream stream = new();
        using (System.Text.Json.Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            rise.Write(json, "instrument");
            json.WriteEndObject();
        }

        using System.Text.Json.JsonDocument written = System.Text.Json.JsonDocument.Parse(stream.ToArray());
        System.Text.Json.JsonElement instrument = written.RootElement.GetProperty("instrument");
        Assert.Equal(("comparison", 0.2), (instrument.GetProperty("decision").GetString(), instrument.GetProperty("dose").GetDouble()));
    }

    [Fact]
    public void Page_Comparison_StatesRuleDoseAndMisses()
    {
        string page = CalibrationPage.Section("c", File);
        Assert.Contains("| `p` | `c.accuracy` | comparison | 20 points | 97.0%", page, StringComparison.Ordinal);
        Assert.Contains("a comparison of two runs of 100 samples each", page, StringComparison.Ordinal);
        Assert.Contains("beside 35 unchanged rows", page, StringComparison.Ordinal);
        Assert.Contains("The standard dose, 20 points: two of seven are lost. A change of 15.5 points", page, StringComparison.Ordinal);
        Assert.Contains("| `c.accuracy` | 50% | −20 points | 97.0%", page, StringComparison.Ordinal);
        Assert.Contains("| `c.errors` | 50% | +20 points | 60.0%", page, StringComparison.Ordinal);
        Assert.DoesNotContain("## Falls short", page, StringComparison.Ordinal);
        CalibrationFile bad = File with { Calibrations = [Compared with { ChangeCoverage = MeasuredShare.Of(90, 100) }] };
        Assert.Contains("- `coverage of the difference`: 90.0% on `p` at dose 20 points; the target is at least 93.0%.", CalibrationPage.Section("c", bad), StringComparison.Ordinal);
        Assert.Contains("change between two runs, in percentage points", PowerCurve.Svg(Compared)!, StringComparison.Ordinal);
        Assert.Contains("20 points", PowerCurve.Text(Compared).Last(), StringComparison.Ordinal);
    }

    /// <summary>None of forty is no proof of less than one in a thousand: what was shown is the end of its interval, 8.76 %.</summary>
    [Fact]
    public void Reading_AllOrNone_SaysWhatTheRunsShow()
    {
        InstrumentCalibration sample = Sample with
        {
            FalseAlarm = MeasuredShare.Of(0, 40),
            Rows = [new("m/part", "rate", 0.4, MeasuredShare.Of(40, 40), MeasuredShare.Of(95, 100)!, 0, 0.2, null, null)],
        };
        string text = InstrumentReading.For(new CalibrationFile(new(2026, 11, 29), "0.1.0", 7, [sample]), "m", "m/part", "rate").Text(chinese: false);
        Assert.StartsWith("finds a defect of 40% >91.2% of the time (100 samples), cries wolf <8.8%; ", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("other", "other", "rate")]
    [InlineData("none", "none", "rate")]
    [InlineData("m", "m", "another")]
    public void Reading_NothingKnown_IsUncalibrated(string method, string evaluation, string metric)
    {
        Assert.Equal("uncalibrated", InstrumentReading.For(File, method, evaluation, metric).Text(chinese: false));
        Assert.Equal("未校准", InstrumentReading.For(File, method, evaluation, metric).Text(chinese: true));
    }

    [Fact]
    public void FallsShort_FiguresBelowTheirTargets_AreNamed()
    {
        Assert.Empty(Sample.FallsShort());
        InstrumentCalibration bad = Sample with { Power = MeasuredShare.Of(94, 100), FalseAlarm = MeasuredShare.Of(6, 100), Coverage = MeasuredShare.Of(92, 100) };
        Assert.Equal(["power", "false alarm", "coverage"], bad.FallsShort().Select(f => f.Figure));
        string page = CalibrationPage.Section("m", new(new(2026, 1, 1), "1", 1, [bad]));
        Assert.Contains("## Falls short\n\n- `power`: 94.0% on `p` at dose 40%", page, StringComparison.Ordinal);
        Assert.DoesNotContain("## Falls short", CalibrationPage.Section("m", File), StringComparison.Ordinal);
    }

    [Fact]
    public void Page_Update_KeepsTheRest()
    {
        string page = $"# m\n\n{CalibrationPage.Begin}\nstale words\n{CalibrationPage.End}\n\n## Next\n", updated = CalibrationPage.Update(page, "m", File);
        Assert.StartsWith("# m\n\n", updated, StringComparison.Ordinal);
        Assert.EndsWith($"{CalibrationPage.End}\n\n## Next\n", updated, StringComparison.Ordinal);
        Assert.DoesNotContain("stale words", updated, StringComparison.Ordinal);
        Assert.Equal(updated, CalibrationPage.Update(updated, "m", File));
        Assert.Throws<InvalidDataException>(() => CalibrationPage.Update("# m", "m", File));
    }

    [Fact]
    public void Curve_Svg_IsWellFormedAndNamesItsDoses()
    {
        string svg = PowerCurve.Svg(Sample)!;
        Assert.Equal("svg", System.Xml.Linq.XDocument.Parse(svg).Root!.Name.LocalName);
        Assert.Contains("20%", svg, StringComparison.Ordinal);
        Assert.Equal(2, PowerCurve.Text(Sample).Count());
        Assert.Null(PowerCurve.Svg(Sample with { Curve = [] }));
    }

    [Fact]
    public void JudgeErrors_File_ReadsBackAndDriftIsFound()
    {
        JudgeErrors errors = new("strongreject", "model \"x\"", "set", "00", new(2026, 2, 3), new(90, 100, 80, 100), 4);
        Assert.Equal(errors, JudgeErrors.Parse(errors.ToJson(), "test"));
        Assert.Empty(new JudgeMatrix(88, 100, 82, 100).DriftFrom(errors.Matrix));
        Assert.Single(new JudgeMatrix(70, 100, 82, 100).DriftFrom(errors.Matrix));
        Assert.Equal(2, new JudgeMatrix(100, 100, 20, 100).DriftFrom(errors.Matrix).Count());
        Assert.True(errors.Matrix.Informative);
        Assert.False(new JudgeMatrix(55, 100, 50, 100).Informative);
        Assert.Throws<InvalidDataException>(() => JudgeErrors.Parse(errors.ToJson().Replace("\"truePositives\": 90", "\"truePositives\": 190", StringComparison.Ordinal), "test"));
    }

    /// <summary>A question that a later world can be asked must not be lost on the way through.</summary>
    [Fact]
    public void CalibratedWorld_EveryMember_IsTheInnerWorlds()
    {
        MethodInfo[] all = [.. typeof(World).GetMethods(BindingFlags.Instance | BindingFlags.Public).Where(m => m.IsVirtual && m.DeclaringType == typeof(World))];
        Assert.NotEmpty(all);
        Assert.All(all, m => Assert.Equal(typeof(CalibratedWorld), typeof(CalibratedWorld).GetMethod(m.Name, [.. m.GetParameters().Select(p => p.ParameterType)])!.DeclaringType));
    }
}
