using System.Collections.Concurrent;
using System.Text;
using Plumbline.Models.Hooks;
using Plumbline.Phantoms.Wired;

namespace Plumbline.Phantoms.Tests.Wired;

/// <summary>Wired phantoms opened by the independent forward pass, once a process.</summary>
internal static class WiredModels
{
    private static readonly ConcurrentDictionary<string, PlainTransformer> s_plain = new(StringComparer.Ordinal);

    public static PlainTransformer Plain(string name) => s_plain.GetOrAdd(name, Fresh);

    /// <summary>One that the caller may edit.</summary>
    public static PlainTransformer Fresh(string name) => Of(WiredPhantoms.Build(name));

    public static PlainTransformer Of(IReadOnlyDictionary<string, byte[]> files) => new(files["config.json"], files["model.safetensors"], files["tokenizer.json"]);

    /// <summary>The folder on disk, beside the tests and not in the user's cache.</summary>
    public static string Folder(string name) => Phantoms.Open(name).Unpack(Path.Combine(AppContext.BaseDirectory, "wired-phantoms"));

    /// <summary>A run with hooks.</summary>
    public static HookedOutput Run(HookedTransformer model, int[] ids, IReadOnlyList<string> keep, params IReadOnlyList<HookEdit> edits) =>
        model.Run(TokenBatch.Of(ids), new HookRun { Keep = keep, Edits = edits }, TestContext.Current.CancellationToken);

    public static double[] Doubles(IReadOnlyList<float> values) => [.. values.Select(v => (double)v)];

    public static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
