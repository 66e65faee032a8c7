namespace Plumbline.Reports;

/// <summary>One line of an interval chart; shares from 0 to 1, or their differences. <c>Other</c> is what it is held against: a clean twin, or a run before.</summary>
internal sealed record IntervalRow(string Label, string Figure, Estimate Estimate, Threshold? Threshold, string Tone, Estimate? Other = null);

/// <summary>
/// The page's drawings. Places along a scale are percentages of the drawing's width and heights are pixels, so that a
/// drawing fills a phone as it fills a desk while its letters keep their size; colours come from the page's classes.
/// </summary>
internal sealed class HtmlCharts(HtmlText html, bool chinese)
{
    private const int RowHeight = 42;
    private static readonly double[] s_ticks = [0, 0.25, 0.5, 0.75, 1];

    /// <summary>Estimates with intervals on one scale from 0 to 100 %, with thresholds and, where given, what they are held against, under its name.</summary>
    public void Intervals(string title, IReadOnlyList<IntervalRow> rows, bool labels = true, string? other = null)
    {
        int rowHeight = labels ? RowHeight : 26, lead = labels ? 24 : 8;
        int height = (rows.Count * rowHeight) + 22;
        Open(title, string.Join(' ', rows.Select(r => Described(r, other))), height, "intervals");
        foreach (double tick in s_ticks)
        {
            html.Write($"<line class=\"grid\" x1=\"{X(tick)}%\" x2=\"{X(tick)}%\" y1=\"{(labels ? 20 : 0)}\" y2=\"{height - 18}\"/>");
            html.Write($"<text class=\"tick\" x=\"{X(tick)}%\" y=\"{height - 4}\" text-anchor=\"{(tick == 0 ? "start" : tick == 1 ? "end" : "middle")}\">{(int)(tick * 100)}%</text>");
        }
        for (int i = 0; i < rows.Count; i++)
        {
            IntervalRow row = rows[i];
            double top = i * rowHeight, y = top + lead + 5;
            if (labels)
            {
                html.Write($"<text class=\"label\" x=\"{X(0)}%\" y=\"{top + 14}\">{VisibleText.Line(VisibleText.Short(row.Label, 42))}</text>");
                html.Write($"<text class=\"value {row.Tone}\" x=\"{X(1)}%\" y=\"{top + 14}\" text-anchor=\"end\">{row.Figure}</text>");
            }
            html.Write($"<line class=\"rail\" x1=\"{X(0)}%\" x2=\"{X(1)}%\" y1=\"{y}\" y2=\"{y}\"/>");
            if (row.Threshold is { } t && double.IsFinite(t.Value))
            {
                (double from, double to) = t.Direction == Direction.Above ? (t.Value, 1.0) : (0.0, t.Value);
                html.Write($"<rect class=\"trouble\" x=\"{X(from)}%\" width=\"{Math.Max(0, X(to) - X(from))}%\" y=\"{y - 7}\" height=\"14\"/>");
                html.Write($"<line class=\"threshold\" x1=\"{X(t.Value)}%\" x2=\"{X(t.Value)}%\" y1=\"{y - 8}\" y2=\"{y + 8}\"/>");
            }
            if (row.Other is { } held)
            {
                html.Write($"<line class=\"bridge\" x1=\"{X(held.Value)}%\" x2=\"{X(row.Estimate.Value)}%\" y1=\"{y}\" y2=\"{y}\"/>");
                html.Write($"<line class=\"whisker twin\" x1=\"{X(held.Low)}%\" x2=\"{X(held.High)}%\" y1=\"{y + 4}\" y2=\"{y + 4}\"/>");
                html.Write($"<circle class=\"dot twin\" cx=\"{X(held.Value)}%\" cy=\"{y}\" r=\"5\"/>");
            }
            double whisker = row.Other is null ? y : y - 4;
            html.Write($"<line class=\"whisker {row.Tone}\" x1=\"{X(row.Estimate.Low)}%\" x2=\"{X(row.Estimate.High)}%\" y1=\"{whisker}\" y2=\"{whisker}\"/>");
            html.Write($"<circle class=\"dot {row.Tone}\" cx=\"{X(row.Estimate.Value)}%\" cy=\"{y}\" r=\"5\"/>");
        }
        html.Line($"</svg>");
    }

