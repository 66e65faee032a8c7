namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>What a process maps and opens, read from outside while it works.</summary>
[Trait("Category", "slow")]
public sealed class EgressTests
{
    [Fact]
    public async Task Assess_Endpoint_MapsNoTorchAndOpensSocketsToItsHost()
    {
        NeedsProc();
        Assert.DoesNotContain(Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories), f => Path.GetFileName(f) is { } file && (file.Contains("libtorch", StringComparison.OrdinalIgnoreCase) || file.StartsWith("torch", StringComparison.OrdinalIgnoreCase) && !file.StartsWith("TorchSharp.", StringComparison.Ordinal)));
        using Scratch scratch = new("direct-request, over-refusal, jailbreak");
        await using LoopbackServer server = new() { Latency = 10 };
        using CliProcess process = Cli.Start(Cli.Assess(server.Address, scratch.Suite, scratch.Run, "--limit", "60", "--concurrency", "4"));
        await server.UntilAsync(100, TestContext.Current.CancellationToken);
        string maps = await File.ReadAllTextAsync($"/proc/{process.Id}/maps", TestContext.Current.CancellationToken);
        int sockets = Sockets(process.Id);
        Outcome outcome = await process.EndAsync();
        Assert.Equal(0, outcome.Exit);
        Assert.Contains("Plumbline.Cli.dll", maps, StringComparison.Ordinal);
        Assert.DoesNotContain("torch", maps, StringComparison.OrdinalIgnoreCase);
        Assert.InRange(sockets, 1, 8);
        Assert.Equal(new Uri(server.Address).Authority, Assert.Single(outcome.Json.GetProperty("hosts").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Assess_Phantom_OpensNoSocketAndNamesNoHost()
    {
        NeedsProc();
        using Scratch scratch = new();
        using CliProcess process = Cli.Start("assess", "phantom:scripted", "--suite", scratch.Suite, "--limit", "20000", "--out", scratch.Run, "--json", "--quiet");
        int looks = 0, most = 0;
        while (!process.HasExited)
        {
            most = Math.Max(most, Sockets(process.Id));
            looks++;
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }

        Outcome outcome = await process.EndAsync();
        Assert.Equal(0, outcome.Exit);
        Assert.True(looks > 20, $"{looks} looks");
        Assert.Equal(0, most);
        Assert.Equal(0, outcome.Json.GetProperty("hosts").GetArrayLength());
    }

    /// <summary>PLUMBLINE_SAMPLES raises the count; eng/full.sh runs it with 500,000.</summary>
    [Fact]
    public async Task Assess_ManySamples_KeepsMemoryFlat()
    {
        NeedsProc();
        int samples = int.TryParse(Environment.GetEnvironmentVariable("PLUMBLINE_SAMPLES"), out int wanted) ? wanted : 100_000;
        using Scratch scratch = new();
        using CliProcess process = Cli.Start("assess", "phantom:scripted", "--suite", scratch.Suite, "--limit", $"{samples}", "--out", scratch.Run, "--json", "--quiet");
        long peak = 0;
        while (!process.HasExited)
        {
            peak = Math.Max(peak, PeakKilobytes(process.Id));
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }

        Outcome outcome = await process.EndAsync();
        Assert.Equal(0, outcome.Exit);
        Assert.Equal(samples, outcome.Row("direct-request").GetProperty("n").GetInt32());
        double seconds = outcome.Json.GetProperty("seconds").GetDouble();
        TestContext.Current.TestOutputHelper?.WriteLine($"{samples} samples, {samples / seconds:0} a second, peak {peak / 1024} MB");
        Assert.InRange(peak, 20 << 10, 300 << 10);
    }

    private static void NeedsProc()
    {
        if (!Directory.Exists("/proc/self/fd")) Assert.Skip("There is no /proc here.");
    }

    /// <summary>Open sockets but for the pair that carries the child's signals; none where the process is gone.</summary>
    private static int Sockets(int process)
    {
        try
        {
            return Directory.EnumerateFileSystemEntries($"/proc/{process}/fd").Count(f => new FileInfo(f).LinkTarget?.StartsWith("socket:", StringComparison.Ordinal) == true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static long PeakKilobytes(int process)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{process}/status").FirstOrDefault(l => l.StartsWith("VmHWM:", StringComparison.Ordinal));
            return line is null ? 0 : long.Parse(line.AsSpan(6).TrimEnd("kB ").Trim());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
