using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Plumbline.Tests.Templates;

/// <summary>Templates that try to hang, blow up or break out, and a few that are large but fair.</summary>
public sealed class HostileTemplateTests
{
    [Theory]
    [InlineData("loop")]
    [InlineData("double")]
    [InlineData("repeat")]
    [InlineData("number")]
    [InlineData("recursion")]
    [InlineData("parse")]
    [InlineData("escape")]
    [InlineData("mutate")]
    [InlineData("inject")]
    [InlineData("fair")]
    public void Render_HostileTemplate_MeetsDemand(string group)
    {
        List<string> faults = [];
        int count = 0;
        foreach (JsonElement line in ReferenceEngine.Lines("hostile.jsonl").Where(l => l.GetProperty("id").GetString()!.StartsWith(group + "/", StringComparison.Ordinal)))
        {
            count++;
            string id = line.GetProperty("id").GetString()!;
            JsonElement context = line.GetProperty("context");
            string before = context.GetRawText();
            Stopwatch watch = Stopwatch.StartNew();
            Outcome outcome = ReferenceEngine.Render(Source(line), context);
            TimeSpan time = watch.Elapsed;
            string[] accepted = [.. line.GetProperty("accept").EnumerateArray().Select(a => a.GetString()!)];
            if (!accepted.Any(a => Meets(a, outcome, line))) faults.Add($"{id}: {line.GetProperty("demand").GetString()}; got {outcome}");
            if (context.GetRawText() != before) faults.Add($"{id}: the variables changed");
            TestContext.Current.TestOutputHelper?.WriteLine($"{id}: {time.TotalMilliseconds:F0} ms {outcome.Error?.Kind}");
            if (time > TimeSpan.FromSeconds(group == "fair" ? 2 : 1) * Slowness) faults.Add($"{id}: took {time.TotalSeconds:F1} s");
        }

        Assert.True(count > 0, $"no templates of the group {group}");
        Assert.True(faults.Count == 0, $"{faults.Count} of {count} differ:\n" + string.Join("\n", faults));
    }

    /// <summary>The demand is one second on a free machine; work is bounded by counting, so a busy machine must not fail the test.</summary>
    private const int Slowness = 30;

    private static bool Meets(string accept, Outcome outcome, JsonElement line)
    {
        if (accept == "error") return outcome.Error is not null;
        if (outcome.Text is null) return false;
        if (accept == "any") return true;
        if (line.TryGetProperty("expected", out JsonElement expected)) return outcome.Text == expected.GetString();
        int length = outcome.Text.EnumerateRunes().Count();
        string hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(outcome.Text)));
        return length == line.GetProperty("expected_length").GetInt32() && hash == line.GetProperty("expected_sha256").GetString();
    }

    private static string Source(JsonElement line)
    {
        if (line.TryGetProperty("source", out JsonElement source)) return source.GetString()!;
        StringBuilder text = new();
        foreach (JsonElement part in line.GetProperty("parts").EnumerateArray()) text.Insert(text.Length, part[0].GetString()!, part[1].GetInt32());
        return text.ToString();
    }
}
