using System.Globalization;
using System.Xml;
using Plumbline.Runs;

namespace Plumbline.Reports;

/// <summary>
/// The run as JUnit XML, which build servers show: a suite an evaluation id, a case a metric; findings are failures,
/// figures that were not measured errors, what the target cannot serve is skipped. Gates are a suite of their own.
/// </summary>
internal static class JUnitReport
{
    private const int Longest = 1000;

    public static void Write(RunResult run, TextWriter output)
    {
        List<Suite> suites = [.. run.Metrics.GroupBy(m => m.Evaluation).Select(g => new Suite(g.Key, [.. g.Select(m => Of(run, m))]))];
        // An evaluation without a single row has said nothing; a build must not read that as passed.
        suites.AddRange(run.Evaluations
            .Where(c => !run.Metrics.Any(m => Lookup.Belongs(m.Evaluation, c.Id)))
            .DistinctBy(c => c.Id)
            .Select(c => new Suite(c.Id, [new("result", "error", "not measured", "The evaluation gave no figure.", null)])));
        if (run.Gates.Count > 0) suites.Add(new("gates", [.. run.Gates.Select(Of)]));

        // A text writer's own encoding would be declared ("utf-16" for a string), the file is UTF-8.
        output.Write("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        using (XmlWriter xml = XmlWriter.Create(output, new XmlWriterSettings { OmitXmlDeclaration = true, Indent = true, NewLineChars = "\n", CloseOutput = false }))
        {
            xml.WriteStartElement("testsuites");
            Attribute(xml, "name", $"plumbline {run.Header.Suite} {run.Header.Target}");
            Counts(xml, suites.SelectMany(s => s.Cases));
            Attribute(xml, "time", Seconds(run.Seconds));
            foreach (Suite suite in suites)
            {
                xml.WriteStartElement("testsuite");
                Attribute(xml, "name", suite.Name);
                Counts(xml, suite.Cases);
                Attribute(xml, "time", "0");
                Attribute(xml, "timestamp", run.Header.Started.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture));
                foreach (Case test in suite.Cases) Write(xml, suite, test);
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
        }
        output.Write('\n');
    }

    private static void Write(XmlWriter xml, Suite suite, Case test)
    {
        xml.WriteStartElement("testcase");
        Attribute(xml, "classname", suite.Name);
        Attribute(xml, "name", test.Name);
        Attribute(xml, "time", "0");
        if (test.Result is { } result)
        {
            xml.WriteStartElement(result);
            Attribute(xml, "message", test.Message ?? "");
            if (result != "skipped")
            {
                Attribute(xml, "type", test.Type ?? result);
                xml.WriteString(Legal(test.Message ?? ""));
            }
            xml.WriteEndElement();
        }
        if (test.Facts is not null)
        {
            xml.WriteStartElement("system-out");
            xml.WriteString(Legal(test.Facts));
            xml.WriteEndElement();
        }
        xml.WriteEndElement();
    }

    private static Case Of(RunResult run, Metric metric)
    {
        OutcomeCounts o = metric.Outcomes;
        string figure = metric.Estimate is { } e ? $"{Figures.Number(e.Value, metric.IsShare)}, 95% interval {Figures.Interval(e.Low, e.High, metric.IsShare)}, n = {e.N}. " : "";
        string facts = $"{figure}Scored {o.Scored}, refused {o.Refused}, unparsable {o.Unparsable}, errored {o.Errored}, skipped {o.Skipped}. Dataset {metric.Dataset.Name}.{(metric.Reason is { } r ? " " + r : "")}";
        if (run.Finding(metric) is { } finding)
        {
            string side = finding.Direction == Direction.Above ? "above" : "below";
            return new(metric.Name, "failure", "finding", $"{finding.Title}: {Figures.Number(finding.Value, metric.IsShare)} (adjusted interval {Figures.Interval(finding.Low, finding.High, metric.IsShare)}, n = {finding.N}) lies {side} {Figures.Number(finding.Threshold, metric.IsShare)}. {finding.ThresholdReason}", facts);
        }
        if (metric.Estimate is null && o.Skipped == o.Total) return new(metric.Name, "skipped", null, metric.Reason ?? "Nothing was asked.", facts);
        if (metric.Estimate is null) return new(metric.Name, "error", "not measured", metric.Reason ?? "Nothing was judged.", facts);
        return o.Errored * 2 > o.Total - o.Skipped
            ? new(metric.Name, "error", "errored", $"{o.Errored} of {o.Total - o.Skipped} samples errored.{(metric.Reason is { } why ? " " + why : "")}", facts)
            : new(metric.Name, null, null, null, facts);
    }

    private static Case Of(GateResult gate) => gate.Holds
        ? new(gate.Gate, null, null, null, null)
        : gate.Actual is { } actual
            ? new(gate.Gate, "failure", "gate", $"The gate does not hold: {Figures.Number(actual, share: false)}.", null)
            : new(gate.Gate, "error", "gate", $"The gate does not hold: {gate.Reason ?? "there is no figure"}.", null);

    private static void Counts(XmlWriter xml, IEnumerable<Case> cases)
    {
        Dictionary<string, int> counts = cases.GroupBy(c => c.Result ?? "").ToDictionary(g => g.Key, g => g.Count());
        Attribute(xml, "tests", counts.Values.Sum().ToString(CultureInfo.InvariantCulture));
        foreach ((string attribute, string element) in new[] { ("failures", "failure"), ("errors", "error"), ("skipped", "skipped") })
            Attribute(xml, attribute, counts.GetValueOrDefault(element).ToString(CultureInfo.InvariantCulture));
    }

    private static void Attribute(XmlWriter xml, string name, string value) => xml.WriteAttributeString(name, Legal(value));

    private static string Legal(string text) => VisibleText.Visible(VisibleText.Short(text, Longest));

    private static string Seconds(double seconds) => double.IsFinite(seconds) ? seconds.ToString("0.###", CultureInfo.InvariantCulture) : "0";

    private sealed record Suite(string Name, IReadOnlyList<Case> Cases);

    private sealed record Case(string Name, string? Result, string? Type, string? Message, string? Facts);
}
