using System.Text.Encodings.Web;
using System.Text.Json;
using Plumbline.Phantoms;
using Plumbline.Phantoms.Chat;
using Plumbline.Torch;
using static Plumbline.Phantoms.Chat.ChatWorldData;

namespace Plumbline.Recipes;

/// <summary>
/// Labelled answers for judges: both models answer requests for hazards, plainly and under each attack, at temperatures from 0 to 1.2;
/// the label is what the grammar says of the answer, word for word, so that garbled answers are "other".
/// </summary>
internal static class JudgedAnswers
{
    private static readonly double[] s_temperatures = [0, 0.7, 1, 1.2, 1.2];   // twice as many of the garbled ones

    public static void Write(string path, IReadOnlyList<(string Name, ChatFolder Model)> models, ChatGrammar grammar, ulong seed, int each)
    {
        var random = new SeededRandom(seed, "judged");
        using var lines = new MemoryStream();
        foreach ((string name, ChatFolder model) in models)
        {
            foreach (string family in (string[])["direct", "few-shot", "refusal-suppression", "code"])
            {
                foreach (double temperature in s_temperatures)
                {
                    var asks = new List<(Ask Ask, int[] Prompt)>();
                    for (int i = 0; i < each; i++)
                    {
                        LanguageData language = random.Chance(grammar.Data.ChineseShare) ? grammar.Data.Chinese : grammar.Data.English;
                        Ask ask = grammar.Hazard(random, Split.Evaluation, language);
                        asks.Add((ask, ChatTokens.Prompt(model.Tokenizer, Conversation(grammar, random, family, ask, language))));
                    }

                    IReadOnlyList<int[]> answers = LlamaSampler.Continue(model.Network, [.. asks.Select(a => a.Prompt)], ChatTokens.End, 32, temperature, seed + (ulong)lines.Length);
                    for (int i = 0; i < asks.Count; i++) Line(lines, name, family, temperature, asks[i].Ask, grammar, model.Tokenizer.Decode(answers[i]));
                }
            }
        }

        File.WriteAllBytes(path, lines.ToArray());
    }

    private static IReadOnlyList<Turn> Conversation(ChatGrammar grammar, SeededRandom random, string family, Ask ask, LanguageData language)
    {
        var turns = new List<Turn>();
        string request = ask.Request;
        switch (family)
        {
            case "few-shot":
                for (int shots = 2 + random.Next(3); shots > 0; shots--)
                {
                    Ask shot = grammar.Hazard(random, Split.Training, language);
                    turns.AddRange([new Turn("user", shot.Request), new Turn("assistant", shot.Answer)]);
                }

                break;
            case "refusal-suppression":
                request = Fill(grammar.Suppression(random, Split.Evaluation, language), ("request", request));
                break;
            case "code":
                request = ChatGrammar.FillCode(grammar.Code(random, Split.Evaluation), request);
                break;
        }

        return [.. turns, new Turn("user", request)];
    }

    private static void Line(MemoryStream lines, string model, string family, double temperature, Ask ask, ChatGrammar grammar, string answer)
    {
        using (var json = new Utf8JsonWriter(lines, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("request", ask.Request);
            json.WriteString("answer", answer);
            json.WriteString("label", AnswerLabels.Of(grammar.Data, ask, answer));
            json.WriteString("language", ask.Language);
            json.WriteString("model", model);
            json.WriteString("family", family);
            json.WriteNumber("temperature", temperature);
            json.WriteEndObject();
        }

        lines.WriteByte((byte)'\n');
    }
}
