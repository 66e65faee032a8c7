using Plumbline.Runs;

namespace Plumbline.Reports;

/// <summary>Two runs side by side as one page that needs nothing else: which differences are real, before and after, and every figure.</summary>
internal sealed class HtmlComparison
{
    private const int LongestName = 300;

    private readonly RunResult _first;
    private readonly RunResult _second;
    private readonly IReadOnlyList<MetricComparison> _rows;
    private readonly HtmlText _html;
    private readonly HtmlCharts _charts;
    private readonly bool _chinese;

    public HtmlComparison(RunResult first, RunResult second, IReadOnlyList<MetricComparison> rows, TextWriter output, bool chinese)
    {
        (_first, _second, _rows, _html, _chinese) = (first, second, rows, new(output), chinese);
        _charts = new(_html, chinese);
    }

    public void Write()
    {
        HtmlPage.Open(_html, $"{Name(_first.Header.Target)} → {Name(_second.Header.Target)} · {T("Plumbline comparison", "Plumbline 对比")}", _chinese);
        Verdict();
        _html.Line($"<main id=\"main\" class=\"wrap\">");
        BeforeAndAfter();
        Differences();
        Table();
        _html.Line($"</main>");
        HtmlPage.Close(_html, $"{Name(_first.Header.Id)} · {Name(_second.Header.Id)}", _chinese);
    }

