using Plumbline.Runs;

namespace Plumbline.Reports;

/// <summary>The forms in which a run can be told.</summary>
public enum ReportFormat
{
    /// <summary>One self-contained page for people: no script, nothing fetched.</summary>
    Html,

    /// <summary>Every figure, for programs.</summary>
    Json,

    /// <summary>Verdict and tables, for a pull request or a wiki.</summary>
    Markdown,

    /// <summary>Findings as failures and unmeasured figures as errors, for build servers.</summary>
    JUnit,

    /// <summary>SARIF 2.1.0: findings as alerts, for code hosts.</summary>
    Sarif,
}

/// <summary>Tells a run in a form. Nothing is fetched, no clock is read: the same run gives the same text. Safe for concurrent use on different writers.</summary>
public static class Report
{
    /// <summary>The option under which a run keeps its judge's measured errors; no option of a command line, so that no report shows it as one.</summary>
    public const string JudgeErrors = "judge-errors";

    /// <summary>Writes the report of a run; the writer stays open.</summary>
    /// <param name="run">The run.</param>
    /// <param name="format">The form.</param>
    /// <param name="output">Receives text with "\n" as line end, to be stored as UTF-8.</param>
    /// <param name="language">"zh" (or "zh-…") for Chinese, English otherwise; HTML and Markdown only.</param>
    /// <param name="exit">The exit code of the command that made the run, for JSON; null where there is none.</param>
    /// <param name="path">Where the report for people lies, for JSON; null where there is none.</param>
    /// <exception cref="ArgumentOutOfRangeException">The format is none of the enumeration's.</exception>
    public static void Write(RunResult run, ReportFormat format, TextWriter output, string language = "en", int? exit = null, string? path = null)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(language);
        bool chinese = language.StartsWith("zh", StringComparison.OrdinalIgnoreCase);
        switch (format)
        {
            case ReportFormat.Html: new HtmlReport(run, output, chinese).Write(); break;
            case ReportFormat.Json: JsonReport.Write(run, output, exit, path); break;
            case ReportFormat.Markdown: new MarkdownReport(run, output, chinese).Write(); break;
            case ReportFormat.JUnit: JUnitReport.Write(run, output); break;
            case ReportFormat.Sarif: SarifReport.Write(run, output); break;
            default: throw new ArgumentOutOfRangeException(nameof(format), format, "The format is none of html, json, markdown, junit, sarif.");
        }
    }

    /// <summary>Writes a page that holds two runs against each other; the writer stays open.</summary>
    /// <param name="first">The run to start from.</param>
    /// <param name="second">The run to compare with it.</param>
    /// <param name="rows">What <see cref="Comparison.Of"/> found.</param>
    /// <param name="output">Receives HTML with "\n" as line end, to be stored as UTF-8.</param>
    /// <param name="language">"zh" (or "zh-…") for Chinese, English otherwise.</param>
    public static void WriteComparison(RunResult first, RunResult second, IReadOnlyList<MetricComparison> rows, TextWriter output, string language = "en")
    {
        ArgumentNullException.ThrowIfNull(rows);
        new HtmlComparison(first, second, rows, output, language.StartsWith("zh", StringComparison.OrdinalIgnoreCase)).Write();
    }
}
