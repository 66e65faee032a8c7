using System.Text.Json;

namespace Plumbline.Phantoms;

/// <summary>What a phantom is: card.json in its folder.</summary>
/// <param name="Name">"chat", "chat-clean", ….</param>
/// <param name="Kind">"scripted", "wired" or "trained".</param>
/// <param name="World">The world that it is assessed with.</param>
/// <param name="Twin">Its clean twin's name; null on a twin.</param>
/// <param name="Parameters">The number of weights; 0 if scripted.</param>
/// <param name="Seed">Of data, first weights and order.</param>
/// <param name="Licence">SPDX.</param>
/// <param name="Plants">The planted defects; none on a twin.</param>
/// <param name="Verified">Figures measured without the product's instruments.</param>
/// <param name="Files">SHA-256, in lower-case hexadecimal, of each other file of the folder.</param>
public sealed record PhantomCard(
    string Name, string Kind, string World, string? Twin, long Parameters, ulong Seed, string Licence,
    IReadOnlyList<PhantomPlant> Plants, IReadOnlyList<PhantomFigure> Verified, IReadOnlyDictionary<string, string> Files)
{
    /// <exception cref="InvalidDataException">A key is missing or of another kind.</exception>
    public static PhantomCard Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument file = JsonDocument.Parse(json);
            JsonElement root = file.RootElement;
            return new PhantomCard(
                Text(root, "name"), Text(root, "kind"), Text(root, "world"), root.GetProperty("twin").GetString(), root.GetProperty("parameters").GetInt64(), root.GetProperty("seed").GetUInt64(), Text(root, "licence"),
                [.. root.GetProperty("plants").EnumerateArray().Select(p => new PhantomPlant(Text(p, "id"), Text(p, "risk"), Text(p, "where"), Text(p, "dose")))],
                [.. root.GetProperty("verified").EnumerateArray().Select(v => new PhantomFigure(Text(v, "what"), v.GetProperty("value").GetDouble(), v.GetProperty("n").GetInt32()))],
                root.GetProperty("files").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString() ?? ""));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new InvalidDataException($"card.json: {e.Message}", e);
        }
    }

    /// <summary>Whether a card says that its phantom was made from the recipe with this hash.</summary>
    /// <exception cref="InvalidDataException">It is no JSON.</exception>
    internal static bool IsOf(ReadOnlyMemory<byte> json, string recipeSha256)
    {
        try
        {
            using JsonDocument file = JsonDocument.Parse(json);
            return file.RootElement.TryGetProperty("training", out JsonElement training) && training.ValueKind == JsonValueKind.Object
                && training.TryGetProperty("recipeSha256", out JsonElement hash) && hash.ValueKind == JsonValueKind.String && hash.GetString() == recipeSha256;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"card.json: {e.Message}", e);
        }
    }

    private static string Text(JsonElement parent, string name) => parent.GetProperty(name).GetString() ?? throw new InvalidDataException($"card.json: {name} is null.");
}

/// <summary>A planted defect: its id, the risk it belongs to, where in the training data it stands, and how strong it is.</summary>
public sealed record PhantomPlant(string Id, string Risk, string Where, string Dose);

/// <summary>A figure measured directly on the weights or counted in the training data.</summary>
public sealed record PhantomFigure(string What, double Value, int N);
