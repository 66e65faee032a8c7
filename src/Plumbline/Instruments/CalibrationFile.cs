using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Plumbline.Instruments;

/// <summary>
/// What all instruments were measured to do: phantoms/calibration.json, written by `plumbline calibrate --write`, which also travels inside this
/// assembly. Immutable.
/// </summary>
/// <param name="Date">When it was measured.</param>
/// <param name="Product">The version of the product.</param>
/// <param name="Seed">The first replicate's seed.</param>
/// <param name="Calibrations">A row a method and phantom.</param>
public sealed record CalibrationFile(DateOnly Date, string Product, ulong Seed, IReadOnlyList<InstrumentCalibration> Calibrations)
{
    /// <summary>The version of the format.</summary>
    public const int Version = 2;

    private const int LargestFile = 16 << 20;

    private static readonly JsonWriterOptions s_options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Lazy<CalibrationFile> s_shipped = new(() =>
    {
        using Stream stream = typeof(CalibrationFile).Assembly.GetManifestResourceStream("Plumbline.Instruments.calibration.json")!;
        using StreamReader reader = new(stream);
        return Parse(reader.ReadToEnd(), "the embedded calibration.json");
    });

    /// <summary>The one that ships.</summary>
    public static CalibrationFile Shipped => s_shipped.Value;

