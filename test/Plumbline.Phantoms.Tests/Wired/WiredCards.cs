using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Phantoms.Wired;

namespace Plumbline.Phantoms.Tests.Wired;

/// <summary>Composes a card from a program, the hashes of its files, and what the independent forward pass measures.</summary>
internal static class WiredCards
{
    public static byte[] Compose(string name)
    {
        WiredDesign design = WiredPhantoms.Design(name);
        WiredMechanism mechanism = WiredPhantoms.Mechanism(name);
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("kind", "wired");
            json.WriteString("world", WiredPhantoms.World(name).Name);
            json.WriteString("twin", design.Twin);
            json.WriteString("about", design.About);
            json.WriteNumber("parameters", WiredModels.Plain(name).Parameters);
            json.WriteNumber("seed", name.StartsWith("refusal", StringComparison.Ordinal) ? RefusalDirection.Seed : name.StartsWith("superposition", StringComparison.Ordinal) ? Superposition.Seed : 0);
            json.WriteString("licence", "MIT");
            json.WriteStartArray("plants");
            if (design.Plant is { } plant)
            {
                json.WriteStartObject();
                json.WriteString("id", plant.Id);
                json.WriteString("risk", plant.Risk);
                json.WriteString("where", plant.Where);
                json.WriteString("dose", plant.Dose);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            Mechanism(json, mechanism);
            json.WriteString("verifiedBy", "a forward pass in double precision, written from the definitions of the two architectures, that reads these files itself and shares no code with the product; figures are rounded to six decimals");
            json.WriteStartArray("verified");
            foreach (PhantomFigure figure in WiredFigures.Of(name))
            {
                json.WriteStartObject();
                json.WriteString("what", figure.What);
                json.WriteNumber("value", Math.Round(figure.Value, 6) + 0.0);
                json.WriteNumber("n", figure.N);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteStartObject("files");
            foreach ((string file, byte[] bytes) in WiredPhantoms.Build(name)) json.WriteString(file, Convert.ToHexStringLower(SHA256.HashData(bytes)));
            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static void Mechanism(Utf8JsonWriter json, WiredMechanism mechanism)
    {
        json.WriteStartObject("mechanism");
        json.WriteString("kind", mechanism.Kind);
        if (mechanism.Layer is int layer) json.WriteNumber("layer", layer);
        if (mechanism.Head is int head) json.WriteNumber("head", head);
        if (mechanism.Neuron is int neuron) json.WriteNumber("neuron", neuron);
        if (mechanism.Hook is { } hook) json.WriteString("hook", hook);
        json.WriteNumber("dose", mechanism.Dose);
        json.WriteStartArray("coordinates");
        foreach (WiredCoordinates one in mechanism.Coordinates) json.WriteRawValue($$"""{"name": "{{one.Name}}", "first": {{one.First}}, "width": {{one.Width}}}""");
        json.WriteEndArray();
        if (mechanism.Direction is { } direction) Sparse(json, "direction", [direction]);
        if (mechanism.Dictionary is { } dictionary) Sparse(json, "dictionary", dictionary);
        json.WriteStartArray("examples");
        foreach (WiredExample example in mechanism.Examples) json.WriteRawValue($"[{Quoted(example.Kind)}, {Quoted(example.Prompt)}, {Quoted(example.Answer)}]");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // Directions as the dimensions that any of them has, and their values there.
    private static void Sparse(Utf8JsonWriter json, string name, IReadOnlyList<IReadOnlyList<float>> rows)
    {
        int[] dimensions = [.. Enumerable.Range(0, rows[0].Count).Where(d => rows.Any(r => r[d] != 0))];
        json.WriteStartObject(name);
        json.WriteNumber("width", rows[0].Count);
        json.WritePropertyName("dimensions");
        json.WriteRawValue($"[{string.Join(", ", dimensions)}]");
        json.WriteStartArray("values");
        foreach (IReadOnlyList<float> row in rows) json.WriteRawValue($"[{string.Join(", ", dimensions.Select(d => row[d].ToString("R", System.Globalization.CultureInfo.InvariantCulture)))}]");
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
