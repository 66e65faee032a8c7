using Plumbline.Runs;
using Plumbline.Worlds;

namespace Plumbline.Reports;

/// <summary>
/// The run as one page that needs nothing else: no script, no request, readable in the dark, on paper, on a phone, by
/// keyboard and by ear. The verdict comes first, then what it rests on.
/// </summary>
internal sealed class HtmlReport
{
    /// <summary>Examples shown for an evaluation and outcome, and characters of each text: 20,000 records make a page no larger than 200 do.</summary>
    internal const int ExamplesEach = 3;
    internal const int LongestExample = 1500;
    private const int LongestSuite = 3900;
    private const int LongestName = 300;

    private readonly RunResult _run;
    private readonly HtmlText _html;
    private readonly HtmlCharts _charts;
    private readonly bool _chinese;

    public HtmlReport(RunResult run, TextWriter output, bool chinese)
    {
        (_run, _html, _chinese) = (run, new(output), chinese);
        _charts = new(_html, chinese);
    }

    public void Write()
    {
        Verdict verdict = Verdict.Of(_run, _chinese);
        HtmlPage.Open(_html, $"{Name(_run.Header.Target)} · {T("Plumbline report", "Plumbline 评测报告")}", _chinese);
        Header(verdict);
        _html.Line($"<main id=\"main\" class=\"wrap\">");
        Findings();
        if (_run.Twin is not null) Twin(_run.Twin);
        Results();
        Charts();
        Coverage();
        Gates();
        Examples();
        Costs();
        Reproduce();
        HowToRead();
        _html.Line($"</main>");
        HtmlPage.Close(_html, Name(_run.Header.Id), _chinese);
    }

    private void Header(Verdict verdict)
    {
        (string tone, string word) = verdict.Level switch
        {
            VerdictLevel.NotMeasured => ("bad", T("Not measured", "未测量")),
            VerdictLevel.Findings => _run.Findings.Max(f => f.Severity) >= Severity.High ? ("bad", T("Findings", "有发现")) : ("warn", T("Findings", "有发现")),
            VerdictLevel.GatesFail => ("bad", T("Gates fail", "门槛未通过")),
            VerdictLevel.Doubtful => ("warn", T("No good word possible", "无法给出肯定结论")),
            _ => ("good", T("No finding", "没有发现")),
        };
        OutcomeCounts s = verdict.Samples;
        _html.Line($"<h1>{T("Safety assessment of", "安全评测：")} <b>{Name(_run.Header.Target)}</b>{(_run.Twin is { } twin ? T(" beside its clean twin ", " 与其洁净孪生模型 ") + Name(twin.Header.Target) : "")}</h1>");
        _html.Line($"<div class=\"verdict v-{tone}\"><span class=\"tag\">{word}</span><p>{verdict.Sentence}</p></div>");
        _html.Line($"<dl class=\"facts\">");
        Fact(T("Findings", "发现"), _run.Findings.Count.ToString(), _run.Twin is null ? "" : T($"clean twin: {_run.Twin.Findings.Count}", $"洁净孪生模型：{_run.Twin.Findings.Count}"));
        Fact(T("Samples judged", "已评判样本"), Figures.Count(s.Judged), s.Total == 0 ? T("none asked", "未提出样本") : T($"of {Figures.Count(s.Total)}: {_charts.Described(s)}", $"共 {Figures.Count(s.Total)}：{_charts.Described(s)}"));
        Metric? over = _run.OverRefusal(), success = _run.AttackSuccess();
        Fact(T("Attack success", "攻击成功率"), Figures.Number(success?.Best()?.Value, share: true), success?.Best() is { } a ? Figures.Interval(a.Low, a.High, true) : T("not measured", "未测量"));
        Fact(T("Over-refusal", "过度拒答"), Figures.Number(over?.Best()?.Value, share: true), over?.Best() is { } o ? Figures.Interval(o.Low, o.High, true) : T("not measured", "未测量"));
        Fact(T("Gates", "门槛"), _run.Gates.Count == 0 ? T("none set", "未设置") : $"{_run.Gates.Count(g => g.Holds)} / {_run.Gates.Count}", _run.Gates.Count == 0 ? "" : T("hold", "通过"));
        Fact(T("Suite", "评测套件"), VisibleText.Short(_run.Header.Suite, 40), $"{Figures.Duration(_run.Seconds)} · {_run.Header.Started.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        _html.Line($"</dl>");
        _html.Line($"<nav aria-label=\"{T("Contents", "目录")}\"><ul>");
        foreach ((string id, string title) in new[]
        {
            ("findings", T("Findings", "发现")), (_run.Twin is null ? "" : "twin", T("Clean twin", "洁净孪生模型")), ("results", T("Results", "结果")), ("charts", T("Charts", "图表")), ("coverage", T("Coverage", "覆盖范围")),
            (_run.Gates.Count == 0 ? "" : "gates", T("Gates", "门槛")), ("examples", T("Examples", "示例")), ("cost", T("Cost and hosts", "开销与主机")), ("reproduce", T("Reproduce", "复现")), ("read", T("How to read this", "如何阅读")),
        }.Where(x => x.Item1.Length > 0))
            _html.Write($"<li><a href=\"#{id}\">{title}</a></li>");
        _html.Line($"</ul></nav></div></header>");

        void Fact(string term, string value, string small)
        {
            _html.Write($"<div><dt>{term}</dt><dd>{value}");
            if (small.Length > 0) _html.Write($"<small>{small}</small>");
            _html.Line($"</dd></div>");
        }
    }

    private void Findings()
    {
        Section("findings", T("Findings", "发现"), _run.Findings.Count == 0 ? ""
            : T("Figures whose whole interval, adjusted by Holm's method over all thresholds of the run, lies beyond a stated threshold.", "经 Holm 方法对本次运行全部阈值校正后，整个区间都越过既定阈值的指标。"));
        if (_run.Findings.Count == 0)
        {
            bool measured = _run.Samples().Judged > 0;
            _html.Line($"<div class=\"card\"><p class=\"meaning\">{(measured
                ? T("No figure's whole adjusted interval lies beyond its threshold. What was not tested, and what lies within the intervals, remains unknown.", "没有任何指标的整个校正区间越过阈值。未测试的内容以及区间之内的差异仍属未知。")
                : T("Nothing was measured, so there can be no finding. This is no sign of safety.", "未测得任何结果，因此不可能有发现。这不代表安全。"))}</p></div>");
        }
        foreach (Finding finding in _run.WorstFirst()) Write(finding);
        End();
    }

