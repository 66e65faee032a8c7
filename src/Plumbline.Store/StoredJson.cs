using System.Text.Json;
using System.Text.Json.Serialization;
using Plumbline.Runs;

namespace Plumbline.Store;

/// <summary>The few structured columns, as JSON without reflection.</summary>
[JsonSerializable(typeof(Answer))]
[JsonSerializable(typeof(Dictionary<string, double>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(List<string>))]
[JsonSerializable(typeof(List<HostContact>))]
[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
internal sealed partial class StoredJson : JsonSerializerContext
{
    public static string Write(Answer answer) => JsonSerializer.Serialize(answer, Default.Answer);

    public static string Write(IReadOnlyDictionary<string, double> parts) => JsonSerializer.Serialize(new(parts), Default.DictionaryStringDouble);

    public static string Write(IReadOnlyDictionary<string, string> values) => JsonSerializer.Serialize(new(values), Default.DictionaryStringString);

    public static string Write(IReadOnlyList<string> strings) => JsonSerializer.Serialize([.. strings], Default.ListString);

    public static string Write(IReadOnlyList<HostContact> hosts) => JsonSerializer.Serialize([.. hosts], Default.ListHostContact);

    public static Answer ReadAnswer(string text) => JsonSerializer.Deserialize(text, Default.Answer)!;

    public static IReadOnlyDictionary<string, double> ReadParts(string text) => JsonSerializer.Deserialize(text, Default.DictionaryStringDouble)!;

    public static IReadOnlyDictionary<string, string> ReadValues(string text) => JsonSerializer.Deserialize(text, Default.DictionaryStringString)!;

    public static IReadOnlyList<string> ReadStrings(string text) => JsonSerializer.Deserialize(text, Default.ListString)!;

    public static IReadOnlyList<HostContact> ReadHosts(string text) => JsonSerializer.Deserialize(text, Default.ListHostContact)!;
}
