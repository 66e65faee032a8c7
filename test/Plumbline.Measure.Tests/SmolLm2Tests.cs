using System.Globalization;
using System.Text.Json;
using Plumbline.Measure.Ability;
using Plumbline.Measure.Bias;
using Plumbline.Measure.Public;
using Plumbline.Models.Inference;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests;

/// <summary>
/// The public data through our evaluations and our scorer on a real model, against reference likelihoods of the same rows:
/// the text that is asked, each sum, and the figures. By default a few rows of each; all with PLUMBLINE_SLOW=1.
/// </summary>
public sealed class SmolLm2Tests(SmolLm2Tests.Model loaded) : IClassFixture<SmolLm2Tests.Model>
{
    private const int Few = 6;
    private const double Atol = 5e-4, AtolToken = 1e-4;

    private static readonly PublicWorld s_world = new();

    private static bool All { get; } = Environment.GetEnvironmentVariable("PLUMBLINE_SLOW") == "1";

    [Fact]
    public async Task CrowsPairs_GoldenRows_GiveGoldenSumsAndShares()
    {
        JsonElement[] lines = Lines("crows-pairs.jsonl");
        Dictionary<string, SentencePair> pairs = s_world.SentencePairs(new(1))!.Items.ToDictionary(p => p.Id);
        OneWorld world = new() { Pairs = [.. lines.Select(l => pairs[$"crows-{l.GetProperty("row").GetInt32().ToString(CultureInfo.InvariantCulture)}"])] };
        List<IReadOnlyList<SequenceScore>> scores = await ScoreAsync(new CrowsPairs(), world);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(lines[i].GetProperty("stereo_antistereo").GetString(), world.Pairs![i].Direction);
            CheckSum(lines[i].GetProperty("more").GetProperty("eot"), scores[i][0], $"pair {i} more");
            CheckSum(lines[i].GetProperty("less").GetProperty("eot"), scores[i][1], $"pair {i} less");
        }

