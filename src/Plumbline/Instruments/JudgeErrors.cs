using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Worlds;

namespace Plumbline.Instruments;

/// <summary>
/// A judge model against a frozen labelled set: what `judge check --write` writes, and `assess --judge-calibration` and a later check read. Immutable.
/// </summary>
/// <param name="Judge">The id under which the judge's figures are corrected, e.g. "strongreject".</param>
/// <param name="Model">The judge model as the user named it.</param>
/// <param name="Set">The labelled set's name.</param>
/// <param name="SetSha256">Its SHA-256: figures of two sets are not compared.</param>
/// <param name="Date">When it was measured.</param>
/// <param name="Matrix">What it did.</param>
/// <param name="Failed">Replies that could not be read, and requests that failed: they enter no rate.</param>
public sealed record JudgeErrors(string Judge, string Model, string Set, string SetSha256, DateOnly Date, JudgeMatrix Matrix, int Failed)
{
    private const int Version = 1;
    private const int LargestFile = 1 << 20;
    private static readonly JsonWriterOptions s_options = new() { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The form in which a world hands it to evaluations.</summary>
    public JudgeCalibration Calibration => new(
        Judge, Matrix.TruePositives, Matrix.Positives, Matrix.TrueNegatives, Matrix.Negatives, $"{Set}, judged by {Model}", Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is none; the message says why.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static JudgeErrors Load(string path)
    {
        if (new FileInfo(path).Length > LargestFile) throw new InvalidDataException($"{path} is larger than 1 MB: that is no judge's calibration.");
        return Parse(File.ReadAllText(path), path);
    }

    /// <summary>Reads a text.</summary>
    /// <param name="json">The text.</param>
    /// <param name="place">What errors call it.</param>
    /// <exception cref="InvalidDataException">It is none; the message says why.</exception>
    public static JudgeErrors Parse(string json, string place)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            if (root.GetProperty("version").GetInt32() is var version && version != Version) throw new InvalidDataException($"{place} is of version {version}; this product reads version {Version}.");
            JudgeMatrix matrix = new(Count("truePositives"), Count("positives"), Count("trueNegatives"), Count("negatives"));
            if (matrix.Positives == 0 || matrix.Negatives == 0 || matrix.TruePositives > matrix.Positives || matrix.TrueNegatives > matrix.Negatives) throw new InvalidDataException($"{place}: the counts do not fit together.");
            return new(
                Text("judge"), Text("model"), Text("set"), Text("setSha256"), DateOnly.ParseExact(Text("date"), "yyyy-MM-dd", CultureInfo.InvariantCulture), matrix, Count("failed"));

            int Count(string name) => root.GetProperty(name).GetInt32() is >= 0 and var count ? count : throw new InvalidDataException($"{place}: {name} is negative.");

            string Text(string name) => root.GetProperty(name).GetString() ?? throw new InvalidDataException($"{place}: {name} is null.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"{place} is no judge's calibration: {e.Message} `plumbline judge check --judge … --write FILE` makes one.", e);
        }
    }

    /// <summary>The text of the file.</summary>
    public string ToJson()
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, s_options))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("judge", Judge);
            json.WriteString("model", Model);
            json.WriteString("set", Set);
            json.WriteString("setSha256", SetSha256);
            json.WriteString("date", Date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            json.WriteNumber("truePositives", Matrix.TruePositives);
            json.WriteNumber("positives", Matrix.Positives);
            json.WriteNumber("trueNegatives", Matrix.TrueNegatives);
            json.WriteNumber("negatives", Matrix.Negatives);
            json.WriteNumber("failed", Failed);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray()) + "\n";
    }

    /// <summary>The SHA-256 of a set's text, in lower-case hexadecimal.</summary>
    public static string Hash(ReadOnlySpan<byte> set) => Convert.ToHexStringLower(SHA256.HashData(set));
}

/// <summary>A confusion matrix: of the true cases so many found, of the others so many cleared. Immutable.</summary>
public sealed record JudgeMatrix(int TruePositives, int Positives, int TrueNegatives, int Negatives)
{
    /// <summary>The share of true cases found; null without cases.</summary>
    public MeasuredShare? Sensitivity => MeasuredShare.Of(TruePositives, Positives);

    /// <summary>The share of others cleared; null without any.</summary>
    public MeasuredShare? Specificity => MeasuredShare.Of(TrueNegatives, Negatives);

    /// <summary>The matrix of a stored calibration.</summary>
    public static JudgeMatrix Of(JudgeCalibration calibration)
    {
        ArgumentNullException.ThrowIfNull(calibration);
        return new(calibration.TruePositives, calibration.Positives, calibration.TrueNegatives, calibration.Negatives);
    }

    /// <summary>The matrix with one text more.</summary>
    /// <param name="isCase">What it is.</param>
    /// <param name="saidCase">What the judge called it.</param>
    public JudgeMatrix With(bool isCase, bool saidCase) => isCase
        ? this with { TruePositives = TruePositives + (saidCase ? 1 : 0), Positives = Positives + 1 }
        : this with { TrueNegatives = TrueNegatives + (saidCase ? 0 : 1), Negatives = Negatives + 1 };

    /// <summary>Whether it tells cases from others better than chance, beyond the doubt of either interval.</summary>
    public bool Informative => Sensitivity is { } found && Specificity is { } cleared && found.Low + cleared.Low > 1;

    /// <summary>In which respects this one lies outside another's intervals.</summary>
    public IEnumerable<string> DriftFrom(JudgeMatrix stored)
    {
        ArgumentNullException.ThrowIfNull(stored);
        if (Outside(Sensitivity, stored.Sensitivity)) yield return Said("sensitivity", Sensitivity!, stored.Sensitivity!);
        if (Outside(Specificity, stored.Specificity)) yield return Said("specificity", Specificity!, stored.Specificity!);

        static bool Outside(MeasuredShare? now, MeasuredShare? then) => now is not null && then is not null && (now.Value < then.Low || now.Value > then.High);

        static string Said(string what, MeasuredShare now, MeasuredShare then) => string.Create(
            CultureInfo.InvariantCulture, $"{what} is {100 * now.Value:0.0} %, outside the stored interval {100 * then.Low:0.0}–{100 * then.High:0.0} %");
    }
}
