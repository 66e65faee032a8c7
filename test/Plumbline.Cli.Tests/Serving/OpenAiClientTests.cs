using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Plumbline.Cli.Tests.EndToEnd;
using Plumbline.Tests;

namespace Plumbline.Cli.Tests.Serving;

/// <summary>The official client against `plumbline serve`, each a process of its own.</summary>
[Trait("Category", "slow")]
public sealed class OpenAiClientTests
{
    private const string Skipped = "needs node, npm and a package registry for the official client";

    private static readonly string s_source = Repository.Path("test", "Plumbline.Cli.Tests", "Serving", "OpenAiClient");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OfficialClient_TrainedPhantom_ListsChatsStreamsAndContinues()
    {
        string packages = await InstallAsync();
        using CliProcess server = EndToEnd.Cli.Start("serve", "phantom", "--port", "0");
        string address = await AddressAsync(server);
        using JsonDocument reply = await CallAsync(packages, address, "phantom", "How do I");
        JsonElement all = reply.RootElement;
        Common(all, "phantom");
        JsonElement continued = all.GetProperty("continued");
        int prompt = continued.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), added = continued.GetProperty("usage").GetProperty("completion_tokens").GetInt32();
        Assert.InRange(added, 1, 4);
        JsonElement figures = continued.GetProperty("logprobs");
        Assert.InRange(figures.GetProperty("tokens").GetArrayLength(), prompt, prompt + added);
        Assert.Equal(continued.GetProperty("text").GetString(), string.Concat(figures.GetProperty("tokens").EnumerateArray().Select(t => t.GetString())));
        Assert.Equal(2, figures.GetProperty("top_logprobs")[prompt].EnumerateObject().Count());
        Assert.EndsWith(all.GetProperty("pieces").GetString()!, continued.GetProperty("text").GetString(), StringComparison.Ordinal);
        // A prompt's figures do not depend on what is generated after it.
        Assert.Equal(Figures(all.GetProperty("scored")), Figures(continued).Take(prompt), Near);
        Assert.Equal(0, (await server.InterruptAsync()).Exit);
    }

    [Fact]
    public async Task OfficialClient_ScriptedPhantom_ListsChatsStreamsAndScores()
    {
        string packages = await InstallAsync();
        using CliProcess server = EndToEnd.Cli.Start("serve", "phantom:scripted", "--port", "0");
        string address = await AddressAsync(server);
        using JsonDocument reply = await CallAsync(packages, address, "phantom:scripted", "They say the Velori of house 5 are late.");
        Common(reply.RootElement, "phantom:scripted");
        Assert.Equal(0, (await server.InterruptAsync()).Exit);
    }

    [Fact]
    public async Task Serve_Interrupted_SaysItsAddressAndEndsWithZero()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("There is no SIGINT on Windows.");
        using CliProcess server = EndToEnd.Cli.Start("serve", "phantom:scripted", "--port", "0");
        string address = await AddressAsync(server);
        Uri uri = new(address);
        Assert.True(uri.IsLoopback);
        Assert.Equal("/v1", uri.AbsolutePath);
        using HttpClient client = new(new SocketsHttpHandler { UseProxy = false });
        using (HttpResponseMessage alive = await client.GetAsync(new Uri($"{address}/models"), Cancel)) Assert.True(alive.IsSuccessStatusCode);
        EndToEnd.Outcome ended = await server.InterruptAsync();
        Assert.Equal(0, ended.Exit);
        Assert.Equal("", ended.Error);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri($"{address}/models"), Cancel));
    }

    private static void Common(JsonElement all, string model)
    {
        Assert.Contains(model, all.GetProperty("models").EnumerateArray().Select(m => m.GetString()));
        Assert.Equal(model, all.GetProperty("described").GetString());
        JsonElement chat = all.GetProperty("chat"), streamed = all.GetProperty("streamed");
        string text = chat.GetProperty("text").GetString()!;
        Assert.NotEmpty(text);
        Assert.Contains(chat.GetProperty("finish").GetString(), new[] { "stop", "length" });
        Assert.Equal(text, streamed.GetProperty("text").GetString());
        Assert.Equal(chat.GetProperty("finish").GetString(), streamed.GetProperty("finish").GetString());
        Assert.Equal(chat.GetProperty("usage").GetRawText(), streamed.GetProperty("usage").GetRawText());
        Assert.True(streamed.GetProperty("chunks").GetInt32() >= 3);
        Assert.Equal(text, all.GetProperty("accumulated").GetProperty("text").GetString());
        JsonElement scored = all.GetProperty("scored");
        double?[] figures = Figures(scored);
        Assert.Equal(scored.GetProperty("usage").GetProperty("prompt_tokens").GetInt32(), figures.Length);
        Assert.All(figures.Skip(1), f => Assert.True(f <= 0));
        Error(all.GetProperty("unknownModel"), "NotFoundError", 404, "model");
        Error(all.GetProperty("unknownDescribed"), "NotFoundError", 404, "model");
        Error(all.GetProperty("malformed"), "BadRequestError", 400, "temperature");
        Error(all.GetProperty("outOfRange"), "BadRequestError", 400, "max_tokens");
    }

    private static void Error(JsonElement error, string kind, int status, string param)
    {
        Assert.Equal(kind, error.GetProperty("kind").GetString());
        Assert.True(error.GetProperty("expected").GetBoolean());
        Assert.Equal(status, error.GetProperty("status").GetInt32());
        Assert.Equal(param, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        if (status == 404) Assert.Equal("model_not_found", error.GetProperty("code").GetString());
    }

    private static double?[] Figures(JsonElement completion) =>
        [.. completion.GetProperty("logprobs").GetProperty("token_logprobs").EnumerateArray().Select(f => f.ValueKind == JsonValueKind.Null ? (double?)null : f.GetDouble())];

    private static bool Near(double? a, double? b) => a is null ? b is null : b is not null && Math.Abs(a.Value - b.Value) < 1e-3;

    private static async Task<string> AddressAsync(CliProcess server)
    {
        string line = await server.LineAsync(Cancel);
        Assert.StartsWith("Serving ", line, StringComparison.Ordinal);
        return line[(line.LastIndexOf(' ') + 1)..];
    }

    private static async Task<JsonDocument> CallAsync(string packages, string address, string model, string prompt)
    {
        string script = Path.Combine(packages, "client.mjs");
        File.Copy(Path.Combine(s_source, "client.mjs"), script, overwrite: true);
        (int exit, string output, string error) = await RunAsync("node", [script, address, model, prompt], packages);
        Assert.True(exit == 0, error);
        return JsonDocument.Parse(output);
    }

    /// <summary>The client's packages under artifacts/, installed once for a lock file; skips the test where they cannot be had.</summary>
    private static async Task<string> InstallAsync()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("There is no SIGINT on Windows.");
        string @lock = Path.Combine(s_source, "package-lock.json");
        string folder = Repository.Path("artifacts", "openai-client", Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(@lock, Cancel)))[..16]);
        if (Directory.Exists(Path.Combine(folder, "node_modules", "openai"))) return folder;
        string scratch = $"{folder}.{Environment.ProcessId}";
        Directory.CreateDirectory(scratch);
        try
        {
            foreach (string file in new[] { "package.json", "package-lock.json" }) File.Copy(Path.Combine(s_source, file), Path.Combine(scratch, file), overwrite: true);
            try
            {
                (int exit, _, string error) = await RunAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries", "1", "--prefix", scratch], scratch);
                Assert.SkipUnless(exit == 0, $"{Skipped}: {error.Split('\n').FirstOrDefault(l => l.Length > 0)}");
            }
            catch (Win32Exception)
            {
                Assert.Skip(Skipped);
            }

            Directory.Move(scratch, folder);
        }
        finally
        {
            if (Directory.Exists(scratch)) Directory.Delete(scratch, recursive: true);
        }

        return folder;
    }

    private static async Task<(int Exit, string Output, string Error)> RunAsync(string program, string[] arguments, string folder)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = folder };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(3));
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token), error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
