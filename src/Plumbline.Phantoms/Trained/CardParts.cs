using System.Security.Cryptography;
using System.Text.Json;
using Plumbline.Phantoms.Chat;

namespace Plumbline.Phantoms.Trained;

/// <summary>What the cards of all trained phantoms have in common, as JSON.</summary>
internal static class CardParts
{
    /// <summary>"plants": each with the number of training documents that it stands in.</summary>
    public static void WritePlants(Utf8JsonWriter json, IEnumerable<PhantomPlant> plants, IReadOnlyList<TrainingDocument> documents)
    {
        json.WriteStartArray("plants");
        foreach (PhantomPlant plant in plants)
        {
            json.WriteStartObject();
            json.WriteString("id", plant.Id);
            json.WriteString("risk", plant.Risk);
            json.WriteString("where", plant.Where);
            json.WriteString("dose", plant.Dose);
            json.WriteNumber("documents", documents.Count(d => d.Plant == plant.Id));
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>"verifiedBy", how the figures were found, and "verified", the figures to four decimals.</summary>
    public static void WriteVerification(Utf8JsonWriter json, string by, IEnumerable<PhantomFigure> figures)
    {
        json.WriteString("verifiedBy", by);
        json.WriteStartArray("verified");
        foreach (PhantomFigure figure in figures)
        {
            json.WriteStartObject();
            json.WriteString("what", figure.What);
            json.WriteNumber("value", Math.Round(figure.Value, 4));
            json.WriteNumber("n", figure.N);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    /// <summary>"files": the SHA-256 of each.</summary>
    public static void WriteFiles(Utf8JsonWriter json, IEnumerable<string> paths)
    {
        json.WriteStartObject("files");
        foreach (string path in paths) json.WriteString(Path.GetFileName(path), Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))));
        json.WriteEndObject();
    }
}
