using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Plumbline.Torch;

/// <summary>
/// Loads libtorch and TorchSharp's bridge. TorchSharp 0.107's bridge asks for version <c>GLIBCXX_3.4.32</c> of
/// libstdc++ (GCC 13), though no relocation of it uses the one symbol so tagged; on systems with an older libstdc++ a
/// private copy of the bridge is loaded in which this one need is marked weak. Nothing is copied where plain loading works.
/// </summary>
/// <threadsafety>All members are safe for concurrent use, also from several processes.</threadsafety>
public static class TorchRuntime
{
    private const string Wanted = "GLIBCXX_3.4.32";
    private static readonly Lazy<TorchLibrary> s_library = new(Load);

    /// <summary>Loads the native libraries once. Call before the first touch of a TorchSharp type.</summary>
    /// <returns>Which file serves as TorchSharp's bridge, and whether it is a mended copy.</returns>
    /// <exception cref="TorchMissingException">A library is on none of the places of <see cref="TorchNatives"/>; the message says how to get it.</exception>
    /// <exception cref="DllNotFoundException">A library cannot be loaded; the message says which and why.</exception>
    public static TorchLibrary EnsureLoaded() => s_library.Value;

    private static TorchLibrary Load()
    {
        TorchPlaces places = TorchNatives.Look();
        if (!places.Found)
        {
            throw new TorchMissingException(TorchNatives.Supported
                ? $"Training needs {(places.Torch is null ? TorchNatives.TorchFile : TorchNatives.BridgeFile)}, which lies in none of {string.Join(", ", places.Folders)}. `plumbline torch get` brings it; a project of your own references the package {TorchNatives.Package} {TorchNatives.TorchVersion}."
                : $"Training needs libtorch, and there is none for {TorchNatives.System}: train on linux-x64, win-x64 or osx-arm64.");
        }

        (string torch, string bridge) = (places.Torch!, places.Bridge!);
        NativeLibrary.Load(torch);   // its directory answers for the libraries beside it; the bridge may lie elsewhere
        if (!OperatingSystem.IsLinux())
        {
            NativeLibrary.Load(bridge);
            return new TorchLibrary(bridge, Mended: false);
        }

        NativeLibrary.Load(Path.Combine(Path.GetDirectoryName(torch)!, "libtorch.so"));
        try
        {
            NativeLibrary.Load(bridge);
            return new TorchLibrary(bridge, Mended: false);
        }
        catch (DllNotFoundException refusal) when (refusal.Message.Contains(Wanted, StringComparison.Ordinal))
        {
            string copy = Mend(bridge, refusal);
            NativeLibrary.Load(copy);   // TorchSharp's own dlopen("libLibTorchSharp.so") is answered by the loaded file's SONAME
            return new TorchLibrary(copy, Mended: true);
        }
    }

    private static string Mend(string bridge, DllNotFoundException refusal)
    {
        byte[] image = File.ReadAllBytes(bridge);
        if (ElfVersionNeeds.MakeWeak(image, Wanted) == 0)
            throw new DllNotFoundException($"{bridge} cannot be loaded: {refusal.Message}. Use a system with the libstdc++ of GCC 13 or newer.", refusal);
        string folder = Path.Combine(TorchNatives.UserData(), "plumbline", "native");
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string copy = Path.Combine(folder, $"libLibTorchSharp-{Convert.ToHexStringLower(SHA256.HashData(image))[..16]}.so");
        if (File.Exists(copy) && image.AsSpan().SequenceEqual(File.ReadAllBytes(copy))) return copy;
        string scratch = $"{copy}.{Environment.ProcessId}";
        File.WriteAllBytes(scratch, image);
        File.Move(scratch, copy, overwrite: true);   // atomic, so that processes may race
        return copy;
    }
}

/// <summary>The file that serves as TorchSharp's native bridge, and whether it is a copy mended for an older libstdc++.</summary>
public sealed record TorchLibrary(string Path, bool Mended);
