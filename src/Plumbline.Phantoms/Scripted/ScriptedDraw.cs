using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Plumbline.Phantoms.Scripted;

/// <summary>Draws that depend on a text, what they decide and a seed alone: order and concurrency change nothing.</summary>
internal static class ScriptedDraw
{
    /// <summary>A uniform in (0, 1).</summary>
    public static double Uniform(ReadOnlySpan<char> text, string purpose, long? seed) => ((Hash(text, purpose, seed) >> 12) + 0.5) / (1UL << 52);

    /// <summary>One of so many, evenly.</summary>
    public static int Of(int count, ReadOnlySpan<char> text, string purpose, long? seed) => (int)(Hash(text, purpose, seed) % (ulong)count);

    private static ulong Hash(ReadOnlySpan<char> text, string purpose, long? seed) =>
        XxHash3.HashToUInt64(MemoryMarshal.AsBytes(text), unchecked((long)XxHash3.HashToUInt64(MemoryMarshal.AsBytes(purpose.AsSpan()), seed ?? 0)));
}