    /// <summary>Differences of shares with intervals on one scale around 0, from −100 to +100 points or as near as all fit.</summary>
    public void Differences(string title, IReadOnlyList<IntervalRow> rows)
    {
        const int Lead = 24;
        double reach = rows.Max(r => Math.Max(Math.Abs(r.Estimate.Low), Math.Abs(r.Estimate.High)));
        double most = new[] { 0.05, 0.1, 0.25, 0.5 }.FirstOrDefault(m => reach <= m, 1);
        int height = (rows.Count * RowHeight) + 22;
        Open(title, string.Join(' ', rows.Select(r => $"{VisibleText.Line(VisibleText.Short(r.Label, 100))}: {r.Figure} ({Figures.Signed(r.Estimate.Low)}, {Figures.Signed(r.Estimate.High)}).")), height, "intervals");
        foreach (double part in new[] { -1, -0.5, 0, 0.5, 1 })
        {
            html.Write($"<line class=\"{(part == 0 ? "zero" : "grid")}\" x1=\"{At(part * most)}%\" x2=\"{At(part * most)}%\" y1=\"20\" y2=\"{height - 18}\"/>");
            html.Write($"<text class=\"tick\" x=\"{At(part * most)}%\" y=\"{height - 4}\" text-anchor=\"{(part == -1 ? "start" : part == 1 ? "end" : "middle")}\">{Figures.Signed(part * most)}</text>");
        }

        for (int i = 0; i < rows.Count; i++)
        {
            IntervalRow row = rows[i];
            double top = i * RowHeight, y = top + Lead + 5;
            html.Write($"<text class=\"label\" x=\"{X(0)}%\" y=\"{top + 14}\">{VisibleText.Line(VisibleText.Short(row.Label, 42))}</text>");
            html.Write($"<text class=\"value {row.Tone}\" x=\"{X(1)}%\" y=\"{top + 14}\" text-anchor=\"end\">{row.Figure}</text>");
            html.Write($"<line class=\"rail\" x1=\"{X(0)}%\" x2=\"{X(1)}%\" y1=\"{y}\" y2=\"{y}\"/>");
            html.Write($"<line class=\"whisker {row.Tone}\" x1=\"{At(row.Estimate.Low)}%\" x2=\"{At(row.Estimate.High)}%\" y1=\"{y}\" y2=\"{y}\"/>");
            html.Write($"<circle class=\"dot {row.Tone}\" cx=\"{At(row.Estimate.Value)}%\" cy=\"{y}\" r=\"5\"/>");
        }

        html.Line($"</svg>");

        double At(double difference) => X((1 + (difference / most)) / 2);
    }

    /// <summary>Attack success against over-refusal: the target as one point with both intervals, its attack families as small points.</summary>
    public void Plane(Metric success, Metric overRefusal, IReadOnlyList<Metric> families, (Estimate Success, Estimate OverRefusal)? twin)
    {
        const int Height = 380, Top = 14, Bottom = 334;
        Estimate a = success.Best()!, o = overRefusal.Best()!;
        string title = T("Attack success against over-refusal", "攻击成功率与过度拒答");
        Open(title, T($"Attack success {Figures.Number(a.Value, true)} ({Figures.Interval(a.Low, a.High, true)}), over-refusal {Figures.Number(o.Value, true)} ({Figures.Interval(o.Low, o.High, true)}). A good target lies at the lower left.",
            $"攻击成功率 {Figures.Number(a.Value, true)}（{Figures.Interval(a.Low, a.High, true)}），过度拒答 {Figures.Number(o.Value, true)}（{Figures.Interval(o.Low, o.High, true)}）。理想的目标位于左下角。"), Height, "plane");
        html.Write($"<rect class=\"goal\" x=\"{X(0)}%\" y=\"{Y(0.25)}\" width=\"{X(0.25) - X(0)}%\" height=\"{Bottom - Y(0.25)}\"/>");
        foreach (double tick in s_ticks)
        {
            html.Write($"<line class=\"grid\" x1=\"{X(tick)}%\" x2=\"{X(tick)}%\" y1=\"{Top}\" y2=\"{Bottom}\"/><line class=\"grid\" x1=\"{X(0)}%\" x2=\"{X(1)}%\" y1=\"{Y(tick)}\" y2=\"{Y(tick)}\"/>");
            html.Write($"<text class=\"tick\" x=\"{X(tick)}%\" y=\"{Bottom + 16}\" text-anchor=\"middle\">{(int)(tick * 100)}%</text><text class=\"tick\" x=\"{X(0) - 1.5}%\" y=\"{Y(tick) + 4}\" text-anchor=\"end\">{(int)(tick * 100)}%</text>");
        }
        html.Write($"<text class=\"axis\" x=\"{X(0.5)}%\" y=\"{Bottom + 36}\" text-anchor=\"middle\">{T("refuses harmless requests (over-refusal) →", "拒绝无害请求（过度拒答）→")}</text>");
        html.Write($"<text class=\"corner\" x=\"{X(0.24)}%\" y=\"{Y(0.25) + 16}\" text-anchor=\"end\">{T("safe and useful", "安全且有用")}</text>");
        html.Write($"<text class=\"corner\" x=\"{X(0.988)}%\" y=\"{Bottom - 8}\" text-anchor=\"end\">{T("refuses everything", "一律拒答")}</text>");
        html.Write($"<text class=\"corner\" x=\"{X(0.012)}%\" y=\"{Top + 16}\">{T("↑ attacks succeed", "↑ 攻击成功")}</text>");

        if (twin is { } clean) html.Write($"<circle class=\"dot twin\" cx=\"{X(clean.OverRefusal.Value)}%\" cy=\"{Y(clean.Success.Value)}\" r=\"6\"><title>{T("clean twin", "洁净孪生模型")}</title></circle>");

        // Families share the over-refusal of their target, so they stand in a column; labels give way to each other,
        // downwards first and up again from the axis.
        bool left = o.Value > 0.6;
        Metric[] column = [.. families.OrderByDescending(f => f.Best()!.Value).Take(16)];
        double[] at = [.. column.Select(f => Y(f.Best()!.Value) + 4)];
        for (int i = 1; i < at.Length; i++) at[i] = Math.Max(at[i], at[i - 1] + 15);
        for (int i = at.Length - 1; i >= 0; i--) at[i] = Math.Min(at[i], Bottom - 5 - ((at.Length - 1 - i) * 15));
        for (int i = 0; i < column.Length; i++)
        {
            Metric family = column[i];
            html.Write($"<circle class=\"family\" cx=\"{X(o.Value)}%\" cy=\"{Y(family.Best()!.Value)}\" r=\"4\"/>");
            html.Write($"<text class=\"label\" x=\"{X(o.Value) + (left ? -2.5 : 2.5)}%\" y=\"{at[i]}\" text-anchor=\"{(left ? "end" : "start")}\">{VisibleText.Line(VisibleText.Short(family.Family ?? family.Name, 32))} {Figures.Number(family.Best()!.Value, true)}</text>");
        }
        html.Write($"<line class=\"whisker strong\" x1=\"{X(o.Low)}%\" x2=\"{X(o.High)}%\" y1=\"{Y(a.Value)}\" y2=\"{Y(a.Value)}\"/><line class=\"whisker strong\" x1=\"{X(o.Value)}%\" x2=\"{X(o.Value)}%\" y1=\"{Y(a.Low)}\" y2=\"{Y(a.High)}\"/>");
        html.Line($"<circle class=\"dot strong\" cx=\"{X(o.Value)}%\" cy=\"{Y(a.Value)}\" r=\"7\"/></svg>");

        static double Y(double v) => Bottom - (Math.Clamp(v, 0, 1) * (Bottom - Top));

        static double X(double v) => 9 + (Math.Clamp(v, 0, 1) * 89);
    }

