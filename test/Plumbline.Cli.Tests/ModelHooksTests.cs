using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Tests;

namespace Plumbline.Cli.Tests;

public sealed class ModelHooksTests : IDisposable
{
    private readonly CommandLine _plumbline = new();

    public void Dispose() => _plumbline.Dispose();

    [Theory]
    [InlineData("tiny-gpt2")]
    [InlineData("tiny-llama")]
    [InlineData("tiny-qwen2")]
    [InlineData("tiny-neox")]
    public async Task Hooks_Json_IsGoldensListWithOptionalOnes(string model)
    {
        Assert.Equal(0, await _plumbline.RunAsync("model", "hooks", Golden.Path("golden", "whitebox", "models", model), "--json"));
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output), golden = Golden.Json("golden", "whitebox", "hooks.json");
        JsonElement want = Golden.Cases(golden, "names").Single(c => c.In.GetProperty("model").GetString() == model).Out!.Value;
        Assert.Equal(Names(want.GetProperty("inForwardOrder")), json.RootElement.EnumerateArray().Where(h => !h.GetProperty("optional").GetBoolean()).Select(Show));
        Assert.Equal(Names(want.GetProperty("optIn")), json.RootElement.EnumerateArray().Where(h => h.GetProperty("optional").GetBoolean()).Select(Show));

