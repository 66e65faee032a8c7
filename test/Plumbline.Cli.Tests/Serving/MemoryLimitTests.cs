using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Plumbline.Cli.Serving;
using Plumbline.Models.Inference;
using Plumbline.Tests;

namespace Plumbline.Cli.Tests.Serving;

/// <summary>`--memory` wherever a model of this machine is opened: what does not fit is refused with the reason, all else comes as without it.</summary>
public sealed partial class MemoryLimitTests : IDisposable
{
    private readonly CommandLine _plumbline = new();
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false });

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _plumbline.Dispose();
        _client.Dispose();
    }

    [Fact]
    public async Task Serve_LittleMemory_RefusesLongTextsAndQueuesTheRest()
    {
        string path = Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
        using ServedModel free = ServedModel.Open(path, new() { Threads = 2 }), tight = ServedModel.Open(path, new() { Threads = 2, MemoryLimit = 400 << 20 });
        await using ModelServer generous = await ModelServer.StartAsync(free, null, Cancel), server = await ModelServer.StartAsync(tight, null, Cancel);
        // Together more than the room for keys and values; each by itself fits.
        string[] bodies = [.. Enumerable.Range(0, 4).Select(i => $$"""{"model":"{{free.Name}}","messages":[{"role":"user","content":"{{string.Join(' ', Enumerable.Repeat($"bread{i}", 330))}}"}],"max_tokens":6,"seed":{{i}},"temperature":1}""")];
        string[] want = await Task.WhenAll(bodies.Select(body => AnswerAsync(generous, body))), got = await Task.WhenAll(bodies.Select(body => AnswerAsync(server, body)));
        Assert.Equal(want, got);

        string words = string.Join(' ', Enumerable.Repeat("bread", 6000));
        foreach ((string route, string body, string param) in new[]
        {
            ("chat/completions", $$"""{"model":"{{free.Name}}","messages":[{"role":"user","content":"{{words}}"}]}""", "messages"),
            ("chat/completions", $$"""{"model":"{{free.Name}}","messages":[{"role":"user","content":"{{words}}"}],"stream":true}""", "messages"),
            ("completions", $$"""{"model":"{{free.Name}}","prompt":"{{words}}"}""", "prompt"),
            ("completions", $$"""{"model":"{{free.Name}}","prompt":"{{words}}","max_tokens":0,"echo":true,"logprobs":1}""", "prompt"),
        })
        {
            using HttpResponseMessage response = await _client.PostAsync($"{server.Address}/{route}", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
            JsonElement error = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancel)).GetProperty("error");
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error", param, "context_length_exceeded"), (response.StatusCode, error.GetProperty("type").GetString(), error.GetProperty("param").GetString(), error.GetProperty("code").GetString()));
            Assert.Matches(@"has \d+ tokens: .* its limit is \d+ MB, in which a text may have \d+ tokens\. Shorten it, raise the limit \(--memory \d+m\), or let texts end earlier \(--context \d+\)\.$", error.GetProperty("message").GetString());
        }

        // Who names no length gets what fits.
        Assert.NotEmpty(await AnswerAsync(server, $$"""{"model":"{{free.Name}}","messages":[{"role":"user","content":"Say yes."}]}"""));
    }

    [Theory]
    [InlineData("generate")]
    [InlineData("score")]
    [InlineData("logits")]
    [InlineData("activations")]
    public async Task Model_TextBeyondTheMemory_SaysWhatItNeeds(string command)
    {
        string ids = _plumbline.PathOf("ids.json"), pairs = _plumbline.PathOf("pairs.jsonl"), target = _plumbline.PathOf("out.safetensors");
        string many = string.Join(',', Enumerable.Repeat(300, 20_000));
        await File.WriteAllTextAsync(ids, $$"""{"ids":[[{{many}}]]}""", Cancel);
        await File.WriteAllTextAsync(pairs, $$"""{"context":[{{many}}],"continuation":[300]}""", Cancel);
        string[] input = command == "score" ? ["--jsonl", pairs] : command == "generate" ? ["--ids-file", ids] : command == "logits" ? ["--ids-file", ids, "--out", target] : ["--ids-file", ids, "--out", target, "--names", "*"];
        Assert.Equal(ExitCode.Usage, await _plumbline.RunAsync(["model", command, "phantom", .. input, "--memory", "200m"]));
        Assert.Matches(@"limit is 200 MB.*--memory \d+m", _plumbline.Error);
        Assert.Empty(_plumbline.Output);
        Assert.False(File.Exists(target));
        Assert.Equal(ExitCode.Error, await _plumbline.RunAsync(["model", command, "phantom", .. input, "--memory", "100m"]));
        Assert.Contains("does not run in 100 MB", _plumbline.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_MaskedModel_KeepsToItsMemory()
    {
        string path = Golden.Path("golden", "models", "bert"), pairs = _plumbline.PathOf("pairs.jsonl");
        await File.WriteAllTextAsync(pairs, """{"context":[20,21,22],"continuation":[30,31,32,33]}""", Cancel);
        Assert.Equal(ExitCode.Done, await _plumbline.RunAsync("model", "score", path, "--jsonl", pairs));
        string want = _plumbline.Output;
        Assert.Equal(ExitCode.Done, await _plumbline.RunAsync("model", "score", path, "--jsonl", pairs, "--memory", "170m"));
        Assert.Equal(want, _plumbline.Output);
        Assert.Equal(ExitCode.Error, await _plumbline.RunAsync("model", "score", path, "--jsonl", pairs, "--memory", "100m"));
        Assert.Equal(ExitCode.Usage, await _plumbline.RunAsync("model", "score", path, "--jsonl", pairs, "--context", "10"));
    }

    [Fact]
    public async Task Assess_LittleMemory_GivesTheSameFigures()
    {
        string least = await LeastAsync("assess", "phantom", "--quiet", "--out", _plumbline.PathOf("no"), "--memory", "1m", "--context", "256");
        // A text of 256 tokens fits beside what others need.
        string[] assess = ["assess", "phantom", "--limit", "6", "--threads", "2", "--quiet", "--json"];
        Assert.Equal(ExitCode.Done, await _plumbline.RunAsync([.. assess, "--out", _plumbline.PathOf("free")]));
        string want = Figures(_plumbline.Output);
        string folder = _plumbline.PathOf("tight");
        Assert.Equal(ExitCode.Done, await _plumbline.RunAsync([.. assess, "--out", folder, "--memory", least]));
        Assert.Equal(want, Figures(_plumbline.Output));
        Assert.Contains($"--memory {least}", await File.ReadAllTextAsync(Path.Combine(folder, "report.md"), Cancel), StringComparison.Ordinal);

        static string Figures(string json) => string.Join('\n', JsonDocument.Parse(json).RootElement.GetProperty("results").EnumerateArray().Select(row => $"{row.GetProperty("evaluation")} {row.GetProperty("value")}"));
    }

    [Fact]
    public void Judge_OnThisMachineToo_SharesTheMemory()
    {
        string path = ModelPath.Resolve("phantom"), other = Golden.Path("golden", "models", "bert");
        const long Limit = 512L << 20, Runtime = 160L << 20;
        IReadOnlyList<long> shares = LanguageModel.ShareMemory(Limit, [path, other]);
        Assert.Equal(Limit - Runtime, shares.Sum(share => share - Runtime), 2.0);
        Assert.All(shares, share => Assert.InRange(share, Runtime + (100 << 20), Limit));
    }

    private async Task<string> LeastAsync(params string[] command)
    {
        Assert.Equal(ExitCode.Error, await _plumbline.RunAsync(command));
        return GiveIt().Match(_plumbline.Error).Groups["megabytes"].Value + "m";
    }

    private async Task<string> AnswerAsync(ModelServer server, string body)
    {
        using HttpResponseMessage response = await _client.PostAsync($"{server.Address}/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"), Cancel);
        string text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.IsSuccessStatusCode, text);
        JsonElement choice = JsonDocument.Parse(text).RootElement.GetProperty("choices")[0];
        return string.Create(CultureInfo.InvariantCulture, $"{choice.GetProperty("finish_reason")} {choice.GetProperty("message").GetProperty("content")}");
    }

    [GeneratedRegex(@"Give it (?<megabytes>\d+) MB", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex GiveIt();
}
