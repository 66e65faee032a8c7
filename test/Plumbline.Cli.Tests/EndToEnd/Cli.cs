using System.Collections;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>The command in this process, with what it wrote.</summary>
internal sealed record Outcome(int Exit, string Output, string Error)
{
    /// <summary>The JSON object on standard output.</summary>
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>One row of the results.</summary>
    public JsonElement Row(string evaluation) => Json.GetProperty("results").EnumerateArray().First(r => r.GetProperty("evaluation").GetString() == evaluation);
}

/// <summary>Runs the command: in this process, or as a process of its own that can be killed.</summary>
internal static class Cli
{
    /// <summary>Runs in this process.</summary>
    public static async Task<Outcome> RunAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        using StringWriter output = new(), error = new();
        int exit = await PlumblineCommand.RunAsync(arguments, new(output, error, TimeProvider.System, name => environment?.GetValueOrDefault(name), false, false));
        return new(exit, output.ToString(), error.ToString());
    }

    /// <summary>Starts a process of its own.</summary>
    public static CliProcess Start(params string[] arguments) => new(arguments, []);

    /// <summary>Starts a process of its own with these variables.</summary>
    public static CliProcess StartWith(Dictionary<string, string> variables, params string[] arguments) => new(arguments, variables);

    public static string[] Assess(string address, string suite, string folder, params string[] more) =>
        ["assess", address, "--model", "m", "--suite", suite, "--out", folder, "--quiet", "--json", .. more];
}

/// <summary>The built command as a process.</summary>
internal sealed class CliProcess : IDisposable
{
    private readonly Process _process;
    private readonly TaskCompletionSource<string> _firstLine = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task<string> _output;
    private readonly Task<string> _error;

    public CliProcess(string[] arguments, Dictionary<string, string> variables)
    {
        string runtime = RuntimeEnvironment.GetRuntimeDirectory();
        string dotnet = Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        ProcessStartInfo start = new(dotnet, ["exec", Path.Combine(AppContext.BaseDirectory, "Plumbline.Cli.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };

        // The runtime's own diagnostics socket would be mistaken for one of ours; the test host's settings are not the command's.
        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (((string)variable.Key).StartsWith("DOTNET_", StringComparison.Ordinal) && (string)variable.Key != "DOTNET_ROOT") start.Environment.Remove((string)variable.Key);
        }

        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        foreach ((string name, string value) in variables) start.Environment[name] = value;
        _process = Process.Start(start)!;
        _output = ReadAsync(_process.StandardOutput);
        _error = _process.StandardError.ReadToEndAsync();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>The first line of its output, as soon as it is there.</summary>
    public async Task<string> LineAsync(CancellationToken cancellationToken)
    {
        string line = await _firstLine.Task.WaitAsync(TimeSpan.FromMinutes(1), cancellationToken);
        if (line.Length == 0) Assert.Fail(await _error);
        return line;
    }

    /// <summary>kill -9; waits until the process is gone.</summary>
    public async Task<Outcome> KillAsync()
    {
        _process.Kill();
        return await EndAsync();
    }

    /// <summary>Ctrl+C.</summary>
    public async Task<Outcome> InterruptAsync()
    {
        using Process kill = Process.Start("kill", ["-INT", $"{Id}"]);
        await kill.WaitForExitAsync();
        return await EndAsync();
    }

    /// <summary>Waits for the end.</summary>
    public async Task<Outcome> EndAsync()
    {
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return new(_process.ExitCode, await _output, await _error);
    }

    private async Task<string> ReadAsync(StreamReader output)
    {
        string? first = await output.ReadLineAsync();
        _firstLine.SetResult(first ?? "");
        return first is null ? "" : $"{first}\n{await output.ReadToEndAsync()}";
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}

/// <summary>A folder for a test, with a small suite in it.</summary>
internal sealed class Scratch : IDisposable
{
    public Scratch(string evaluations = "direct-request", string? gate = null)
    {
        File.WriteAllText(Suite, $"evaluations: [{evaluations}]\n{(gate is null ? "" : $"gates: [\"{gate}\"]\n")}");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("plumbline").FullName;

    public string Suite => Path.Combine(Folder, "suite.yaml");

    public string Run => Path.Combine(Folder, "run");

    /// <summary>Whether any file of the run holds these bytes.</summary>
    public bool Holds(string secret)
    {
        byte[] wanted = System.Text.Encoding.UTF8.GetBytes(secret);
        foreach (string file in Directory.EnumerateFiles(Run, "*", SearchOption.AllDirectories))
        {
            if (file.EndsWith(".lock", StringComparison.Ordinal)) continue;
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using MemoryStream content = new();
            stream.CopyTo(content);
            if (content.GetBuffer().AsSpan(0, (int)content.Length).IndexOf(wanted) >= 0) return true;
        }

        return false;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