    private void Write(Finding finding)
    {
        Metric? metric = _run.Metric(finding);
        bool share = metric?.IsShare ?? false;
        EvaluationCard? card = _run.Card(finding.Evaluation);
        string severity = finding.Severity.ToString().ToLowerInvariant();
        string id = _html.NextId();
        _html.Line($"<article class=\"card finding s-{severity}\" aria-labelledby=\"{id}\"><header><span class=\"tag\">{Verdict.SeverityName(finding.Severity, _chinese)}</span><h3 id=\"{id}\">{Name(T(finding.Title, finding.TitleZh))}</h3><code>{Name(finding.Evaluation)} · {Name(finding.Metric)}</code></header>");
        _html.Line($"<div class=\"two\"><div class=\"figure\">{Figures.Number(finding.Value, share)}<small>{T("adjusted interval", "校正区间")} {Figures.Interval(finding.Low, finding.High, share)} · n = {Figures.Count(finding.N)}{(metric?.Corrected is not null ? T(" · corrected for the judge", " · 已按评判器误差修正") : "")}</small>");
        if (share && metric is not null && double.IsFinite(finding.Value) && double.IsFinite(finding.Low) && double.IsFinite(finding.High))
        {
            Estimate estimate = new(finding.Value, finding.Low, finding.High, finding.N, "", _ => (finding.Low, finding.High));
            Threshold threshold = metric.Threshold ?? new(finding.Direction, finding.Threshold, finding.ThresholdReason, finding.Title, finding.TitleZh, finding.Severity);
            _charts.Intervals(T("The figure on its scale, with its threshold", "指标在标尺上的位置及其阈值"), [new(Name(finding.Title), "", estimate, threshold, "bad")], labels: false);
        }
        _html.Line($"</div><dl class=\"pairs\">");
        Pair(T("Threshold", "阈值"), $"{(finding.Direction == Direction.Above ? T("above", "高于") : T("below", "低于"))} {Figures.Number(finding.Threshold, share)}: {finding.ThresholdReason}");
        Pair(T("Judge", "评判器"), Judge(metric));
        Pair(T("Instrument", "仪器"), Instrument(finding.Evaluation, finding.Metric));
        Pair(T("Risk", "风险"), $"{finding.Risk.In(Language)} ({finding.Risk.Id})");
        if (finding.Family is not null) Pair(T("Attack family", "攻击类别"), Name(finding.Family));
        Pair(T("Data", "数据"), Name(finding.Dataset));
        _html.Line($"</dl></div>");
        if (card is not null) _html.Line($"<p class=\"meaning\"><b>{T("What it means.", "含义：")}</b> {T(card.Meaning, card.MeaningZh)}</p>");
        List<SampleRecord> examples = [.. _run.Examples(finding).Take(ExamplesEach)];
        if (examples.Count > 0)
        {
            _html.Line($"<details><summary>{T($"Worst examples ({examples.Count}), blurred until pointed at or focused", $"最严重的示例（{examples.Count} 个），悬停或聚焦后显示")}</summary>");
            foreach (SampleRecord example in examples) Write(example);
            _html.Line($"</details>");
        }
        _html.Line($"</article>");
    }

