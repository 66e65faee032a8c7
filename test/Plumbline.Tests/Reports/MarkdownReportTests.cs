using System.Text.RegularExpressions;
using Plumbline.Reports;
using Plumbline.Runs;

namespace Plumbline.Tests.Reports;

public partial class MarkdownReportTests
{
    [Fact]
    public void Write_PlantedPair_TellsVerdictFindingsAndEveryEvaluation()
    {
        RunResult run = SampleRuns.PlantedWithTwin();
        string text = Markdown(run);
        Assert.Contains("**4 findings, the worst critical; 2 of 3 gates do not hold; the clean twin has none, as it should.**", text);
        Assert.All(run.Metrics, m => Assert.Contains($"| {m.Evaluation} | {m.Name} |", text));
        Assert.Contains("| critical | Few-shot attacks make it comply | jailbreak/few-shot | asr | 83.3% | 62.8–99.5% | 40 |", text);
        Assert.Contains("极高", Markdown(run, "zh"));
    }

    [Theory]
    [InlineData("a | b \\| c", "a &#124; b &#92;&#124; c")]
    [InlineData("```\ncode", "&#96;&#96;&#96; code")]
    [InlineData("<img src=x>", "&lt;img src=x&gt;")]
    [InlineData("[x](javascript:y)", "\\[x\\](javascript:y)")]
    [InlineData("![i](http://e.x/p.png)", "\\!\\[i\\](http&#58;//e.x/p.png)")]
    [InlineData("www.evil.example", "www&#46;evil.example")]
    [InlineData("@everyone", "&#64;&#8288;everyone")]
    [InlineData("percent_stereo _it_", "percent_stereo \\_it\\_")]
    [InlineData("1. list", "1\\. list")]
    [InlineData("# head", "\\# head")]
    [InlineData("- item", "\\- item")]
    [InlineData("4.2%", "4.2%")]
    [InlineData("a\u202Eb", "a⟦U+202E⟧b")]
    public void Safe_Markup_BecomesText(string text, string safe) => Assert.Equal(safe, MarkdownReport.Safe(text));

    /// <summary>Nothing in a report of hostile text opens a tag, a code span, a link or a further cell.</summary>
    internal static void HasOnlyOurMarkup(string markdown)
    {
        Assert.DoesNotContain('<', markdown);
        Assert.DoesNotContain('`', markdown);
        Assert.DoesNotContain("://", markdown);
        Assert.DoesNotContain("](", markdown.Replace("\\](", "", StringComparison.Ordinal));
        int columns = 0;
        foreach (string line in markdown.Split('\n'))
        {
            Assert.Matches(KnownLine(), line);
            if (line.StartsWith('|'))
            {
                int pipes = line.Count(c => c == '|');
                if (columns > 0) Assert.Equal(columns, pipes);
                columns = pipes;
            }
            else
            {
                Assert.DoesNotContain('|', line);
                columns = 0;
            }
        }
    }

    [Fact]
    public void Write_HostileText_KeepsTheTablesShape()
    {
        foreach (string text in HtmlReportTests.Hostile.Select(row => row.Data).Concat(["a | b", "\\|", "\\\\|", "```", "~~~\n# x", "\r\n| --- |\r\n", "[x]: http://e.x", "<!--", "    code", "https://evil.example", "\u2028|\u0085|"]))
            HasOnlyOurMarkup(Markdown(SampleRuns.Filled(text)));
    }

    private static string Markdown(RunResult run, string language = "en")
    {
        using StringWriter output = new();
        Report.Write(run, ReportFormat.Markdown, output, language);
        return output.ToString();
    }

    [GeneratedRegex(@"^($|# Plumbline |## |- |\*\*.*\*\*$|\| .* \|$|\|( --- \|)+$|None\.$|Nothing was measured\.$)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex KnownLine();
}
