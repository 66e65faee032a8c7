using System.Text;
using Plumbline.Runs;

namespace Plumbline.Reports;

/// <summary>Verdict, findings, gates and figures as GitHub-flavoured Markdown. Text from outside stays text and on its line.</summary>
internal sealed class MarkdownReport(RunResult run, TextWriter output, bool chinese)
{
    private const int Longest = 300;

    public void Write()
    {
        Line($"# {T("Plumbline report", "Plumbline 评测报告")}: {Safe(run.Header.Target)}");
        Line();
        Line($"**{Safe(Verdict.Of(run, chinese).Sentence, 2000)}**");
        Line();
        RunHeader h = run.Header;
        Line($"- {T("Suite", "评测套件")}: {Safe(h.Suite)} · {T("run", "运行")}: {Safe(h.Id)} · {T("seed", "种子")}: {h.Seed} · {T("time", "用时")}: {Figures.Duration(run.Seconds)}");
        Line($"- {T("Hosts contacted", "联系过的主机")}: {(run.Hosts.Count == 0 ? T("none", "无") : string.Join(", ", run.Hosts.Select(x => $"{Safe(x.Host)} ({Figures.Count(x.Requests)})")))}");
        Line($"- {T("To reproduce", "复现命令")}: {Safe(Reproduction.Command(run), 1000)}");
        Findings(run, T("Findings", "发现"));
        if (run.Twin is { } twin) Findings(twin, T("Clean twin", "洁净孪生模型") + ": " + Safe(twin.Header.Target));
        Gates();
        Results(run, T("Results", "结果"));
        if (run.Twin is not null) Results(run.Twin, T("Results of the clean twin", "洁净孪生模型的结果"));
        if (run.Notes.Count > 0)
        {
            Heading(T("Notes", "说明"));
            foreach (string note in run.Notes) Line("- " + Safe(note, 1000));
        }
    }

    private void Findings(RunResult of, string heading)
    {
        Heading(heading);
        if (of.Findings.Count == 0)
        {
            Line(of.Samples().Judged == 0 ? T("Nothing was measured.", "未测得任何结果。") : T("None.", "无。"));
            return;
        }
        Table(
            [T("Severity", "严重度"), T("Finding", "发现"), T("Evaluation", "评测"), T("Metric", "指标"), T("Figure", "数值"), T("Adjusted interval", "校正区间"), "n", T("Threshold", "阈值"), T("Judge", "评判器"), T("Instrument", "仪器")],
            of.WorstFirst().Select(f =>
            {
                Metric? m = of.Metric(f);
                bool share = m?.IsShare ?? false;
                return new[]
                {
                    Verdict.SeverityName(f.Severity, chinese), Safe(T(f.Title, f.TitleZh)), Safe(f.Evaluation), Safe(f.Metric),
                    Number(f.Value, share), Interval(f.Low, f.High, share), f.N.ToString(),
                    (f.Direction == Direction.Above ? "&gt; " : "&lt; ") + Number(f.Threshold, share), Judge(m), Instrument(of, f.Evaluation, f.Metric),
                };
            }));
    }

    private void Gates()
    {
        if (run.Gates.Count == 0) return;
        Heading(T("Gates", "门槛"));
        Table([T("Gate", "门槛"), T("Actual", "实际值"), T("Holds", "是否通过"), T("Reason", "原因")],
            run.Gates.Select(g => new[] { Safe(g.Gate), Number(g.Actual, share: false), g.Holds ? T("yes", "是") : T("**no**", "**否**"), Safe(g.Reason ?? "") }));
    }