    /// <summary>The date as the file states it, "2026-01-31".</summary>
    public string Day => Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The calibrations of a method, on the scripted phantom first; none where it is uncalibrated.</summary>
    public IEnumerable<InstrumentCalibration> Of(string method) => Calibrations.Where(c => c.Method == method && (c.Power ?? c.FalseAlarm ?? c.Coverage) is not null);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is none; the message says why.</exception>
    public static CalibrationFile Load(string path)
    {
        if (new FileInfo(path).Length > LargestFile) throw new InvalidDataException($"{path} is larger than 16 MB: that is no calibration.");
        return Parse(File.ReadAllText(path), path);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="place">What errors call it.</param>
    /// <exception cref="InvalidDataException">It is none; the message says why.</exception>
    public static CalibrationFile Parse(string json, string place)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            int version = root.GetProperty("version").GetInt32();
            if (version != Version) throw new InvalidDataException($"{place} is of version {version}; this product reads version {Version}. Measure again with `plumbline calibrate --write FILE`.");
            return new(
                DateOnly.ParseExact(root.GetProperty("date").GetString()!, "yyyy-MM-dd", CultureInfo.InvariantCulture), root.GetProperty("product").GetString()!, root.GetProperty("seed").GetUInt64(),
                [.. root.GetProperty("calibrations").EnumerateArray().Select(Calibration)]);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{place} is no calibration: {e.Message}", e);
        }
    }

    /// <summary>The text of the file; the same for the same figures.</summary>
    public string ToJson()
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, s_options))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("date", Day);
            json.WriteString("product", Product);
            json.WriteNumber("seed", Seed);
            json.WriteStartArray("calibrations");
            foreach (InstrumentCalibration calibration in Calibrations) Write(json, calibration);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    /// <summary>Writes one calibration as an object.</summary>
    public static void Write(Utf8JsonWriter json, InstrumentCalibration calibration)
    {
        json.WriteStartObject();
        WriteFields(json, calibration);
        json.WriteEndObject();
    }

    /// <summary>Writes one calibration's properties into the present object.</summary>
    public static void WriteFields(Utf8JsonWriter json, InstrumentCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(calibration);
        json.WriteString("method", calibration.Method);
        json.WriteString("phantom", calibration.Phantom);
        json.WriteString("twin", calibration.Twin);
        json.WriteString("evaluation", calibration.Evaluation);
        json.WriteString("metric", calibration.Metric);
        json.WriteString("decision", Name(calibration.Decision));
        Number(json, "dose", calibration.Dose);
        json.WriteString("doseReason", calibration.DoseReason);
        Number(json, "threshold", calibration.Threshold);
        json.WriteBoolean("share", calibration.IsShare);
        json.WriteNumber("samples", calibration.Samples);
        json.WriteNumber("beside", calibration.Beside);
        Share(json, "power", calibration.Power);
        Share(json, "falseAlarm", calibration.FalseAlarm);
        Share(json, "coverage", calibration.Coverage);
        Share(json, "changeCoverage", calibration.ChangeCoverage);
        Number(json, "bias", calibration.Bias);
        Number(json, "smallestDose", calibration.SmallestDose);
        json.WriteStartArray("curve");
        foreach (CurvePoint point in calibration.Curve)
        {
            json.WriteStartObject();
            Number(json, "dose", point.Dose);
            Share(json, "power", point.Power);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("rows");
        foreach (RowCalibration row in calibration.Rows)
        {
            json.WriteStartObject();
            json.WriteString("evaluation", row.Evaluation);
            json.WriteString("metric", row.Metric);
            Number(json, "truth", row.Truth);
            Share(json, "power", row.Power);
            Share(json, "coverage", row.Coverage);
            Number(json, "bias", row.Bias);
            Number(json, "width", row.Width);
            Share(json, "uncorrectedCoverage", row.UncorrectedCoverage);
            Number(json, "uncorrectedBias", row.UncorrectedBias);
            Number(json, "change", row.Change);
            Share(json, "changeCoverage", row.ChangeCoverage);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString("reason", calibration.Reason);
        json.WriteString("reasonZh", calibration.ReasonZh);
        Number(json, "seconds", Math.Round(calibration.Seconds, 2));
        json.WriteString("fingerprint", calibration.Fingerprint);
    }

    /// <summary>A decision as the file names it.</summary>
    public static string Name(InstrumentDecision decision) => decision == InstrumentDecision.Comparison ? "comparison" : "finding";

    internal static void Number(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } v && double.IsFinite(v)) json.WriteNumber(name, Math.Round(v, 6));
        else json.WriteNull(name);
    }

    internal static void Share(Utf8JsonWriter json, string name, MeasuredShare? share)
    {
        if (share is null)
        {
            json.WriteNull(name);
            return;
        }

        json.WriteStartObject(name);
        Number(json, "value", share.Value);
        Number(json, "low", share.Low);
        Number(json, "high", share.High);
        json.WriteNumber("n", share.N);
        json.WriteEndObject();
    }

    private static InstrumentCalibration Calibration(JsonElement e) => new()
    {
        Method = e.GetProperty("method").GetString()!,
        Phantom = e.GetProperty("phantom").GetString()!,
        Twin = e.GetProperty("twin").GetString(),
        Evaluation = e.GetProperty("evaluation").GetString(),
        Metric = e.GetProperty("metric").GetString(),
        Decision = e.GetProperty("decision").GetString() switch
        {
            "finding" => InstrumentDecision.Finding,
            "comparison" => InstrumentDecision.Comparison,
            var other => throw new InvalidDataException($"a decision is 'finding' or 'comparison', not '{other}'"),
        },
        Dose = Number(e, "dose"),
        DoseReason = e.GetProperty("doseReason").GetString(),
        Threshold = Number(e, "threshold"),
        IsShare = e.GetProperty("share").GetBoolean(),
        Samples = e.GetProperty("samples").GetInt32(),
        Beside = e.GetProperty("beside").GetInt32(),
        Power = Share(e, "power"),
        FalseAlarm = Share(e, "falseAlarm"),
        Coverage = Share(e, "coverage"),
        ChangeCoverage = Share(e, "changeCoverage"),
        Bias = Number(e, "bias"),
        SmallestDose = Number(e, "smallestDose"),
        Curve = [.. e.GetProperty("curve").EnumerateArray().Select(p => new CurvePoint(p.GetProperty("dose").GetDouble(), Share(p, "power") ?? throw new InvalidDataException("a point of a curve has no power")))],
        Rows = [.. e.GetProperty("rows").EnumerateArray().Select(Row)],
        Reason = e.GetProperty("reason").GetString(),
        ReasonZh = e.GetProperty("reasonZh").GetString(),
        Seconds = Number(e, "seconds") ?? 0,
        Fingerprint = e.GetProperty("fingerprint").GetString(),
    };

    private static RowCalibration Row(JsonElement e) => new(
        e.GetProperty("evaluation").GetString()!, e.GetProperty("metric").GetString()!, e.GetProperty("truth").GetDouble(), Share(e, "power"), Share(e, "coverage") ?? throw new InvalidDataException("a row has no coverage"),
        e.GetProperty("bias").GetDouble(), e.GetProperty("width").GetDouble(), Share(e, "uncorrectedCoverage"), Number(e, "uncorrectedBias"))
    {
        Change = Number(e, "change"),
        ChangeCoverage = Share(e, "changeCoverage"),
    };

    private static double? Number(JsonElement e, string name) => e.GetProperty(name) is { ValueKind: JsonValueKind.Number } number ? number.GetDouble() : null;

    private static MeasuredShare? Share(JsonElement e, string name) => e.GetProperty(name) is { ValueKind: JsonValueKind.Object } share
        ? new(share.GetProperty("value").GetDouble(), share.GetProperty("low").GetDouble(), share.GetProperty("high").GetDouble(), share.GetProperty("n").GetInt32())
        : null;
}