    private void Twin(RunResult twin)
    {
        Section("twin", T("Planted against clean", "植入缺陷与洁净对照"), T("The planted model carries known defects; its twin is the same without them. The instruments should find the first and pass the second.", "植入模型带有已知缺陷；孪生模型与其相同但没有这些缺陷。工具应当发现前者的缺陷，并让后者通过。"));
        _html.Line($"<div class=\"panels even\">");
        Side(_run, T("Planted", "植入缺陷"));
        Side(twin, T("Clean twin", "洁净孪生模型"));
        _html.Line($"</div>");
        List<IntervalRow> rows = [];
        foreach (Metric metric in _run.Metrics.Where(m => m.IsShare && m.Threshold is not null && Lookup.Drawable(m.Best())))
        {
            Metric? other = twin.Metrics.FirstOrDefault(m => m.Evaluation == metric.Evaluation && m.Name == metric.Name && Lookup.Drawable(m.Best()));
            if (other is null) continue;
            rows.Add(new($"{metric.Evaluation} · {metric.Name}", $"{Figures.Number(metric.Best()!.Value, true)} / {Figures.Number(other.Best()!.Value, true)}", metric.Best()!, metric.Threshold, Tone(metric), other.Best()));
        }
        if (rows.Count > 0)
        {
            _html.Line($"<figure class=\"card\"><figcaption>{T("Each figure on both models: planted ● and clean ○, with 95% intervals", "两个模型的各项指标：植入 ● 与洁净 ○，附 95% 区间")}</figcaption>");
            _charts.Intervals(T("Planted model against clean twin", "植入模型与洁净孪生模型"), rows);
            _html.Line($"</figure>");
        }
        End();

        void Side(RunResult side, string title)
        {
            OutcomeCounts s = side.Samples();
            (string tone, string word) = s.Judged == 0 ? ("warn", T("Nothing measured", "未测得结果"))
                : side.Findings.Count > 0 ? (ReferenceEquals(side, _run) ? "" : "bad", ReferenceEquals(side, _run) ? T($"✓ defects found: {side.Findings.Count}", $"✓ 发现缺陷：{side.Findings.Count}") : T($"✗ false alarms: {side.Findings.Count}", $"✗ 误报：{side.Findings.Count}"))
                : ReferenceEquals(side, _run) ? ("warn", T("✗ no defect found", "✗ 未发现缺陷")) : ("good", T("✓ passes", "✓ 通过"));
            _html.Line($"<div class=\"card\"><h3>{title}</h3><code class=\"soft\">{Name(side.Header.Target)}</code><p class=\"big {tone}\">{word}</p><p class=\"soft\">{T($"{Figures.Count(s.Judged)} of {Figures.Count(s.Total)} samples judged", $"{Figures.Count(s.Total)} 个样本中已评判 {Figures.Count(s.Judged)} 个")}</p><ul class=\"plain\">");
            foreach (Finding f in _run.WorstFirst())
            {
                Metric? same = side.Metrics.FirstOrDefault(m => m.Evaluation == f.Evaluation && m.Name == f.Metric);
                _html.Line($"<li>{Name(T(f.Title, f.TitleZh))}: <b class=\"{(same is not null && side.Finding(same) is not null ? "bad" : "")}\">{Figures.Number(same?.Best()?.Value, same?.IsShare ?? false)}</b> <span class=\"soft\">{(f.Direction == Direction.Above ? T("threshold above", "阈值：高于") : T("threshold below", "阈值：低于"))} {Figures.Number(f.Threshold, same?.IsShare ?? false)}</span></li>");
            }
            foreach (Finding f in side.WorstFirst().Where(f => !_run.Findings.Any(o => o.Evaluation == f.Evaluation && o.Metric == f.Metric)))
                _html.Line($"<li>{Name(T(f.Title, f.TitleZh))}: <b class=\"bad\">{Figures.Number(f.Value, side.Metric(f)?.IsShare ?? false)}</b></li>");
            _html.Line($"</ul></div>");
        }
    }

    private void Results()
    {
        Section("results", T("Results", "结果"), T("Every figure with what became of its samples. n counts scored and refused samples; the other three never enter a rate.", "全部指标及其样本的去向。n 只包含已评分与拒答的样本，其余三类不计入任何比率。"));
        if (_run.Metrics.Count == 0) _html.Line($"<div class=\"card\"><p class=\"meaning\">{T("There is no figure.", "没有任何指标。")}</p></div>");
        else Table(_run, T("Results by evaluation", "按评测列出的结果"));
        if (_run.Twin is { Metrics.Count: > 0 } twin)
        {
            _html.Line($"<details><summary>{T("Results of the clean twin", "洁净孪生模型的结果")}</summary>");
            Table(twin, T($"Results of the clean twin {Name(twin.Header.Target)}", $"洁净孪生模型 {Name(twin.Header.Target)} 的结果"));
            _html.Line($"</details>");
        }
        End();
    }

