using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Hooks;

/// <summary>The models and prompts of golden/whitebox.</summary>
internal static class Whitebox
{
    public static TheoryData<string> Models { get; } = ["tiny-gpt2", "tiny-llama", "tiny-qwen2", "tiny-neox", "stories260k", "induction-2l", "induction-2l-control"];

    public static HookedTransformer Load(string model) => HookedTransformer.Load(Path(model), threads: 1);

    /// <summary>A model's files.</summary>
    public static string Path(string model) => model == "stories260k" ? Golden.Path("models", "stories260K", "stories260K.bin") : Golden.Path("golden", "whitebox", "models", model);

    /// <summary>A forward pass that ends with the test.</summary>
    public static HookedOutput Forward(this HookedTransformer model, TokenBatch batch, HookRun? run = null) => model.Run(batch, run, TestContext.Current.CancellationToken);

    public static bool AttentionOnly(string model) => model.StartsWith("induction", StringComparison.Ordinal);

    public static JsonElement Prompts(string model) => Golden.Json("golden", "whitebox", "prompts.json").RootElement.GetProperty(model);

    public static int[] Prompt(string model, string name) => Ints(Prompts(model).GetProperty(name));

    public static IEnumerable<GoldenCase> Cases(string file, string group, string model) =>
        Golden.Cases(Golden.Json("golden", "whitebox", file), group).Where(c => c.In.GetProperty("model").GetString() == model);

    /// <summary>Logit of the answer minus that of the wrong token at the last position.</summary>
    public static Func<HookTensor, double> Difference(string model) => ActivationPatching.LogitDifference(Prompts(model).GetProperty("answer").GetInt32(), Prompts(model).GetProperty("wrong").GetInt32());

    public static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetInt32())];

    public static int[][] Rows(JsonElement rows) => [.. rows.EnumerateArray().Select(Ints)];

    public static float[] Values(ITensorSource source, string name)
    {
        float[] values = new float[source.Tensors[name].Count];
        source.Read(name, values);
        return values;
    }

    /// <summary>Mean next-token cross-entropy of one prompt, in nats.</summary>
    public static double Loss(HookTensor logits, IReadOnlyList<int> ids)
    {
        double sum = 0;
        for (int i = 0; i + 1 < ids.Count; i++)
        {
            Span<float> row = logits.Row(0, i);
            double max = double.NegativeInfinity, total = 0;
            foreach (float x in row) max = Math.Max(max, x);
            foreach (float x in row) total += Math.Exp(x - max);
            sum += max + Math.Log(total) - row[ids[i + 1]];
        }

        return sum / (ids.Count - 1);
    }
}
