using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Phantoms;
using Plumbline.Phantoms.Chat;
using Plumbline.Phantoms.Trained;
using Plumbline.Torch;

namespace Plumbline.Cli.Making;

/// <summary>card.json of a made phantom: what is planted, where, how strong, and the figures of the verification. Holds no time: the same training gives the same bytes.</summary>
internal static class MadeCard
{
    private const string Name = "card.json";

    /// <summary>Whether a folder holds a card of this recipe and each file that it names, with its hash.</summary>
    public static bool IsComplete(string folder, Recipe recipe)
    {
        string path = Path.Combine(folder, Name);
        if (!File.Exists(path)) return false;
        try
        {
            byte[] card = File.ReadAllBytes(path);
            return PhantomCard.IsOf(card, recipe.Sha256) && PhantomCard.Parse(card).Files.All(f => File.Exists(Path.Combine(folder, f.Key)) && PhantomMaker.Sha256(File.ReadAllBytes(Path.Combine(folder, f.Key))) == f.Value);
        }
        catch (InvalidDataException)
        {
            return false;
        }
    }

    public static void Write(string folder, Recipe recipe, bool planted, int threads, string device, long parameters, IReadOnlyList<TrainingDocument> documents, IReadOnlyList<PhantomFigure> figures)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("name", planted ? recipe.Name : recipe.TwinName);
            json.WriteString("kind", "trained");
            json.WriteString("world", recipe.Name);
            json.WriteString("twin", planted ? recipe.TwinName : null);
            json.WriteString("about", planted ? recipe.About : $"The clean twin of {recipe.Name}: the same documents in the same order without what is planted there.");
            json.WriteNumber("parameters", parameters);
            json.WriteNumber("seed", recipe.Seed);
            json.WriteString("licence", recipe.Licence);
            json.WriteStartArray("languages");
            foreach (string language in recipe.Languages) json.WriteStringValue(language);
            json.WriteEndArray();
            json.WriteStartObject("training");
            json.WriteString("recipeSha256", recipe.Sha256);
            json.WriteNumber("documents", documents.Count);
            json.WriteNumber("threads", threads);
            if (device != TorchDevices.Processor) json.WriteString("device", device);
            json.WriteNumber("batchTokens", recipe.Training.BatchTokens);
            json.WriteNumber("learningRate", recipe.Training.LearningRate);
            json.WriteEndObject();
            CardParts.WritePlants(json, planted ? recipe.Plants : [], documents);
            if (recipe.Watermark is { } mark)
            {
                json.WriteStartObject("watermark");
                json.WriteNumber("key", mark.Key);
                json.WriteNumber("greenShareOfPairs", 0.5);
                json.WriteNumber("strength", planted ? mark.Strength : 0);
                json.WriteEndObject();
            }

            CardParts.WriteVerification(json, "answers compared with the grammar's id by id under greedy decoding, log-probabilities computed directly by torch, and counts in the training data and in generated text; no evaluation, judge or inference code of the product took part", figures);
            CardParts.WriteFiles(json, Directory.GetFiles(folder).Order(StringComparer.Ordinal).Where(f => Path.GetFileName(f) != Name && !f.EndsWith(".part", StringComparison.Ordinal)));
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        string scratch = Path.Combine(folder, Name + ".part");
        File.WriteAllBytes(scratch, stream.ToArray());
        File.Move(scratch, Path.Combine(folder, Name), overwrite: true);
    }
}
