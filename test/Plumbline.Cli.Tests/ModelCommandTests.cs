using System.Text.Json;
using Plumbline.Models.Files;

namespace Plumbline.Cli.Tests;

public sealed class ModelCommandTests : IDisposable
{
    private readonly CommandLine _plumbline = new();

    public void Dispose() => _plumbline.Dispose();

    [Fact]
    public async Task Info_Phantom_HasTheKeys()
    {
        using JsonDocument info = await JsonAsync("model", "info", "phantom", "--json");
        string[] keys = ["architecture", "shapes", "parameters", "types", "tokenizer", "template", "hash"];
        Assert.All(keys, key => Assert.True(info.RootElement.TryGetProperty(key, out _), key));
        Assert.Equal("llama", info.RootElement.GetProperty("architecture").GetString());
    }

    [Fact]
    public async Task Tokenize_ThenDetokenize_GivesTheTextBack()
    {
        string[] texts = ["Hello, lamp.", "灯 is 中", "\U0001F600 <|im_end|>", ""];
        string file = _plumbline.PathOf("texts.jsonl");
        await File.WriteAllLinesAsync(file, texts.Select(t => $$"""{"text":"{{JsonEncodedText.Encode(t)}}"}"""), TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "tokenize", "phantom", "--jsonl", file, "--special", "plain"));
        string ids = _plumbline.PathOf("ids.jsonl");
        await File.WriteAllTextAsync(ids, _plumbline.Output, TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "detokenize", "phantom", "--jsonl", ids));
        Assert.Equal(texts, _plumbline.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("text").GetString()));
    }

    [Fact]
    public async Task Template_GoodAndBadLine_GivesTextAndError()
    {
        string file = _plumbline.PathOf("chats.jsonl");
        await File.WriteAllLinesAsync(file, ["""{"messages":[{"role":"user","content":"Hi"}],"add_generation_prompt":true}""", """{"messages":5}"""], TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "template", "phantom", "--jsonl", file));
        string[] lines = _plumbline.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains("Hi", JsonDocument.Parse(lines[0]).RootElement.GetProperty("text").GetString()!, StringComparison.Ordinal);
        Assert.True(JsonDocument.Parse(lines[1]).RootElement.TryGetProperty("error", out _));
    }

    [Fact]
    public async Task Generate_LeftPadding_ChangesNothing()
    {
        string file = _plumbline.PathOf("ids.json");
        await File.WriteAllTextAsync(file, """{"ids":[[0,0,40,41,42],[40,41,42,43,44]],"mask":[[0,0,1,1,1],[1,1,1,1,1]]}""", TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "generate", "phantom", "--ids-file", file, "--max-new", "5", "--greedy"));
        string padded = _plumbline.Output.Split('\n')[0];
        await File.WriteAllTextAsync(file, """{"ids":[[40,41,42]]}""", TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "generate", "phantom", "--ids-file", file, "--max-new", "5", "--greedy"));
        Assert.Equal(padded, _plumbline.Output.Split('\n')[0]);
    }

    [Fact]
    public async Task Generate_Beams_GivesATextAtLeastAsLikelyAsGreedy()
    {
        string file = _plumbline.PathOf("ids.json");
        await File.WriteAllTextAsync(file, """{"ids":[[40,41,42]]}""", TestContext.Current.CancellationToken);
        using JsonDocument one = await JsonAsync("model", "generate", "phantom", "--ids-file", file, "--max-new", "6", "--beams", "1", "--ignore-end");
        using JsonDocument greedy = await JsonAsync("model", "generate", "phantom", "--ids-file", file, "--max-new", "6", "--greedy", "--ignore-end");
        Assert.Equal(greedy.RootElement.GetProperty("ids").GetRawText(), one.RootElement.GetProperty("ids").GetRawText());
        using JsonDocument six = await JsonAsync("model", "generate", "phantom", "--ids-file", file, "--max-new", "6", "--beams", "6", "--length-penalty", "0", "--ignore-end", "--memory", "1g", "--weights", "bf16");
        Assert.Equal(6, six.RootElement.GetProperty("ids").GetArrayLength());
        Assert.True(six.RootElement.GetProperty("logprob").GetDouble() >= one.RootElement.GetProperty("logprob").GetDouble() - 0.05); // BF16 moves figures a little.
        Assert.Equal(2, await _plumbline.RunAsync("model", "generate", "phantom", "--ids-file", file, "--beams", "2", "--temperature", "1"));
        Assert.Equal(2, await _plumbline.RunAsync("model", "generate", "phantom", "--ids-file", file, "--beams", "-2"));
    }

    [Fact]
    public async Task Score_MaskedModel_GivesPseudoLogLikelihoods()
    {
        string pairs = _plumbline.PathOf("pairs.jsonl");
        await File.WriteAllTextAsync(pairs, """{"context":"","continuation":"Alice was very tired"}""", TestContext.Current.CancellationToken);
        using JsonDocument score = await JsonAsync("model", "score", Plumbline.Tests.Golden.Path("golden", "models", "bert"), "--jsonl", pairs);
        Assert.Equal(-46.5313156, score.RootElement.GetProperty("logprob").GetDouble(), 1e-3);
        Assert.Equal(6, score.RootElement.GetProperty("tokens").GetInt32());
    }

    [Fact]
    public async Task ConvertToGguf_ThenScore_GivesTheFoldersFigures()
    {
        string pairs = _plumbline.PathOf("pairs.jsonl");
        await File.WriteAllTextAsync(pairs, """{"context":"The lamp is","continuation":" blue."}""", TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "score", "phantom", "--jsonl", pairs));
        double expected = JsonDocument.Parse(_plumbline.Output).RootElement.GetProperty("logprob").GetDouble();
        Assert.Equal(0, await _plumbline.RunAsync("model", "convert", "phantom", "--to", "gguf", "--type", "f32", "--out", _plumbline.PathOf("converted")));
        Assert.Equal(0, await _plumbline.RunAsync("model", "score", _plumbline.Output.Trim(), "--jsonl", pairs));
        Assert.Equal(expected, JsonDocument.Parse(_plumbline.Output).RootElement.GetProperty("logprob").GetDouble(), 1e-4);
    }

    [Fact]
    public async Task Logits_TwoRows_HaveTheShape()
    {
        string file = _plumbline.PathOf("ids.json"), target = _plumbline.PathOf("logits.safetensors");
        await File.WriteAllTextAsync(file, """{"ids":[[40,41,42],[43,44,45]]}""", TestContext.Current.CancellationToken);
        Assert.Equal(0, await _plumbline.RunAsync("model", "logits", "phantom", "--ids-file", file, "--out", target));
        Assert.Empty(_plumbline.Output);
        using ITensorSource tensors = Safetensors.Open(target);
        Assert.Equal([2, 3], tensors.Tensors["logits"].Shape.Take(2));
    }

    [Theory]
    [InlineData("model info nowhere", 2, "neither a file nor a folder")]
    [InlineData("model info phantom:scripted", 2, "law without weights")]
    [InlineData("model tokenize phantom", 2, "--jsonl")]
    [InlineData("model chat phantom --memory 5x", 2, "512m")]
    [InlineData("model chat phantom --memory 1m", 1, "runtime 160 MB")]
    [InlineData("model chat phantom --weights f16", 2, "bf16")]
    [InlineData("phantom card nobody", 2, "phantom list")]
    [InlineData("serve nowhere --port 0", 2, "neither a file nor a folder")]
    [InlineData("serve phantom:scripted --host example.invalid", 2, "no address")]
    [InlineData("serve phantom:scripted --port 70000", 2, "--port")]
    [InlineData("serve phantom:scripted --api-key-env UNSET", 2, "UNSET")]
    public async Task Run_WrongUse_SaysWhatToDo(string line, int exit, string hint)
    {
        Assert.Equal(exit, await _plumbline.RunAsync(line.Split(' ')));
        Assert.Contains(hint, _plumbline.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PhantomList_Json_HasTheDefaultFirstAndEveryKind()
    {
        using JsonDocument list = await JsonAsync("phantom", "list", "--json");
        JsonElement[] phantoms = [.. list.RootElement.EnumerateArray()];
        string[] names = [.. phantoms.Select(p => p.GetProperty("name").GetString()!)];
        Assert.Equal("chat", names[0]);
        Assert.Equal("chat-clean", phantoms[0].GetProperty("twin").GetString());
        Assert.Superset(new HashSet<string> { "chat-clean", "scripted", "scripted-clean", "scripted-noisy", "scripted-noisy-clean" }, names.ToHashSet());
        Assert.All(phantoms.Where(p => p.GetProperty("kind").GetString() == "scripted"), p => Assert.Equal(0, p.GetProperty("parameters").GetInt64()));
        Assert.All(phantoms.Where(p => p.GetProperty("twin").ValueKind == JsonValueKind.String), p => Assert.Contains(p.GetProperty("twin").GetString(), names));
        Dictionary<string, string?> kinds = phantoms.ToDictionary(p => p.GetProperty("name").GetString()!, p => p.GetProperty("kind").GetString());
        Assert.Equal(("trained", "wired", "scripted"), (kinds["memory"], kinds["induction"], kinds["scripted"]));
    }

    [Fact]
    public async Task Doctor_Json_NamesWhatIsHere()
    {
        using JsonDocument json = await JsonAsync("doctor", "--json");
        string[] keys = ["system", "dotnet", "processor", "cores", "memory", "torch", "proxies", "fonts"];
        Assert.All(keys, key => Assert.True(json.RootElement.TryGetProperty(key, out _), key));
    }

    [Fact]
    public async Task Compare_PlantedAndClean_FindsTheRealDifferencesOnly()
    {
        string a = _plumbline.PathOf("a"), b = _plumbline.PathOf("b");
        await _plumbline.RunAsync("assess", "phantom:scripted-clean", "--quiet", "--out", a);
        await _plumbline.RunAsync("assess", "phantom:scripted", "--quiet", "--out", b);
        using JsonDocument planted = await JsonAsync("compare", a, b, "--json");
        JsonElement fewShot = planted.RootElement.GetProperty("comparisons").EnumerateArray().First(r => r.GetProperty("evaluation").GetString() == "jailbreak/few-shot");
        Assert.True(fewShot.GetProperty("real").GetBoolean());
        Assert.True(fewShot.GetProperty("pairs").GetInt32() > 0);
        Assert.InRange(fewShot.GetProperty("difference").GetDouble(), fewShot.GetProperty("low").GetDouble(), fewShot.GetProperty("high").GetDouble());
        string again = _plumbline.PathOf("again");
        await _plumbline.RunAsync("assess", "phantom:scripted-clean", "--quiet", "--out", again);
        using JsonDocument same = await JsonAsync("compare", a, again, "--json");
        Assert.DoesNotContain(same.RootElement.GetProperty("comparisons").EnumerateArray(), r => r.GetProperty("real").GetBoolean());
    }

    private async Task<JsonDocument> JsonAsync(params string[] args)
    {
        int exit = await _plumbline.RunAsync(args);
        Assert.True(exit == 0, _plumbline.Error);
        return JsonDocument.Parse(_plumbline.Output);
    }
}