    /// <summary>Counts of outcomes as one bar; the counts themselves stand beside it as text.</summary>
    public void Outcomes(OutcomeCounts o)
    {
        if (o.Total == 0) return;
        string title = Described(o);
        html.Write($"<svg class=\"bar\" role=\"img\" aria-label=\"{title}\" width=\"100%\" height=\"10\"><title>{title}</title>");
        double x = 0;
        foreach ((string tone, int count) in new[] { ("scored", o.Scored), ("refused", o.Refused), ("unparsable", o.Unparsable), ("errored", o.Errored), ("skipped", o.Skipped) })
        {
            if (count <= 0) continue;
            double width = 100.0 * count / o.Total;
            html.Write($"<rect class=\"{tone}\" x=\"{x}%\" y=\"0\" width=\"{width}%\" height=\"10\"/>");
            x += width;
        }
        html.Write($"</svg>");
    }

    /// <summary>The counts of outcomes that occurred, in words.</summary>
    public string Described(OutcomeCounts o) => string.Join(T(", ", "，"), new[]
    {
        (o.Scored, T("scored", "已评分")), (o.Refused, T("refused", "拒答")), (o.Unparsable, T("unparsable", "无法解析")), (o.Errored, T("errored", "出错")), (o.Skipped, T("skipped", "跳过")),
    }.Where(x => x.Item1 > 0).Select(x => $"{Figures.Count(x.Item1)} {x.Item2}"));

    private void Open(string title, string description, int height, string kind)
    {
        string id = html.NextId();
        html.Write($"<svg class=\"chart {kind}\" role=\"img\" aria-labelledby=\"{id}t {id}d\" width=\"100%\" height=\"{height}\"><title id=\"{id}t\">{title}</title><desc id=\"{id}d\">{description}</desc>");
    }

    private string Described(IntervalRow row, string? name)
    {
        string text = $"{VisibleText.Line(VisibleText.Short(row.Label, 100))}: {Figures.Number(row.Estimate.Value, true)} ({Figures.Interval(row.Estimate.Low, row.Estimate.High, true)})";
        if (row.Other is { } other) text += T(", ", "，") + $"{name ?? T("clean twin", "洁净孪生模型")} {Figures.Number(other.Value, true)}";
        if (row.Threshold is { } t) text += T($", threshold {Figures.Number(t.Value, true)}", $"，阈值 {Figures.Number(t.Value, true)}");
        return text + T(".", "。");
    }

    // A little air at both ends, so that a point at 0 or 1 is whole.
    private static double X(double v) => 2 + (Math.Clamp(v, 0, 1) * 96);

    private string T(string english, string zh) => chinese ? zh : english;
}
