using System.Reflection;
using System.Text;

namespace Plumbline.Phantoms;

/// <summary>The files that this assembly carries, named as they lie under phantoms/.</summary>
internal static class PhantomFiles
{
    private const string Prefix = "phantoms/";
    private static readonly Assembly s_assembly = typeof(PhantomFiles).Assembly;

    public static IEnumerable<string> Under(string folder) =>
        s_assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix + folder + "/", StringComparison.Ordinal)).Select(n => n[Prefix.Length..]).Order(StringComparer.Ordinal);

    public static Stream? TryOpen(string path) => s_assembly.GetManifestResourceStream(Prefix + path);

    public static byte[] Bytes(string path)
    {
        using Stream stream = TryOpen(path) ?? throw new FileNotFoundException($"The assembly {s_assembly.GetName().Name} carries no file {path}.", path);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public static string Text(string path) => Encoding.UTF8.GetString(Bytes(path));
}
