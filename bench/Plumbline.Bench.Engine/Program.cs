using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Plumbline.Bench.Engine;

// The run engine against a bare loop, and the tool against promptfoo on one endpoint. Ratios come last.
//   dotnet run -c Release --project bench/Plumbline.Bench.Engine -- [--samples 50000] [--prompts 2000] [--concurrency 16] [--promptfoo FOLDER]
// FOLDER is one in which `npm i promptfoo` has run; without it that half prints our own rate only.
Dictionary<string, string> options = [];
for (int i = 0; i + 1 < args.Length; i += 2) options[args[i]] = args[i + 1];
int samples = Number("--samples", 50_000), prompts = Number("--prompts", 2000), concurrency = Number("--concurrency", 16);

(double engine, double bare) = await InProcess.MeasureAsync(samples);
Console.WriteLine($"in process, {samples:N0} samples: engine {engine:N0} samples/s (every row stored), bare loop {bare:N0} requests/s");

string folder = Directory.CreateTempSubdirectory("plumbline-bench").FullName;
double ours, theirs = double.NaN;
try
{
    await using EndpointServer server = await EndpointServer.StartAsync();
    string[] texts = [.. Enumerable.Range(0, prompts).Select(i => $"What colour is lamp {i}?")];
    ours = await OursAsync(server, texts);
    Console.WriteLine($"loopback endpoint, {prompts:N0} prompts, concurrency {concurrency}: plumbline {ours:N0} prompts/s, start-up included");
    if (options.TryGetValue("--promptfoo", out string? installed))
    {
        theirs = await Promptfoo.MeasureAsync(installed, folder, server, texts, concurrency);
        Console.WriteLine($"the same for promptfoo: {theirs:N0} prompts/s, start-up included");
    }
}
finally
{
    Directory.Delete(folder, recursive: true);
}

Console.WriteLine($"ratio engine / bare loop: {engine / bare:0.000}");
Console.WriteLine(double.IsNaN(theirs) ? "ratio plumbline / promptfoo: not measured (--promptfoo FOLDER)" : $"ratio plumbline / promptfoo: {ours / theirs:0.00}");
return 0;

int Number(string name, int usual) => options.TryGetValue(name, out string? text) ? int.Parse(text, CultureInfo.InvariantCulture) : usual;

async Task<double> OursAsync(EndpointServer server, string[] texts)
{
    string file = Path.Combine(folder, "prompts.jsonl"), suite = Path.Combine(folder, "suite.yaml");
    await File.WriteAllLinesAsync(file, texts.Select(t => $"{{\"prompt\":\"{t}\"}}"));
    await File.WriteAllTextAsync(suite, "evaluations: [prompts]\n");
    string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
    ProcessStartInfo start = new(dotnet,
    [
        "exec", Path.Combine(AppContext.BaseDirectory, "Plumbline.Cli.dll"), "assess", server.Address, "--model", "m", "--suite", suite, "--prompts", file,
        "--concurrency", $"{concurrency}", "--out", Path.Combine(folder, "run"), "--quiet",
    ])
    { RedirectStandardOutput = true, UseShellExecute = false };
    return await Timed.RunAsync(start, server, texts.Length);
}