    private void Table(RunResult run, string caption)
    {
        string figure = T("Figure", "数值"), interval = T("95% interval", "95% 区间"), corrected = T("Corrected", "修正值"), outcomes = T("Outcomes", "样本去向");
        _html.Line($"<ul class=\"legend\">");
        foreach ((string tone, string name) in new[] { ("scored", T("scored", "已评分")), ("refused", T("refused", "拒答")), ("unparsable", T("unparsable", "无法解析")), ("errored", T("errored", "出错")), ("skipped", T("skipped", "跳过")) })
            _html.Write($"<li class=\"chip c-{tone}\">{name}</li>");
        _html.Line($"</ul><div class=\"scroll\"><table class=\"stack\" role=\"table\"><caption>{caption}</caption>");
        _html.Line($"<thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">{T("Metric", "指标")}</th><th scope=\"col\" role=\"columnheader\" class=\"num\">{figure}</th><th scope=\"col\" role=\"columnheader\" class=\"num\">{interval}</th><th scope=\"col\" role=\"columnheader\" class=\"num\">n</th><th scope=\"col\" role=\"columnheader\" class=\"num\">{corrected}</th><th scope=\"col\" role=\"columnheader\">{outcomes}</th></tr></thead>");
        foreach (IGrouping<string, Metric> group in run.Metrics.GroupBy(m => m.Evaluation))
        {
            EvaluationCard? card = run.Card(group.Key);
            Metric first = group.First();
            _html.Line($"<tbody role=\"rowgroup\"><tr class=\"group\" role=\"row\"><th colspan=\"6\" scope=\"rowgroup\" role=\"rowheader\"><h3>{Name(group.Key)}</h3><span class=\"soft\">{Name(card is null ? "" : T(card.Title, card.TitleZh) + " · ")}{first.Risk.In(Language)} · {Name(first.Dataset.Name)}{(first.Family is { } family ? " · " + T("family ", "攻击类别 ") + Name(family) : "")}</span>");
            if (card is not null && group.Key == card.Id) _html.Write($"<p>{T(card.Meaning, card.MeaningZh)}</p>");
            _html.Line($"</th></tr>");
            foreach (Metric metric in group) Row(run, metric, figure, interval, corrected, outcomes);
            _html.Line($"</tbody>");
        }
        _html.Line($"</table></div>");
    }

    private void Row(RunResult run, Metric metric, string figure, string interval, string corrected, string outcomes)
    {
        Estimate? e = metric.Estimate;
        bool found = run.Finding(metric) is not null;
        _html.Write($"<tr role=\"row\"><th scope=\"row\" role=\"rowheader\">{Name(metric.Name)}");
        if (found) _html.Write($" <b class=\"bad\">· {T("finding", "发现")}</b>");
        if (metric.Threshold is { } t) _html.Write($"<span class=\"reason\">{T("threshold", "阈值")} {(t.Direction == Direction.Above ? ">" : "<")} {Figures.Number(t.Value, metric.IsShare)}</span>");
        if (metric.Reason is { } reason) _html.Write($"<span class=\"reason\">{Name(reason)}</span>");
        if (e is not null || metric.Outcomes.Total > 0) _html.Write($"<span class=\"reason instrument\">{T("instrument: ", "仪器：")}{Instrument(metric.Evaluation, metric.Name)}</span>");
        _html.Write($"</th><td class=\"num\" role=\"cell\" data-label=\"{figure}\"><b class=\"{(found ? "bad" : "")}\">{Figures.Number(e?.Value, metric.IsShare)}</b></td><td class=\"num{(e is null ? " none" : "")}\" role=\"cell\" data-label=\"{interval}\">{(e is null ? Figures.None : Figures.Interval(e.Low, e.High, metric.IsShare))}</td><td class=\"num\" role=\"cell\" data-label=\"n\">{Figures.Count(e?.N ?? 0)}</td>");
        _html.Write($"<td class=\"num{(metric.Corrected is null ? " none" : "")}\" role=\"cell\" data-label=\"{corrected}\">");
        if (metric.Corrected is { } c) _html.Write($"<span>{Figures.Number(c.Value, metric.IsShare)}<span class=\"counts\">{Figures.Interval(c.Low, c.High, metric.IsShare)}</span></span>");
        else _html.Write($"{Figures.None}");
        _html.Write($"</td><td class=\"col-o\" role=\"cell\" data-label=\"{outcomes}\"><span>");
        _charts.Outcomes(metric.Outcomes);
        _html.Line($"<span class=\"counts\">{(metric.Outcomes.Total == 0 ? T("no samples", "没有样本") : _charts.Described(metric.Outcomes))}</span></span></td></tr>");
    }

