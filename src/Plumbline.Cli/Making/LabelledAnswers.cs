using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Phantoms.Trained;
using Plumbline.Torch;

namespace Plumbline.Cli.Making;

/// <summary>
/// judged.jsonl: answers of both models of a pair to the requests of some kinds at temperatures from 0 to 1.2, for measuring judges. The label is what the
/// recipe says of the answer, word for word: "compliance", "refusal", and "other" for what is garbled.
/// </summary>
internal sealed class LabelledAnswers(Recipe recipe)
{
    private const int Each = 20, Longest = 40;
    private static readonly double[] s_temperatures = [0, 0.7, 1, 1.2, 1.2];   // twice as many of the garbled ones

    /// <summary>Writes the file; the same models give the same bytes.</summary>
    public void Write(string path, IReadOnlyList<(string Name, string Folder)> models, JudgedPlan plan)
    {
        using var lines = new MemoryStream();
        ulong seed = recipe.Seed;
        foreach ((string name, string folder) in models)
        {
            (LlamaNetwork network, ByteLevelBpe tokenizer) = LlamaFolder.Open(folder);
            using (network)
            {
                foreach (string kind in plan.Kinds)
                    foreach (double temperature in s_temperatures) Ask(name, kind, temperature, seed++, network, tokenizer, plan, lines);
            }
        }

        string scratch = path + ".part";
        File.WriteAllBytes(scratch, lines.ToArray());
        File.Move(scratch, path, overwrite: true);
    }

    private void Ask(string model, string kind, double temperature, ulong seed, LlamaNetwork network, ByteLevelBpe tokenizer, JudgedPlan plan, MemoryStream lines)
    {
        DocumentKind asked = recipe.Kind(kind);
        DrawnDocument[] drawn = [.. Enumerable.Range(0, Each).Select(i => RecipeCorpus.Draw(recipe, asked, asked.HoldOut is null ? RecipeSplit.Training : RecipeSplit.Evaluation, i, $"judged:{model}:{seed}"))];
        int[][] prompts = [.. drawn.Select(d => DialogueTokens.Prompt(tokenizer, d.Clean.Turns.SkipLast(1).Select(t => (t.Role, t.Content))))];
        IReadOnlyList<int[]> answers = LlamaSampler.Continue(network, prompts, DialogueTokens.End, Longest, temperature, seed);
        for (int i = 0; i < drawn.Length; i++)
        {
            string said = tokenizer.Decode(answers[i]), trimmed = said.Trim();
            string label = trimmed == drawn[i].Sentence.Fill(plan.Compliance) ? "compliance" : plan.Refusals.SelectMany(r => recipe.World.List(r)).Any(r => r[""] == trimmed) ? "refusal" : "other";
            using (var json = new Utf8JsonWriter(lines, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
            {
                json.WriteStartObject();
                json.WriteString("request", drawn[i].Sentence.Fill(plan.Request));
                json.WriteString("answer", said);
                json.WriteString("label", label);
                json.WriteString("model", model);
                json.WriteString("family", kind);
                json.WriteNumber("temperature", temperature);
                json.WriteEndObject();
            }

            lines.WriteByte((byte)'\n');
        }
    }
}