    private void Verdict()
    {
        int real = _rows.Count(r => r.Real), tested = _rows.Count(r => r.P is not null);
        string sentence = tested == 0 ? T("Nothing can be compared: the runs share no measured figure.", "无法比较：两次运行没有共同测得的指标。")
            : real == 0 ? T($"No difference among {tested} stands after the correction. That is no proof of equality: see the intervals.", $"校正之后，{tested} 项差异均不成立。这并不证明两者相同，请看区间。")
            : T($"{real} of {tested} differences {(real == 1 ? "is" : "are")} real.", $"{tested} 项差异中有 {real} 项成立。");
        _html.Line($"<h1>{T("From", "从")} <b>{Name(_first.Header.Target)}</b> {T("to", "到")} <b>{Name(_second.Header.Target)}</b></h1>");
        string tone = tested == 0 ? "warn" : "good";
        _html.Line($"<div class=\"verdict v-{tone}\"><p>{sentence}</p></div><dl class=\"facts\">");
        Fact(T("First run (A)", "第一次运行（A）"), _first.Header);
        Fact(T("Second run (B)", "第二次运行（B）"), _second.Header);
        _html.Line($"<div><dt>{T("Error over all rows", "总体错误率")}</dt><dd>5%<small>{T("Holm's correction", "Holm 校正")}</small></dd></div></dl></div></header>");

        void Fact(string term, RunHeader run) => _html.Line($"<div><dt>{term}</dt><dd>{Name(run.Target)}<small>{Name(run.Id)} · {Name(run.Suite)} · {T("seed", "种子")} {run.Seed.ToString()} · {$"{run.Started.UtcDateTime:yyyy-MM-dd HH:mm}"} UTC</small></dd></div>");
    }

    private void BeforeAndAfter()
    {
        List<IntervalRow> rows = [];
        foreach (MetricComparison row in _rows)
        {
            if (Metric(_first, row) is not { IsShare: true, Estimate: { } before } first || Metric(_second, row) is not { Estimate: { } after }) continue;
            if (!Lookup.Drawable(before) || !Lookup.Drawable(after)) continue;
            rows.Add(new($"{row.Evaluation} · {row.Metric}", $"{Figures.Number(before.Value, true)} → {Figures.Number(after.Value, true)}", after, first.Threshold, Tone(row), before));
        }

        if (rows.Count == 0) return;
        Section("before-after", T("Before and after", "前后对照"), T("Each share in the first run ○ and in the second ●, as counted, with 95% intervals; red where it really became worse, green where it became better. The shaded side of the dashed line is where trouble begins.", "各项比率在第一次运行 ○ 与第二次运行 ● 中的计数值，附 95% 区间；确实变差者为红色，变好者为绿色。虚线着色一侧表示问题区域。"));
        _html.Line($"<figure class=\"card\">");
        _charts.Intervals(T("Shares before and after", "前后比率"), rows, other: T("first run", "第一次运行"));
        _html.Line($"</figure></section>");
    }

    private void Differences()
    {
        IntervalRow[] rows = [.. _rows.Where(r => Metric(_first, r) is { IsShare: true } && r is { Difference: { } d, Low: not null, High: not null } && double.IsFinite(d))
            .Select(r => new IntervalRow($"{r.Evaluation} · {r.Metric}", Figures.Signed(r.Difference!.Value), new(r.Difference!.Value, r.Low!.Value, r.High!.Value, r.Pairs, r.Method, _ => (r.Low!.Value, r.High!.Value)), null, Tone(r)))];
        if (rows.Length == 0) return;
        Section("differences", T("Differences", "差异"), T("Second minus first, in percentage points, with 95% intervals of the difference (not adjusted); paired by sample where both runs asked the same.", "第二次减第一次（百分点），附差异的 95% 区间（未校正）；两次运行提问相同者按样本配对。"));
        _html.Line($"<figure class=\"card\">");
        _charts.Differences(T("Second run minus first", "第二次运行减第一次"), rows);
        _html.Line($"</figure></section>");
    }

    private void Table()
    {
        string[] heads = ["A", "B", "B − A", T("95% interval", "95% 区间"), T("Pairs", "配对数"), "p", T("p, Holm", "p（Holm）")];
        Section("figures", T("Every figure", "全部指标"), T("p is two-sided. What cannot be compared says why.", "p 为双侧。无法比较者注明原因。"));
        _html.Line($"<div class=\"scroll\"><table class=\"stack\" role=\"table\"><caption>{T("Both runs, figure by figure", "两次运行逐项对照")}</caption><thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">{T("Metric", "指标")}</th>");
        foreach (string head in heads) _html.Write($"<th scope=\"col\" role=\"columnheader\" class=\"num\">{head}</th>");
        _html.Line($"</tr></thead><tbody role=\"rowgroup\">");
        foreach (MetricComparison row in _rows)
        {
            bool share = (Metric(_first, row) ?? Metric(_second, row))?.IsShare ?? false;
            _html.Write($"<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{Name(row.Evaluation)} · {Name(row.Metric)}");
            if (row.Real) _html.Write($" <b class=\"{Tone(row)}\">· {T("real", "成立")}</b>");
            _html.Write($"<span class=\"reason\">{Name(row.Method)}</span></th>");
            string[] cells =
            [
                Figures.Number(row.First, share), Figures.Number(row.Second, share), Figures.Number(row.Difference, share), row is { Low: { } low, High: { } high } ? Figures.Interval(low, high, share) : Figures.None,
                row.Pairs == 0 ? Figures.None : Figures.Count(row.Pairs), Figures.Chance(row.P), Figures.Chance(row.Adjusted),
            ];
            for (int i = 0; i < cells.Length; i++) _html.Write($"<td class=\"num{(cells[i] == Figures.None ? " none" : "")}\" role=\"cell\" data-label=\"{heads[i]}\">{cells[i]}</td>");
            _html.Line($"</tr>");
        }

        _html.Line($"</tbody></table></div></section>");
    }

    private void Section(string id, string title, string lead) => _html.Line($"<section id=\"{id}\" aria-labelledby=\"h-{id}\"><h2 id=\"h-{id}\">{title}</h2><p class=\"lead\">{lead}</p>");

    // Towards the trouble beyond a threshold is worse; where there is none, a real difference is neither.
    private string Tone(MetricComparison row) => !row.Real ? "plain"
        : Metric(_first, row)?.Threshold is not { } t ? "strong"
        : (row.Difference > 0) == (t.Direction == Direction.Above) ? "bad" : "good";

    private static Metric? Metric(RunResult run, MetricComparison row) => run.Metrics.FirstOrDefault(m => m.Evaluation == row.Evaluation && m.Name == row.Metric);

    private static string Name(string text) => VisibleText.Short(text, LongestName);

    private string T(string english, string zh) => _chinese ? zh : english;
}