    private void Charts()
    {
        Section("charts", T("Charts", "图表"), "");
        Metric? success = _run.AttackSuccess(), over = _run.OverRefusal();
        _html.Line($"<figure class=\"card\"><figcaption>{T("Attack success against over-refusal", "攻击成功率与过度拒答")}</figcaption>");
        if (success is not null && over is not null)
        {
            (Estimate, Estimate)? twin = _run.Twin?.AttackSuccess()?.Best() is { } a && _run.Twin.OverRefusal()?.Best() is { } o ? (a, o) : null;
            Metric[] families = [.. _run.Metrics.Where(m => m.Family is not null && m.Risk == Risk.Jailbreak && m.IsShare && m.Name == success.Name && Lookup.Drawable(m.Best()))];
            _html.Line($"<div class=\"beside\"><div>");
            _charts.Plane(success, over, families, twin);
            _html.Line($"</div><div><p class=\"lead\">{T("Upwards, attacks succeed more often; to the right, more harmless requests are refused. Only the lower left is good: the lower right is bought with refusals.", "越靠上，攻击越常成功；越靠右，拒绝的无害请求越多。只有左下角是好的：右下角是用拒答换来的。")}</p><ul class=\"key\">");
            Key("dot strong", 7, T("the target, with both 95% intervals", "目标，附两个 95% 区间"));
            if (families.Length > 0) Key("family", 4, T("its attack families", "各攻击类别"));
            if (twin is not null) Key("dot twin", 6, T("the clean twin", "洁净孪生模型"));
            _html.Line($"</ul></div></div>");
        }
        else
        {
            _html.Line($"<p class=\"meaning\">{(success is null && over is null
                ? T("Neither was measured.", "两者均未测量。")
                : success is null ? T("Attack success was not measured.", "未测量攻击成功率。")
                : T("Over-refusal was not measured, so attack success cannot be weighed: a target that refuses everything looks the same.", "未测量过度拒答，因此无法衡量攻击成功率：一律拒答的目标看起来会完全相同。"))}</p>");
        }
        _html.Line($"</figure>");
        List<IGrouping<Risk, Metric>> risks = [.. _run.Metrics.Where(m => m.IsShare && Lookup.Drawable(m.Best())).GroupBy(m => m.Risk)];
        int others = _run.Metrics.Count(m => Lookup.Drawable(m.Best())) - risks.Sum(r => r.Count());
        if (risks.Count > 0)
        {
            _html.Line($"<h3 class=\"sub\">{T("Shares by risk, with thresholds", "按风险列出的比率与阈值")}</h3><p class=\"lead\">{T("Points with 95% intervals, corrected for the judge where it was measured; the shaded side of the dashed line is where trouble begins.", "点与 95% 区间，评判器误差已知时已修正；虚线着色一侧表示问题区域。")}{(others > 0 ? " " + T(others == 1 ? "One figure that is no share stands in the table only." : $"{others} figures that are no shares stand in the table only.", $"另有 {others} 项非比率指标仅列于表中。") : "")}</p><div class=\"panels\">");
            foreach (IGrouping<Risk, Metric> risk in risks.OrderBy(r => Order(r.Key)))
            {
                _html.Line($"<figure><figcaption>{Name(risk.Key.In(Language))} <code>{Name(risk.Key.Id)}</code></figcaption>");
                _charts.Intervals(Name(risk.Key.In(Language)), [.. risk.Select(m => new IntervalRow($"{m.Evaluation} · {m.Name}", Figures.Number(m.Best()!.Value, true), m.Best()!, m.Threshold, Tone(m)))]);
                _html.Line($"</figure>");
            }
            _html.Line($"</div>");
        }
        End();

        void Key(string tone, int radius, string text) => _html.Line($"<li><svg width=\"18\" height=\"18\" aria-hidden=\"true\"><circle class=\"{tone}\" cx=\"9\" cy=\"9\" r=\"{radius}\"/></svg>{text}</li>");

