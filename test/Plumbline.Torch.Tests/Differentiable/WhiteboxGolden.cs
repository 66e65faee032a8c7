using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Tests;
using Plumbline.Torch.Differentiable;

namespace Plumbline.Torch.Tests.Differentiable;

/// <summary>The models and prompts of golden/whitebox.</summary>
internal static class WhiteboxGolden
{
    public static TheoryData<string> Models { get; } = ["tiny-gpt2", "tiny-llama", "tiny-qwen2", "tiny-neox", "stories260k", "induction-2l", "induction-2l-control"];

    public static string Folder(string model) =>
        model == "stories260k" ? Golden.Path("models", "stories260K", "stories260K.bin") : Golden.Path("golden", "whitebox", "models", model);

    public static DifferentiableTransformer Load(string model, TorchSharp.torch.ScalarType type = TorchSharp.torch.ScalarType.Float32) => DifferentiableTransformer.Load(Folder(model), type);

    public static JsonElement Prompts(string model) => Golden.Json("golden", "whitebox", "prompts.json").RootElement.GetProperty(model);

    public static int[] Ids(string model, string name) => Ints(Prompts(model).GetProperty(name));

    public static TokenBatch Prompt(string model, string name) => TokenBatch.Of(Ids(model, name));

    public static (int Answer, int Wrong) Answers(string model) => (Prompts(model).GetProperty("answer").GetInt32(), Prompts(model).GetProperty("wrong").GetInt32());

    public static IEnumerable<GoldenCase> Cases(string file, string group, string model) =>
        Golden.Cases(Golden.Json("golden", "whitebox", file), group).Where(c => c.In.GetProperty("model").GetString() == model);

    public static int[] Ints(JsonElement list) => [.. list.EnumerateArray().Select(e => e.GetInt32())];

    public static int[][] Rows(JsonElement rows) => [.. rows.EnumerateArray().Select(Ints)];

    public static float[] Values(ITensorSource source, string name)
    {
        float[] values = new float[source.Tensors[name].Count];
        source.Read(name, values);
        return values;
    }

    public static double Norm(HookTensor x) => Math.Sqrt(x.Values.Sum(v => (double)v * v));
}