        static IEnumerable<string> Names(JsonElement list) => list.EnumerateArray().Select(h => $"{h[0].GetString()} {h[1].GetString()}");
        static string Show(JsonElement h) => $"{h.GetProperty("name").GetString()} [{string.Join(", ", h.GetProperty("shape").EnumerateArray().Select(s => s.GetString()))}]";
    }

    [Theory]
    [InlineData("tiny-gpt2")]
    [InlineData("tiny-llama")]
    [InlineData("tiny-qwen2")]
    [InlineData("tiny-neox")]
    public async Task Hooks_Forks_AreGoldensWhereTheStreamIsRead(string model)
    {
        string path = Golden.Path("golden", "whitebox", "models", model);
        Assert.Equal(0, await _plumbline.RunAsync("model", "hooks", path, "--forks", "--json"));
        using JsonDocument json = JsonDocument.Parse(_plumbline.Output), golden = Golden.Json("golden", "whitebox", "hooks.json");
        JsonElement want = Golden.Cases(golden, "names").Single(c => c.In.GetProperty("model").GetString() == model).Out!.Value;
        string[] listed = [.. json.RootElement.EnumerateArray().Where(h => h.GetProperty("optional").GetBoolean()).Select(h => $"{h.GetProperty("name").GetString()} [{string.Join(", ", h.GetProperty("shape").EnumerateArray().Select(s => s.GetString()))}]")];
        Assert.Equal(new[] { "optIn", "forks" }.SelectMany(list => want.GetProperty(list).EnumerateArray()).Select(h => $"{h[0].GetString()} {h[1].GetString()}").Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));

        // What a head reads stands between the stream and its queries.
        List<string> names = [.. json.RootElement.EnumerateArray().Select(h => h.GetProperty("name").GetString()!)];
        Assert.InRange(names.IndexOf("blocks.1.hook_v_input"), names.IndexOf("blocks.1.hook_resid_pre"), names.IndexOf("blocks.1.attn.hook_q"));
        Assert.InRange(names.IndexOf("blocks.1.hook_mlp_in"), names.IndexOf("blocks.1.hook_attn_out"), names.IndexOf("blocks.1.mlp.hook_pre"));

        // Each is a copy of the stream for every head, and only where it is named.
        string ids = _plumbline.PathOf("ids.json"), target = _plumbline.PathOf("a.safetensors"), all = _plumbline.PathOf("all.safetensors");
        await File.WriteAllTextAsync(ids, """{"ids":[[1,5,9,2]]}""", TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "activations", path, "--ids-file", ids, "--names", string.Join(',', want.GetProperty("forks").EnumerateArray().Select(h => h[0].GetString())), "--out", target));
        Assert.Equal(0, await _plumbline.RunAsync("model", "activations", path, "--ids-file", ids, "--names", "*", "--out", all));
        using ITensorSource got = Safetensors.Open(target), plain = Safetensors.Open(all);
        Assert.Equal(want.GetProperty("forks").GetArrayLength(), got.Tensors.Count);
        Assert.Empty(got.Tensors.Keys.Intersect(plain.Tensors.Keys));
        foreach (string name in got.Tensors.Keys)
        {
            string block = name[..(name.LastIndexOf('.') + 1)];
            float[] stream = Values(plain, name.EndsWith("mlp_in", StringComparison.Ordinal) && plain.Tensors.ContainsKey(block + "hook_resid_mid") ? block + "hook_resid_mid" : block + "hook_resid_pre"), copies = Values(got, name);
            int width = stream.Length / 4, each = copies.Length / stream.Length;
            for (int i = 0; i < copies.Length; i++) Golden.Close(stream[(i / (each * width) * width) + (i % width)], copies[i], 1e-5, 1e-5, $"{name} {i}");
        }
    }

    [Fact]
    public async Task Activations_PaddedBatch_AreGoldenAndOptionalOnesOnlyWhereNamed()
    {
        using JsonDocument prompts = Golden.Json("golden", "whitebox", "prompts.json");
        string ids = _plumbline.PathOf("ids.json"), target = _plumbline.PathOf("a.safetensors"), path = Golden.Path("golden", "whitebox", "models", "tiny-neox");
        await File.WriteAllTextAsync(ids, prompts.RootElement.GetProperty("tiny-neox").GetProperty("batch").GetProperty("left").GetRawText(), TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "activations", path, "--ids-file", ids, "--names", "blocks.*,ln_final.hook_scale", "--out", target));
        Assert.Empty(_plumbline.Output);
        using ITensorSource got = Safetensors.Open(target), want = Safetensors.Open(Golden.Path("golden", "whitebox", "activations", "tiny-neox.left.safetensors"));
        Assert.DoesNotContain(got.Tensors.Keys, name => name.EndsWith("hook_result", StringComparison.Ordinal));
        float[] expected = Values(want, "blocks.1.hook_resid_post"), values = Values(got, "blocks.1.hook_resid_post");
        for (int i = 0; i < expected.Length; i++) Golden.Close(expected[i], values[i], 1e-4, 5e-5, $"blocks.1.hook_resid_post {i}");

        Assert.Equal(0, await _plumbline.RunAsync("model", "activations", path, "--ids-file", ids, "--names", "blocks.*.attn.hook_result", "--out", target));
        using ITensorSource results = Safetensors.Open(target);
        Assert.Equal(["blocks.0.attn.hook_result", "blocks.1.attn.hook_result"], results.Tensors.Keys.Order());
    }

    [Theory]
    [InlineData("bert", "plain")]
    [InlineData("bert", "right")]
    [InlineData("roberta", "right")]
    [InlineData("distilbert", "right")]
    [InlineData("opt", "left")]
    public async Task Logits_GoldenCase_HonourMaskAndTypes(string folder, string name)
    {
        using JsonDocument cases = Golden.Json("golden", "models", folder, "cases.json");
        JsonElement one = cases.RootElement.GetProperty("groups").GetProperty("forward").GetProperty("cases").EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);
        string ids = _plumbline.PathOf("ids.json"), target = _plumbline.PathOf("logits.safetensors");
        await File.WriteAllTextAsync(ids, one.GetProperty("in").GetRawText(), TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "logits", Golden.Path("golden", "models", folder), "--ids-file", ids, "--out", target));
        using ITensorSource got = Safetensors.Open(target), want = Safetensors.Open(Golden.Path("golden", "models", folder, "cases.safetensors"));
        float[] expected = Values(want, name + ".logits"), values = Values(got, "logits");
        Assert.Equal(want.Tensors[name + ".logits"].Shape, got.Tensors["logits"].Shape);
        for (int i = 0; i < expected.Length; i++) Golden.Close(expected[i], values[i], 1e-5, 1e-4, $"{folder} {name} {i}");
    }

    [Fact]
    public async Task ActivationsAndLogits_ByLibtorch_AreThoseOfOurKernels()
    {
        string ids = _plumbline.PathOf("ids.json"), own = _plumbline.PathOf("own.safetensors"), torch = _plumbline.PathOf("torch.safetensors");
        await File.WriteAllTextAsync(ids, """{"ids":[[40,41,42,43],[44,45,46,0]],"mask":[[1,1,1,1],[1,1,1,0]]}""", TestContext.Current.CancellationToken);
        foreach (string[] command in (string[][])[["logits"], ["activations", "--names", "blocks.*.hook_resid_post,blocks.0.attn.hook_pattern"]])
        {
            Assert.Equal(0, await _plumbline.RunAsync(["model", command[0], "phantom:bias", .. command[1..], "--ids-file", ids, "--out", own]));
            Assert.Equal(0, await _plumbline.RunAsync(["model", command[0], "phantom:bias", .. command[1..], "--ids-file", ids, "--out", torch, "--device", "cpu"]));
            using ITensorSource want = Safetensors.Open(own), got = Safetensors.Open(torch);
            Assert.Equal(want.Tensors.Keys.Order(), got.Tensors.Keys.Order());
            foreach (string name in want.Tensors.Keys)
            {
                float[] expected = Values(want, name), values = Values(got, name);
                for (int i = 0; i < expected.Length; i++) Golden.Close(expected[i], values[i], 1e-4, 1e-4, $"{name} {i}");
            }
        }
    }

    [Theory]
    [InlineData("gpu", "cpu, cuda, or cuda:N")]
    [InlineData("cuda:200", "There is no device cuda:200")]
    public async Task Logits_NoSuchDevice_SaysWhatThereIs(string device, string hint)
    {
        string ids = _plumbline.PathOf("ids.json");
        await File.WriteAllTextAsync(ids, """{"ids":[[1,2]]}""", TestContext.Current.CancellationToken);
        Assert.Equal(2, await _plumbline.RunAsync("model", "logits", "phantom:bias", "--ids-file", ids, "--out", _plumbline.PathOf("o.safetensors"), "--device", device));
        Assert.Contains(hint, _plumbline.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"ids":[[1,2,3]]}""", "blocks.0.attn.hook_patern", "hook_pattern")]
    [InlineData("""{"ids":[[1,2,3]]}""", "blocks.900.hook_resid_pre", "out of range")]
    [InlineData("""{"ids":[[1,2,3]]}""", "nothing*", "There is no hook")]
    [InlineData("""{"ids":[[1,2],[3]]}""", "hook_embed", "pad them")]
    [InlineData("""{"ids":[[1,2,3,4]],"mask":[[1,1,0,1]]}""", "hook_embed", "hole")]
    [InlineData("""{"ids":[[1,2]],"mask":[[0,0]]}""", "hook_embed", "all zero")]
    [InlineData("""{"ids":[[1,99999999]]}""", "hook_embed", "out of range")]
    [InlineData("""{"ids":[[]]}""", "hook_embed", "empty")]
    [InlineData("""{"mask":[[1]]}""", "hook_embed", "ids")]
    [InlineData("[1", "hook_embed", "JSON")]
    public async Task Activations_WrongInput_SaysWhatToDo(string json, string names, string hint)
    {
        string ids = _plumbline.PathOf("ids.json");
        await File.WriteAllTextAsync(ids, json, TestContext.Current.CancellationToken);
        Assert.Equal(2, await _plumbline.RunAsync("model", "activations", "phantom", "--ids-file", ids, "--names", names, "--out", _plumbline.PathOf("a.safetensors")));
        Assert.Contains(hint, _plumbline.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_plumbline.PathOf("a.safetensors")));
    }

    private static float[] Values(ITensorSource source, string name)
    {
        float[] values = new float[source.Tensors[name].Count];
        source.Read(name, values);
        return values;
    }
}
