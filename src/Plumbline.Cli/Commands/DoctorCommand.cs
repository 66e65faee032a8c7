using System.CommandLine;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text.Json;
using Plumbline.Torch;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline doctor`: what this machine has, what is missing and how to get it. Nothing is contacted or loaded.</summary>
internal static class DoctorCommand
{
    private static readonly string[] s_proxies = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"];

    public static Command Build(Surroundings surroundings)
    {
        Option<bool> json = new("--json") { Description = "One JSON object." };
        Command command = new("doctor", "Says what this machine has for the work, what is missing and how to get it. Contacts nobody.\n\nExample:\n  plumbline doctor") { json };
        command.SetAction(parsed =>
        {
            List<Finding> findings = [.. Look(surroundings)];
            if (parsed.GetValue(json))
            {
                surroundings.Output.WriteLine(JsonOutput.Write(writer => WriteJson(writer, findings)));
            }
            else
            {
                foreach (Finding finding in findings) surroundings.Output.WriteLine($"{(finding.Advice is null ? "ok  " : "note")}  {finding.Name,-10} {finding.Value}{(finding.Advice is null ? "" : $"\n                 {finding.Advice}")}");
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static IEnumerable<Finding> Look(Surroundings surroundings)
    {
        yield return new("system", $"{RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}");
        yield return new("dotnet", RuntimeInformation.FrameworkDescription);
        string[] features = [.. Features()];
        yield return new("processor", features.Length == 0 ? "no vector instructions known" : string.Join(", ", features), features.Length == 0 ? "Models run, but slowly: a processor with AVX2 or NEON is several times faster." : null);
        int cores = Environment.ProcessorCount;
        yield return new("cores", $"{cores}", cores < 2 ? "One core: local models decode slowly; give the process more cores." : null);
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20;
        yield return new("memory", $"{memory} MiB", memory < 1024 ? "Below 1 GiB: choose models whose file is well below this size." : null);
        yield return Torch();
        string[] proxies = [.. s_proxies.Where(p => Value(p) is not null)];
        yield return new("proxies", proxies.Length == 0 ? "none" : string.Join(", ", proxies), proxies.Length == 0 || proxies.Contains("NO_PROXY") ? null : "Requests to endpoints go through them, loopback does not; NO_PROXY names hosts to reach directly.");
        int fonts = Fonts();
        yield return new("fonts", fonts == 0 ? "none found" : $"{fonts} files", fonts == 0 ? "Reports use the reader's own fonts and need none here; a browser on this machine would: install for example fonts-dejavu and fonts-noto-cjk." : null);

        // Names only: a proxy's address may hold a password.
        string? Value(string name) => surroundings.Environment(name) ?? surroundings.Environment(name.ToLowerInvariant());
    }

    private static IEnumerable<string> Features()
    {
        if (Avx2.IsSupported) yield return "AVX2";
        if (Fma.IsSupported) yield return "FMA";
        if (Avx512F.IsSupported) yield return "AVX-512";
        if (AvxVnni.IsSupported) yield return "AVX-VNNI";
        if (AdvSimd.IsSupported) yield return "NEON";
        if (Dp.IsSupported) yield return "dot product";
    }

    /// <summary>Whether `phantom make` can train: looks for the native libraries, loads none.</summary>
    private static Finding Torch()
    {
        TorchPlaces places = TorchNatives.Look();
        if (places.Found) return new("torch", places.Torch!);
        return new("torch", "absent", TorchNatives.Supported
            ? "Assessments need none. `plumbline phantom make` trains and does: `plumbline torch get` brings it."
            : $"Assessments need none. `plumbline phantom make` trains and does, and there is no libtorch for {TorchNatives.System}.");
    }

    private static int Fonts()
    {
        string[] folders =
        [
            "/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts",
            Environment.GetFolderPath(Environment.SpecialFolder.Fonts),
        ];
        EnumerationOptions options = new() { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = 6 };
        return folders.Where(f => f.Length > 0 && Directory.Exists(f)).Distinct()
            .Sum(f => Directory.EnumerateFiles(f, "*", options).Count(file => Path.GetExtension(file).ToLowerInvariant() is ".ttf" or ".otf" or ".ttc"));
    }

    private static void WriteJson(Utf8JsonWriter json, List<Finding> findings)
    {
        json.WriteStartObject();
        foreach (Finding finding in findings)
        {
            json.WriteStartObject(finding.Name);
            json.WriteString("value", finding.Value);
            json.WriteString("advice", finding.Advice);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>One thing looked at; advice where it is missing or to be borne in mind.</summary>
    private sealed record Finding(string Name, string Value, string? Advice = null);
}
