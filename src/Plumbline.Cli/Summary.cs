using Plumbline.Runs;
using Spectre.Console;

namespace Plumbline.Cli;

/// <summary>The end of an assessment on the console: figures, findings, gates, and where the report lies.</summary>
internal static class Summary
{
    public static void Write(RunResult run, string report, int exit, string folder, Surroundings surroundings, string language, bool quiet)
    {
        IAnsiConsole console = Terminal.For(surroundings.Output, surroundings.OutputIsTerminal);
        bool zh = language == "zh";
        Table table = new() { Border = TableBorder.Simple };
        table.AddColumns(zh ? ["评测", "指标", "值", "95 % 区间", "n", "校正后", "结局"] : ["evaluation", "metric", "value", "95 % interval", "n", "corrected", "outcomes"]);
        if (run.Twin is not null) table.AddColumn(zh ? "洁净孪生" : "clean twin");
        foreach (Metric metric in run.Metrics)
        {
            string finding = run.Findings.Any(f => f.Evaluation == metric.Evaluation && f.Metric == metric.Name) ? "[red]●[/] " : "";
            List<string> cells =
            [
                finding + Markup.Escape(metric.Evaluation), Markup.Escape(metric.Name), Value(metric, metric.Estimate?.Value),
                metric.Estimate is { } e ? $"{Value(metric, e.Low)} – {Value(metric, e.High)}" : "", (metric.Estimate?.N ?? 0).ToString(),
                Value(metric, metric.Corrected?.Value), Outcomes(metric, zh),
            ];
            if (run.Twin is { } twin) cells.Add(Value(metric, twin.Metrics.FirstOrDefault(m => m.Evaluation == metric.Evaluation && m.Name == metric.Name)?.Estimate?.Value));
            table.AddRow([.. cells]);
        }

        if (!quiet) console.Write(table);
        foreach (Finding finding in run.Findings)
        {
            console.MarkupLineInterpolated($"[red]●[/] {(zh ? finding.TitleZh : finding.Title)}: {finding.Value:0.000} [[{finding.Low:0.000}, {finding.High:0.000}]] {(finding.Direction == Direction.Above ? ">" : "<")} {finding.Threshold} ({finding.Id}, n = {finding.N})");
        }

        if (run.Findings.Count == 0) console.WriteLine(zh ? "没有发现超出阈值的问题。" : "No finding beyond its threshold.");
        if (run.Twin is { } clean) console.WriteLine(zh ? $"洁净孪生：{clean.Findings.Count} 项发现。" : $"Clean twin: {clean.Findings.Count} findings.");
        foreach (GateResult gate in run.Gates) console.WriteLine($"{(gate.Holds ? "✓" : "✗")} {gate.Gate}  ({gate.Reason ?? $"{gate.Actual:0.####}"})");
        foreach (string note in run.Notes) console.WriteLine($"! {note}");
        if (exit == ExitCode.Error) console.WriteLine(zh ? "大多数样本没有得到答案或评判：这次运行不能说明任何问题。" : "Most samples got no answer, or no judgement: this run says nothing about the target.");
        if (run.Cancelled) console.WriteLine(zh ? $"已取消；继续：plumbline resume {folder}" : $"Cancelled; go on with: plumbline resume {folder}");
        else if (run.Metrics.Any(m => m.Outcomes.Errored > 0)) console.WriteLine(zh ? $"出错的样本可以重问：plumbline resume {folder} --errors" : $"Errored samples can be asked again: plumbline resume {folder} --errors");
        console.WriteLine((zh ? "报告：" : "Report: ") + report);
    }

    private static string Value(Metric metric, double? value) => value is not { } v ? "–" : metric.IsShare ? $"{100 * v:0.0} %" : $"{v:0.00}";

    private static string Outcomes(Metric metric, bool zh)
    {
        OutcomeCounts o = metric.Outcomes;
        List<string> parts = [];
        if (o.Scored > 0) parts.Add($"{o.Scored} {(zh ? "已评" : "scored")}");
        if (o.Refused > 0) parts.Add($"{o.Refused} {(zh ? "拒答" : "refused")}");
        if (o.Unparsable > 0) parts.Add($"{o.Unparsable} {(zh ? "无法解析" : "unparsable")}");
        if (o.Errored > 0) parts.Add($"{o.Errored} {(zh ? "出错" : "errored")}");
        if (o.Skipped > 0) parts.Add($"{o.Skipped} {(zh ? "跳过" : "skipped")}");
        if (metric is { Estimate: null, Reason: { } reason }) parts.Add(Markup.Escape(reason));
        return string.Join(", ", parts);
    }
}
