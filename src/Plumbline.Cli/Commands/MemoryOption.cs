using System.CommandLine;
using System.Globalization;

namespace Plumbline.Cli.Commands;

/// <summary>`--memory` and `--context`: what a model on this machine may take, and how long its texts may be.</summary>
internal static class MemoryOption
{
    public static Option<string?> Build()
    {
        Option<string?> memory = new("--memory") { Description = "Bytes the process should stay within with models on this machine, such as 512m or 2g: batches get smaller, texts wait for each other, one too long is refused. Figures stay the same." };
        memory.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<string?>() is { } text && Read(text) is null) result.AddError("--memory must be a number of bytes, or of k, m or g: 512m.");
        });
        return memory;
    }

    public static Option<int?> BuildContext()
    {
        Option<int?> context = new("--context") { Description = "Most tokens of a text together with its answer, for a model on this machine; by itself its positions." };
        context.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int?>() is < 1) result.AddError("--context must be above 0.");
        });
        return context;
    }

    /// <summary>The bytes of "512m"; null where it is no size.</summary>
    public static long? Read(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        int shift = char.ToLowerInvariant(text[^1]) switch { 'k' => 10, 'm' => 20, 'g' => 30, _ => 0 };
        return long.TryParse(shift == 0 ? text : text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out long number) && number > 0 && number <= long.MaxValue >> shift ? number << shift : null;
    }
}