        if (!All) return;
        JsonElement want = Summary("crows_pairs", "eot_sum");
        Dictionary<string, Metric> metrics = Given.Measure(new CrowsPairs(), world, new(1), (_, i) => new() { Scores = scores[i] });
        Golden.Close(want.GetProperty("percent").GetDouble(), 100 * metrics["percent_stereotype"].Estimate!.Value, 1e-12, 0, "percent");
        Golden.Close(want.GetProperty("percent_stereo").GetDouble(), 100 * metrics["percent_stereo"].Estimate!.Value, 1e-12, 0, "percent_stereo");
        Golden.Close(want.GetProperty("percent_antistereo").GetDouble(), 100 * metrics["percent_antistereo"].Estimate!.Value, 1e-12, 0, "percent_antistereo");
        Golden.Close(want.GetProperty("mean_absolute_difference").GetDouble(), metrics["likelihood_difference"].Estimate!.Value, 1e-3, 0, "difference");
    }

    [Fact]
    public async Task Bbq_GoldenRows_GiveGoldenSumsAndScores()
    {
        JsonElement[] lines = Lines("bbq.jsonl");
        Dictionary<string, ChoiceQuestion> questions = s_world.Choices("bias", new(1))!.Items.ToDictionary(q => q.Id);
        OneWorld world = new() { Questions = [.. lines.Select(l => questions[$"bbq-{l.GetProperty("category").GetString()}-{l.GetProperty("example_id").GetInt32()}"])] };
        List<IReadOnlyList<SequenceScore>> scores = await ScoreAsync(new Bbq(), world, lines);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(lines[i].GetProperty("label").GetInt32(), world.Questions![i].Answer);
            for (int k = 0; k < 3; k++) CheckSum(lines[i].GetProperty("answers")[k], scores[i][k], $"question {i} answer {k}");
        }

        Dictionary<string, Metric> metrics = Given.Measure(new Bbq(), world, new(1, Likelihood: true), (_, i) => new() { Scores = scores[i] });
        IReadOnlyList<SampleRecord> records = Given.Records(new Bbq(), world, new(1, Likelihood: true), (_, i) => new() { Scores = scores[i] });
        for (int i = 0; i < lines.Length; i++) Assert.Equal(lines[i].GetProperty("pick_sum").GetInt32(), records[i].Parts!["choice"]);
        if (!All) return;
        foreach (string context in new[] { "ambig", "disambig" })
        {
            JsonElement want = Summary("bbq", "pick_sum", context);
            Assert.Equal(want.GetProperty("n").GetInt32(), metrics[$"accuracy_{context}"].Estimate!.N);
            Golden.Close(want.GetProperty("accuracy").GetDouble(), metrics[$"accuracy_{context}"].Estimate!.Value, 1e-12, 0, context);
            Golden.Close(want.GetProperty("bias_score").GetDouble(), metrics[$"bias_{context}"].Estimate!.Value, 1e-12, 0, context);
        }
    }

    [Fact]
    public async Task Mmlu_GoldenRows_GiveGoldenLettersAndAccuracy()
    {
        JsonElement[] lines = Lines("mmlu.jsonl");
        Dictionary<string, ChoiceQuestion> questions = s_world.Choices("knowledge", new(1))!.Items.ToDictionary(q => q.Id);
        OneWorld world = new() { Questions = [.. lines.Select(l => questions[$"{l.GetProperty("file").GetString()![..^9]}-{l.GetProperty("row").GetInt32()}"])] };
        List<IReadOnlyList<SequenceScore>> scores = await ScoreAsync(new Mmlu(), world, lines);
        for (int i = 0; i < lines.Length; i++)
        {
            Assert.Equal(lines[i].GetProperty("key").GetInt32(), world.Questions![i].Answer);
            for (int k = 0; k < 4; k++) Golden.Close(lines[i].GetProperty("letter_logprobs")[k].GetDouble(), scores[i][k].LogProb, 0, Atol, $"question {i} letter {k}");
        }

        if (All) Golden.Close(Summary("mmlu").GetProperty("accuracy").GetDouble(), Given.Measure(new Mmlu(), world, new(1, Likelihood: true), (_, i) => new() { Scores = scores[i] })["accuracy"].Estimate!.Value, 1e-12, 0, "accuracy");
    }

    private async Task<List<IReadOnlyList<SequenceScore>>> ScoreAsync(Evaluation evaluation, World world, JsonElement[]? prompts = null)
    {
        Sample[] samples = [.. evaluation.Samples(world, new(1, Likelihood: true))!.Samples];
        if (prompts is not null)
        {
            for (int i = 0; i < samples.Length; i++) Assert.All(samples[i].Queries, q => Assert.Equal(prompts[i].GetProperty("prompt").GetString(), q.Context));
        }

        IReadOnlyList<SequenceScore> all = await loaded.Get().ScoreAsync([.. samples.SelectMany(s => s.Queries)], TestContext.Current.CancellationToken);
        List<IReadOnlyList<SequenceScore>> scores = [];
        int at = 0;
        foreach (Sample sample in samples)
        {
            scores.Add([.. all.Skip(at).Take(sample.Queries.Count)]);
            at += sample.Queries.Count;
        }

        return scores;
    }

    private static void CheckSum(JsonElement want, SequenceScore score, string what)
    {
        Assert.Equal(want.GetProperty("n").GetInt32(), score.Tokens);
        Golden.Close(want.GetProperty("sum").GetDouble(), score.LogProb, 0, Atol + (AtolToken * score.Tokens), what);
        for (int t = 0; t < score.Tokens; t++) Golden.Close(want.GetProperty("tokens")[t].GetDouble(), score.TokenLogProbs[t], 0, Atol, $"{what} token {t}");
    }

    private static JsonElement[] Lines(string file) => [.. Golden.Lines("golden", "smollm2", "likelihood", file).Take(All ? int.MaxValue : Few)];

    private static JsonElement Summary(params string[] path) =>
        path.Aggregate(Golden.Json("golden", "smollm2", "likelihood", "summary.json").RootElement, (at, name) => at.GetProperty(name));

    /// <summary>The model, loaded once.</summary>
    public sealed class Model : IDisposable
    {
        private LanguageModel? _model;

        internal LanguageModel Get() => _model ??= LanguageModel.Load(Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf"));

        public void Dispose() => _model?.Dispose();
    }
}
