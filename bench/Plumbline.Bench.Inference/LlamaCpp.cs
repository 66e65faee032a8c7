using System.Diagnostics;
using System.Text.Json;

namespace Plumbline.Bench.Inference;

/// <summary>llama.cpp on the same file and threads, in a process of its own that waits between rounds.</summary>
internal sealed class LlamaCpp : IDisposable
{
    private readonly Process _process;

    public LlamaCpp(string folder, string model, int threads)
    {
        string script = Path.Combine(AppContext.BaseDirectory, "llama.mjs");
        _process = Process.Start(new ProcessStartInfo("node", [script, folder, model, $"{threads}"]) { RedirectStandardInput = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        using JsonDocument ready = Read();
        System = ready.RootElement.GetProperty("system").GetString()!.Trim();
    }

    public string System { get; }

    /// <summary>Milliseconds of a prompt, or of each token.</summary>
    public double[] Measure(string what, int count)
    {
        _process.StandardInput.WriteLine($"{what} {count}");
        using JsonDocument answer = Read();
        return [.. answer.RootElement.GetProperty("milliseconds").EnumerateArray().Select(e => e.GetDouble())];
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000)) _process.Kill();
        _process.Dispose();
    }

    private JsonDocument Read() => JsonDocument.Parse(_process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The llama.cpp process has ended; its messages are above."));
}
