using System.Runtime.InteropServices;

namespace Plumbline.Torch;

/// <summary>
/// Where the native libraries of training lie: beside the application, or among the packages that NuGet has restored for this user, be it for
/// a build or for `plumbline torch get`. Looking loads nothing.
/// </summary>
/// <threadsafety>All members are safe for concurrent use.</threadsafety>
public static class TorchNatives
{
    /// <summary>The version of TorchSharp, whose native bridge must be of the same version.</summary>
    public const string BridgeVersion = "0.107.0";

    /// <summary>The version of libtorch that this bridge was built for.</summary>
    public const string TorchVersion = "2.10.0";

    /// <summary>This system as packages name it; "linux-x64", "win-x64" and "osx-arm64" have libtorch.</summary>
    public static string System { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>Whether there is a libtorch for this system.</summary>
    public static bool Supported => System is "linux-x64" or "win-x64" or "osx-arm64";

    /// <summary>The package that brings libtorch to this system.</summary>
    public static string Package => $"libtorch-cpu-{System}";

    /// <summary>Where `plumbline torch get` keeps the project that it has restored: "plumbline/torch/VERSION" in the user's local application data.</summary>
    public static string UserFolder { get; } = Path.Combine(UserData(), "plumbline", "torch", $"{BridgeVersion}-{TorchVersion}");

    internal static string TorchFile { get; } = OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so";

    internal static string BridgeFile { get; } = OperatingSystem.IsWindows() ? "LibTorchSharp.dll" : OperatingSystem.IsMacOS() ? "libLibTorchSharp.dylib" : "libLibTorchSharp.so";

    /// <summary>Looks for both files.</summary>
    public static TorchPlaces Look() => Look(Folders());

    internal static TorchPlaces Look(IReadOnlyList<string> folders) => new(Find(TorchFile, folders), Find(BridgeFile, folders), folders);

    /// <summary>The user's local application data; a private folder among the temporary ones where the user has no home.</summary>
    internal static string UserData()
    {
        string root = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.Create);
        return root.Length > 0 ? root : Path.Combine(Path.GetTempPath(), $"plumbline-{Environment.UserName}");
    }

    private static List<string> Folders()
    {
        string native = Path.Combine("runtimes", System, "native");
        var folders = new List<string> { AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, native) };
        if (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") is string more)
            folders.AddRange(more.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        folders.Add(Path.Combine(packages, Package, TorchVersion, native));
        folders.Add(Path.Combine(packages, "torchsharp", BridgeVersion, native));
        return [.. folders.Distinct()];
    }

    private static string? Find(string file, IReadOnlyList<string> folders) => folders.Select(f => Path.Combine(f, file)).FirstOrDefault(File.Exists);
}

/// <summary>Where libtorch and TorchSharp's bridge lie, null where they are in none of the folders looked at.</summary>
public sealed record TorchPlaces(string? Torch, string? Bridge, IReadOnlyList<string> Folders)
{
    /// <summary>Whether both are there.</summary>
    public bool Found => Torch is not null && Bridge is not null;
}

/// <summary>Training's native libraries are not on this machine. The message says how to get them.</summary>
public sealed class TorchMissingException(string message) : DllNotFoundException(message);
