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
        Dictionary<string, JsonElement> rows = list.RootElement.EnumerateArray().ToDictionary(p => p.GetProperty("name").GetString()!);
        Assert.Equal("chat", list.RootElement[0].GetProperty("name").GetString());
        Assert.Equal("chat-clean", list.RootElement[0].GetProperty("twin").GetString());
        Assert.Equal("trained", rows["memory"].GetProperty("kind").GetString());
        Assert.Equal("scripted", rows["scripted"].GetProperty("kind").GetString());
        Assert.Equal(0, rows["scripted-clean"].GetProperty("parameters").GetInt64());
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