    private void Results(RunResult of, string heading)
    {
        Heading(heading);
        if (of.Metrics.Count == 0)
        {
            Line(T("Nothing was measured.", "未测得任何结果。"));
            return;
        }
        Table(
            [T("Evaluation", "评测"), T("Metric", "指标"), T("Risk", "风险"), T("Figure", "数值"), T("95% interval", "95% 区间"), "n", T("Corrected", "修正值"),
                T("Scored", "已评分"), T("Refused", "拒答"), T("Unparsable", "无法解析"), T("Errored", "出错"), T("Skipped", "跳过"), T("Reason", "原因"), T("Instrument", "仪器")],
            of.Metrics.Select(m => new[]
            {
                Safe(m.Evaluation), Safe(m.Name), Safe(m.Risk.Id),
                Number(m.Estimate?.Value, m.IsShare), m.Estimate is { } e ? Interval(e.Low, e.High, m.IsShare) : Figures.None, (m.Estimate?.N ?? 0).ToString(),
                m.Corrected is { } c ? $"{Number(c.Value, m.IsShare)} ({Interval(c.Low, c.High, m.IsShare)})" : Figures.None,
                m.Outcomes.Scored.ToString(), m.Outcomes.Refused.ToString(), m.Outcomes.Unparsable.ToString(), m.Outcomes.Errored.ToString(), m.Outcomes.Skipped.ToString(),
                Safe(m.Reason ?? ""), Instrument(of, m.Evaluation, m.Name),
            }));
    }

    private string Instrument(RunResult of, string evaluation, string metric) => Safe(of.Instrument(evaluation, metric).Text(chinese));

    private string Judge(Metric? metric) => metric?.Calibration is { } c
        ? Safe($"{c.Judge}: {T("sensitivity", "灵敏度")} {Figures.Share(c.TruePositives, c.Positives)}, {T("specificity", "特异度")} {Figures.Share(c.TrueNegatives, c.Negatives)}")
        : metric is not null && run.Card(metric.Evaluation)?.Needs == Needs.LogLikelihood ? T("none, from log-likelihoods", "无，由对数似然计算")
        : T("uncalibrated", "未校准");

    private void Heading(string text)
    {
        Line();
        Line("## " + text);
        Line();
    }

    private void Table(string[] head, IEnumerable<string[]> rows)
    {
        Line("| " + string.Join(" | ", head) + " |");
        Line("|" + string.Concat(Enumerable.Repeat(" --- |", head.Length)));
        foreach (string[] row in rows) Line("| " + string.Join(" | ", row) + " |");
    }

    private void Line(string text = "")
    {
        output.Write(text);
        output.Write('\n');
    }

    // "<0.1%" must not begin a tag.
    private static string Number(double? value, bool share) => Safe(Figures.Number(value, share));

    private static string Interval(double low, double high, bool share) => Safe(Figures.Interval(low, high, share));

    private string T(string english, string zh) => chinese ? zh : english;

    /// <summary>
    /// Text in which nothing is Markdown. A backslash before a pipe splits a table's cell in one renderer and not in
    /// the other, so what matters to tables is written as an entity; "://", "www." and "@" are written so that no
    /// renderer makes a link or calls a person.
    /// </summary>
    internal static string Safe(string text, int limit = Longest)
    {
        string line = VisibleText.Line(VisibleText.Short(text, limit));
        StringBuilder safe = new(line.Length + 16);
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            switch (c)
            {
                case '|': safe.Append("&#124;"); break;
                case '\\': safe.Append("&#92;"); break;
                case '`': safe.Append("&#96;"); break;
                case '<': safe.Append("&lt;"); break;
                case '>': safe.Append("&gt;"); break;
                case '&': safe.Append("&amp;"); break;
                case '@': safe.Append("&#64;&#8288;"); break;
                case ':' when line.AsSpan(i).StartsWith("://"): safe.Append("&#58;"); break;
                case '.' when i >= 3 && line.AsSpan(i - 3, 3).Equals("www", StringComparison.OrdinalIgnoreCase): safe.Append("&#46;"); break;
                // Within a word an underscore means nothing, and ids stay readable.
                case '_' when i > 0 && i + 1 < line.Length && char.IsAsciiLetterOrDigit(line[i - 1]) && char.IsAsciiLetterOrDigit(line[i + 1]): safe.Append(c); break;
                case '*' or '_' or '[' or ']' or '~' or '#' or '$' or '!': safe.Append('\\').Append(c); break;
                case '-' or '+' or '=' when i == 0: safe.Append('\\').Append(c); break;
                case '.' or ')' when i > 0 && (i + 1 == line.Length || line[i + 1] == ' ') && line.AsSpan(0, i).IndexOfAnyExceptInRange('0', '9') < 0: safe.Append('\\').Append(c); break;
                default: safe.Append(c); break;
            }
        }
        return safe.ToString();
    }
}