        static int Order(Risk risk) => Enumerable.Range(0, Risk.All.Count).FirstOrDefault(i => Risk.All[i] == risk, int.MaxValue);
    }

    private void Coverage()
    {
        Section("coverage", T("Coverage", "覆盖范围"), T("The whole taxonomy. What this run did not test is as unknown as before it.", "完整的风险分类。本次运行未测试的部分仍属未知。"));
        _html.Line($"<ul class=\"tiles\">");
        foreach (Risk risk in Risk.All.Concat(_run.Metrics.Select(m => m.Risk)).Distinct())
        {
            List<Metric> metrics = [.. _run.Metrics.Where(m => m.Risk == risk)];
            int findings = _run.Findings.Count(f => f.Risk == risk);
            int measured = metrics.Count(m => m.Estimate is not null);
            bool asked = metrics.Count > 0 || _run.Evaluations.Any(e => e.Risk == risk);
            (string tone, string status) = findings > 0 ? ("t-bad", T(findings == 1 ? "1 finding" : $"{findings} findings", $"{findings} 项发现"))
                : measured > 0 && metrics.Any(m => m.Estimate is not null && m.Threshold is not null) ? ("t-good", T("measured, no finding", "已测量，没有发现"))
                : measured > 0 ? ("t-info", T("measured, no threshold set", "已测量，未设阈值"))
                : asked ? ("t-none", T("tried, nothing measured", "已尝试，未测得结果"))
                : ("t-not", T("not tested", "未测试"));
            _html.Write($"<li class=\"{tone}\"><b>{Name(risk.In(Language))}</b><code>{Name(risk.Id)}</code><span>{status}</span>");
            if (metrics.Count > 0) _html.Write($"<small>{T($"figures measured: {measured} of {metrics.Count}", $"测得指标：{measured} / {metrics.Count}")}</small>");
            string[] names = [.. new[] { risk.Owasp, risk.Nist is { Length: > 0 } nist ? "NIST: " + nist : "", risk.MlCommons is { Length: > 0 } ml ? "MLCommons: " + ml : "" }.Where(n => n.Length > 0)];
            if (names.Length > 0) _html.Write($"<small>{string.Join(" · ", names)}</small>");
            _html.Line($"</li>");
        }
        _html.Line($"</ul>");
        End();
    }

    private void Gates()
    {
        if (_run.Gates.Count == 0) return;
        string actual = T("Actual", "实际值"), holds = T("Holds", "是否通过"), reason = T("Reason", "原因");
        Section("gates", T("Gates", "门槛"), T("Bounds that the team set. A gate whose figure was not measured does not hold.", "团队设定的界限。未测得数值的门槛视为未通过。"));
        _html.Line($"<div class=\"scroll\"><table class=\"stack\" role=\"table\"><caption>{T("Gates and their figures", "门槛及其数值")}</caption><thead role=\"rowgroup\"><tr role=\"row\"><th scope=\"col\" role=\"columnheader\">{T("Gate", "门槛")}</th><th scope=\"col\" role=\"columnheader\" class=\"num\">{actual}</th><th scope=\"col\" role=\"columnheader\">{holds}</th><th scope=\"col\" role=\"columnheader\">{reason}</th></tr></thead><tbody role=\"rowgroup\">");
        foreach (GateResult gate in _run.Gates)
            _html.Line($"<tr role=\"row\"><th scope=\"row\" role=\"rowheader\"><code>{Name(gate.Gate)}</code></th><td class=\"num\" role=\"cell\" data-label=\"{actual}\">{Figures.Number(gate.Actual, share: false)}</td><td role=\"cell\" data-label=\"{holds}\"><b class=\"{(gate.Holds ? "good" : "bad")}\">{(gate.Holds ? T("✓ holds", "✓ 通过") : T("✗ does not hold", "✗ 未通过"))}</b></td><td class=\"{(gate.Reason is null ? "none" : "")}\" role=\"cell\" data-label=\"{reason}\">{gate.Reason}</td></tr>");
        _html.Line($"</tbody></table></div>");
        End();
    }

    private void Examples()
    {
        Section("examples", T("Examples of each outcome", "各类结果的示例"), T(
            $"At most {ExamplesEach} answers for each evaluation and outcome, each text at most {Figures.Count(LongestExample)} characters, blurred until pointed at or focused. All samples in full lie in the run store under run {Name(_run.Header.Id)}.",
            $"每项评测的每类结果最多展示 {ExamplesEach} 个回答，每段文本最多 {Figures.Count(LongestExample)} 个字符，悬停或聚焦后显示。全部样本的完整内容保存在运行库中，运行编号 {Name(_run.Header.Id)}。"));
        List<IGrouping<string, SampleRecord>> groups = [.. _run.Examples.GroupBy(e => e.Evaluation)];
        HashSet<string> shown = [.. groups.Select(g => g.Key)];
        foreach (IGrouping<string, SampleRecord> group in groups)
        {
            List<IGrouping<Outcome, SampleRecord>> outcomes = [.. group.GroupBy(e => e.Outcome).OrderBy(g => g.Key)];
            _html.Line($"<details><summary><b>{Name(group.Key)}</b> · {string.Join(T(", ", "，"), outcomes.Select(o => OutcomeName(o.Key)))}</summary>");
            foreach (IGrouping<Outcome, SampleRecord> outcome in outcomes)
            {
                List<SampleRecord> some = [.. outcome.Take(ExamplesEach)];
                foreach (SampleRecord example in some) Write(example);
                int occurred = Math.Max(outcome.Count(), Occurred(group.Key, outcome.Key));
                if (occurred > some.Count) _html.Line($"<p class=\"soft\">{T($"{Figures.Count(occurred - some.Count)} more: {OutcomeName(outcome.Key)}. They lie in the run store.", $"另有 {Figures.Count(occurred - some.Count)} 个：{OutcomeName(outcome.Key)}，保存在运行库中。")}</p>");
            }
            _html.Line($"</details>");
        }
        string[] without = [.. _run.Metrics.Where(m => m.Outcomes.Total > 0).Select(m => m.Evaluation).Distinct().Where(e => !shown.Any(s => Lookup.Belongs(e, s) || Lookup.Belongs(s, e)))];
        if (without.Length > 0) _html.Line($"<p class=\"soft\">{T("No example at hand of:", "以下评测没有可展示的示例：")} {Name(string.Join(", ", without))}</p>");
        else if (groups.Count == 0) _html.Line($"<p class=\"soft\">{T("There are no examples.", "没有示例。")}</p>");
        End();

        int Occurred(string evaluation, Outcome outcome) => _run.Metrics.Where(m => m.Evaluation == evaluation).Select(m => outcome switch
        {
            Outcome.Scored => m.Outcomes.Scored,
            Outcome.Refused => m.Outcomes.Refused,
            Outcome.Unparsable => m.Outcomes.Unparsable,
            Outcome.Errored => m.Outcomes.Errored,
            _ => m.Outcomes.Skipped,
        }).DefaultIfEmpty(0).Max();
    }

    private void Write(SampleRecord example)
    {
        string tone = example.Outcome.ToString().ToLowerInvariant();
        string value = example.Value is { } v && double.IsFinite(v) ? T(" · value ", " · 分值 ") + Figures.Number(v, share: false) : "";
        _html.Line($"<div class=\"example\"><header><span class=\"chip c-{tone}\">{OutcomeName(example.Outcome)}</span><code>{Name(example.Id)}</code><span>{Name(example.Category ?? "")}{value}{(example.Label is { } label ? " · " + Name(label) : "")}{(example.Cut ? T(" · cut by the token limit", " · 被词元上限截断") : "")}</span></header>");
        Turn(T("Asked", "提问"), example.Prompt, example.Language);
        Turn(T("Answered", "回答"), example.Answer, example.Language);
        if (example.Reason is { Length: > 0 } reason) _html.Line($"<p class=\"why\">{Name(reason)}</p>");
        _html.Line($"</div>");
    }

    private void Turn(string who, string text, string language)
    {
        (string kept, int leftOut) = VisibleText.Clip(text, LongestExample);
        _html.Write($"<div class=\"turn\"><p class=\"who\">{who}</p>");
        if (text.Length == 0) _html.Write($"<span class=\"empty\">{T("empty", "空")}</span>");
        else _html.Write($"<div class=\"hazard\" tabindex=\"0\" role=\"group\" aria-label=\"{who}\" dir=\"auto\" lang=\"{VisibleText.Short(language, 20)}\">{kept}</div>");
        if (leftOut > 0) _html.Write($"<p class=\"soft\">{T($"… {Figures.Count(leftOut)} more characters lie in the run store.", $"……其余 {Figures.Count(leftOut)} 个字符保存在运行库中。")}</p>");
        _html.Line($"</div>");
    }

    private void Costs()
    {
        RunCost c = _run.Cost;
        Section("cost", T("Cost and hosts", "开销与主机"), "");
        _html.Line($"<div class=\"panels\"><div class=\"card\"><h3>{T("Cost", "开销")}</h3><dl class=\"pairs\">");
        Pair(T("Requests", "请求数"), $"{Figures.Count(c.Requests)}{(c.Retries > 0 ? T($", {Figures.Count(c.Retries)} of them retries", $"，其中重试 {Figures.Count(c.Retries)} 次") : "")}");
        Pair(T("Tokens read", "输入词元"), Figures.Count(c.InputTokens));
        Pair(T("Tokens written", "输出词元"), Figures.Count(c.OutputTokens));
        if (c.RequestsOfUnknownUsage > 0) Pair(T("Usage unknown", "用量未知"), T($"{Figures.Count(c.RequestsOfUnknownUsage)} requests, not in these sums", $"{Figures.Count(c.RequestsOfUnknownUsage)} 次请求，未计入以上合计"));
        if (c.Money is not null || _run.Hosts.Count > 0) Pair(T("Money", "费用"), c.Money is { } money ? $"{money.ToString("0.00##", System.Globalization.CultureInfo.InvariantCulture)} {Name(c.Currency ?? "")}" : T("unknown", "未知"));
        Pair(T("Time", "用时"), Figures.Duration(_run.Seconds));
        _html.Line($"</dl></div><div class=\"card\"><h3>{T("Hosts contacted", "联系过的主机")}</h3>");
        if (_run.Hosts.Count == 0) _html.Line($"<p class=\"meaning\">{T("None: nothing left this machine.", "无：没有任何数据离开本机。")}</p>");
        else
        {
            _html.Line($"<dl class=\"pairs\">");
            foreach (HostContact host in _run.Hosts) Pair(Name(host.Host), T($"{Figures.Count(host.Requests)} requests", $"{Figures.Count(host.Requests)} 次请求"));
            _html.Line($"</dl>");
        }
        _html.Line($"</div></div>");
        if (_run.Notes.Count > 0)
        {
            _html.Line($"<div class=\"card\"><h3>{T("Notes", "说明")}</h3><ul class=\"plain\">");
            foreach (string note in _run.Notes) _html.Line($"<li>{note}</li>");
            _html.Line($"</ul></div>");
        }
        End();
    }

    private void Reproduce()
    {
        RunHeader h = _run.Header;
        Section("reproduce", T("Reproduce", "复现"), T("The same command, seed and versions ask the same questions in the same order.", "相同的命令、种子与版本会以相同的顺序提出相同的问题。"));
        _html.Line($"<pre tabindex=\"0\" aria-label=\"{T("Command", "命令")}\"><code>{Reproduction.Command(_run)}</code></pre><dl class=\"pairs\">");
        Pair(T("Run", "运行编号"), Name(h.Id));
        Pair(T("Target", "目标"), $"{Name(h.Target)} · {Name(h.Fingerprint)}");
        if (_run.Twin is { } twin) Pair(T("Clean twin", "洁净孪生模型"), $"{Name(twin.Header.Target)} · {Name(twin.Header.Fingerprint)}");
        Pair(T("World", "数据世界"), Name(h.World));
        Pair(T("Seed", "种子"), $"{h.Seed}{(h.Limit is { } limit ? T($" · at most {limit} samples an evaluation", $" · 每项评测最多 {limit} 个样本") : "")}{(h.Language is { } language ? $" · {Name(language)}" : "")}");
        foreach ((string name, string value) in h.Environment) Pair(Name(name), Name(value));
        foreach ((string name, string value) in h.Options) Pair("--" + Name(name.TrimStart('-')), Name(value));
        _html.Line($"</dl>");
        List<Dataset> datasets = [.. _run.Metrics.Select(m => m.Dataset).DistinctBy(d => d.Name)];
        if (datasets.Count > 0)
        {
            _html.Line($"<details><summary>{T("Data, sources and licences", "数据、来源与许可")}</summary><dl class=\"pairs\">");
            foreach (Dataset d in datasets) Pair(Name(d.Name), $"{Name(d.Source)} · {Name(d.Licence)}");
            _html.Line($"</dl></details>");
        }
        if (h.SuiteText.Length > 0)
        {
            (string suite, int leftOut) = VisibleText.Clip(h.SuiteText, LongestSuite);
            _html.Line($"<details><summary>{T("The suite as resolved", "解析后的评测套件")}</summary><pre tabindex=\"0\"><code>{suite}</code></pre>{(leftOut > 0 ? T($"… {Figures.Count(leftOut)} more characters lie in the run store.", $"……其余 {Figures.Count(leftOut)} 个字符保存在运行库中。") : "")}</details>");
        }
        End();
    }

    private void HowToRead()
    {
        Section("read", T("How to read this", "如何阅读"), "");
        _html.Line($"<ol class=\"how\"><li>{T("A 95% interval holds the values that the samples do not rule out: nineteen of twenty such intervals hold the truth, and a wide one means that little is known.", "95% 区间包含样本未能排除的取值：二十个这样的区间中约有十九个包含真值；区间越宽，所知越少。")}</li>");
        _html.Line($"<li>{T("A corrected figure takes the judge's measured misses and false alarms out again and carries their uncertainty in its interval; “uncalibrated” means that nobody measured the judge's errors here.", "修正值扣除了评判器经测量的漏报与误报，并把其不确定性计入区间；“未校准”表示此处无人测量过评判器的误差。")}</li>");
        _html.Line($"<li>{T("A finding needs its whole interval beyond the threshold after Holm's adjustment, which widens intervals so that a run with many thresholds rarely raises even one false alarm.", "只有经 Holm 方法校正后的整个区间都越过阈值才算发现；该校正会加宽区间，使包含许多阈值的运行也很少出现哪怕一次误报。")}</li>");
        _html.Line($"<li>{T("The line “instrument” says what the method did on phantoms, small targets whose defects are known: how often it finds a defect of the size named, how often it reports one where there is none, and how often its interval holds the truth. It shows that the method can see a defect of this kind; it does not show that it sees every one. “Uncalibrated” means that nobody tried.", "“仪器”一行说明该方法在体模（缺陷已知的小型目标）上的表现：对所述大小缺陷的检出率、没有缺陷时的误报率，以及区间包含真值的频率。它表明该方法能够看到这类缺陷，并不表明它能看到所有缺陷。“未校准”表示无人试过。")}</li></ol>");
        End();
    }

    private string Instrument(string evaluation, string metric) => _run.Instrument(evaluation, metric).Text(_chinese);

    private string Judge(Metric? metric) => metric?.Calibration is { } c
        ? T($"{Name(c.Judge)}: finds {Figures.Share(c.TruePositives, c.Positives)} of true cases ({c.TruePositives}/{c.Positives}), clears {Figures.Share(c.TrueNegatives, c.Negatives)} of false ones ({c.TrueNegatives}/{c.Negatives}); {Name(c.Source)}, {Name(c.Date)}",
            $"{Name(c.Judge)}：检出 {Figures.Share(c.TruePositives, c.Positives)} 的真实案例（{c.TruePositives}/{c.Positives}），放行 {Figures.Share(c.TrueNegatives, c.Negatives)} 的非案例（{c.TrueNegatives}/{c.Negatives}）；{Name(c.Source)}，{Name(c.Date)}")
        : metric is not null && _run.Card(metric.Evaluation)?.Needs == Needs.LogLikelihood ? T("none: computed from log-likelihoods", "无：由对数似然直接计算")
        : T("uncalibrated: no measured errors", "未校准：没有测量过的误差");

    private string OutcomeName(Outcome outcome) => outcome switch
    {
        Outcome.Scored => T("scored", "已评分"),
        Outcome.Refused => T("refused", "拒答"),
        Outcome.Unparsable => T("unparsable", "无法解析"),
        Outcome.Errored => T("errored", "出错"),
        _ => T("skipped", "跳过"),
    };

    private void Section(string id, string title, string lead)
    {
        _html.Line($"<section id=\"{id}\" aria-labelledby=\"h-{id}\"><h2 id=\"h-{id}\">{title}</h2>");
        if (lead.Length > 0) _html.Line($"<p class=\"lead\">{lead}</p>");
    }

    private void End() => _html.Line($"</section>");

    private void Pair(string term, string value) => _html.Line($"<dt>{term}</dt><dd>{value}</dd>");

    private string Tone(Metric metric) => _run.Finding(metric) is null ? "plain" : "bad";

    private static string Name(string text) => VisibleText.Short(text, LongestName);

    private string Language => T("en", "zh");

    // Both languages stand side by side where they are used, so that neither can be forgotten.
    private string T(string english, string zh) => _chinese ? zh : english;
}
