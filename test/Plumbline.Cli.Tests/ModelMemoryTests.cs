using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Plumbline.Tests;

namespace Plumbline.Cli.Tests;

/// <summary>What a process takes that runs a real model.</summary>
public sealed class ModelMemoryTests
{
    // Of the weights as they are held: 106 M four-bit and 28 M eight-bit ones.
    private const double Weights = 96.4e6;

    [Theory]
    [InlineData("512m")]
    [InlineData("400m")]
    [InlineData(null)]
    public async Task Score_SmolLm2InAProcess_StaysWithinItsMemory(string? memory)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak is read from /proc.");
        string path = Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
        string dotnet = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));
        string[] limit = memory is null ? [] : ["--memory", memory];
        using Process process = Process.Start(new ProcessStartInfo(dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "Plumbline.Cli.dll"), "model", "score", path, "--jsonl", "-", "--threads", "2", .. limit])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        })!;
        // Longer than a batch. After its line the process waits for the next one, and its peak can be read.
        await process.StandardInput.WriteLineAsync($$"""{"context":"{{string.Join(' ', Enumerable.Range(0, 700).Select(i => $"word{i % 9}"))}}","continuation":" and that is all there is."}""");
        await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
        string? line = await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        double logProb = JsonDocument.Parse(line ?? "{}").RootElement.GetProperty("logprob").GetDouble();
        string peak = (await File.ReadAllLinesAsync($"/proc/{process.Id}/status", TestContext.Current.CancellationToken)).Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        double bytes = 1024 * double.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        TestContext.Current.TestOutputHelper?.WriteLine($"peak resident {bytes / 1e6:F0} MB, log-probability {logProb}");
        Assert.InRange(logProb, -60, -1);
        Assert.InRange(bytes, Weights, (1.3 * Weights) + 400e6);
        if (memory is not null) Assert.InRange(bytes, Weights, long.Parse(memory[..^1], CultureInfo.InvariantCulture) << 20);
    }
}
