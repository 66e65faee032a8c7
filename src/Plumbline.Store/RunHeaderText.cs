using System.Globalization;
using Plumbline.Runs;

namespace Plumbline.Store;

/// <summary>A run's header as key and value rows, so that a person can read it with any SQLite tool.</summary>
internal static class RunHeaderText
{
    private const string Format = "1";

    public static IEnumerable<(string Key, string Value)> Write(RunHeader header)
    {
        yield return ("format", Format);
        yield return ("id", header.Id);
        yield return ("started", header.Started.ToString("O", CultureInfo.InvariantCulture));
        yield return ("target", header.Target);
        yield return ("fingerprint", header.Fingerprint);
        yield return ("world", header.World);
        yield return ("suite", header.Suite);
        yield return ("suite_text", header.SuiteText);
        yield return ("seed", header.Seed.ToString(CultureInfo.InvariantCulture));
        if (header.Limit is { } limit) yield return ("limit", limit.ToString(CultureInfo.InvariantCulture));
        if (header.Language is { } language) yield return ("language", language);
        yield return ("options", StoredJson.Write(header.Options));
        yield return ("environment", StoredJson.Write(header.Environment));
    }

    public static RunHeader Read(Dictionary<string, string> values) => values["format"] != Format
        ? throw new FormatException($"format {values["format"]}, this version reads {Format}")
        : new()
        {
            Id = values["id"],
            Started = DateTimeOffset.Parse(values["started"], CultureInfo.InvariantCulture),
            Target = values["target"],
            Fingerprint = values["fingerprint"],
            World = values["world"],
            Suite = values["suite"],
            SuiteText = values["suite_text"],
            Seed = ulong.Parse(values["seed"], CultureInfo.InvariantCulture),
            Limit = values.TryGetValue("limit", out string? limit) ? int.Parse(limit, CultureInfo.InvariantCulture) : null,
            Language = values.GetValueOrDefault("language"),
            Options = StoredJson.ReadValues(values["options"]),
            Environment = StoredJson.ReadValues(values["environment"]),
        };
}
