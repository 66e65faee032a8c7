using System.Text;
using System.Xml;
using System.Xml.Linq;
using Plumbline.Reports;
using Plumbline.Runs;

namespace Plumbline.Tests.Reports;

public class JUnitReportTests
{
    [Fact]
    public void Write_PlantedPair_HasASuiteAnEvaluationAndACaseAMetric()
    {
        RunResult run = SampleRuns.PlantedWithTwin();
        XElement root = Parse(Xml(run));
        Assert.Equal([.. run.Metrics.Select(m => m.Evaluation).Distinct(), "gates"], root.Elements("testsuite").Select(s => (string?)s.Attribute("name")));
        Assert.Equal(4, root.Elements("testsuite").Where(s => (string?)s.Attribute("name") != "gates").Sum(s => (int)s.Attribute("failures")!));
        Assert.Contains("83.3%", Case(root, "jailbreak/few-shot", "asr").Element("failure")!.Value);
        Assert.Equal("the phantom's world has no data for it in this language", (string?)Case(root, "morality", "accuracy").Element("skipped")!.Attribute("message"));
        Assert.DoesNotContain(Case(root, "knowledge", "accuracy").Elements(), e => e.Name != "system-out");
        Assert.NotNull(Case(root, "gates", "jailbreak.asr upper <= 0.2").Element("failure"));
        Assert.NotNull(Case(root, "gates", "morality.accuracy >= 0.8").Element("error"));
        Assert.Empty(Case(root, "gates", "knowledge.accuracy >= 0.9").Elements());
    }

    [Fact]
    public void Write_WorldWithoutData_IsSkipped()
    {
        RunResult run = SampleRuns.PlantedWithTwin();
        Metric[] metrics = [.. run.Metrics.Select(m => m.Evaluation == "morality" ? m with { Outcomes = default } : m)];
        Assert.NotNull(Case(Parse(Xml(run with { Metrics = metrics })), "morality", "accuracy").Element("skipped"));
    }

    [Fact]
    public void Write_EverythingErrored_IsErrorsAndNoFailure()
    {
        XElement root = Parse(Xml(SampleRuns.EverythingErrored()));
        Assert.Empty(root.Descendants("failure"));
        Assert.Contains("404", (string?)Case(root, "jailbreak", "asr").Element("error")!.Attribute("message"));
        Assert.NotNull(Case(root, "crows-pairs", "percent_stereo").Element("skipped"));
        // Evaluations of the suite without a row are errors, not silence.
        Assert.NotNull(Case(root, "exposure", "result").Element("error"));
    }

    [Fact]
    public void Write_MostErrored_IsAnError()
    {
        RunResult run = SampleRuns.RefusesEverything();
        run = run with { Findings = [], Metrics = [run.Metrics[0] with { Outcomes = new(10, 0, 0, 30, 5) }] };
        Assert.Equal("30 of 40 samples errored.", (string?)Case(Parse(Xml(run)), "jailbreak", "asr").Element("error")!.Attribute("message"));
    }

    [Theory]
    [InlineData("\u001b[31m")]
    [InlineData("a\0b")]
    [InlineData("\uFFFE\uFFFF")]
    [InlineData("\uD800 \uDFFF")]
    [InlineData("]]> <![CDATA[ & <x> \" '")]
    [InlineData("\u0085\u2028\uFEFF")]
    public void Write_TextThatXmlCannotHold_IsWellFormed(string text) => Parse(Xml(SampleRuns.Filled(text)));

    /// <summary>Reads the report as a strict XML 1.0 processor does, from UTF-8 bytes, and checks that the counts add up.</summary>
    internal static XElement Parse(string xml)
    {
        using MemoryStream bytes = new(new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(xml));
        using XmlReader reader = XmlReader.Create(bytes, new XmlReaderSettings { CheckCharacters = true, DtdProcessing = DtdProcessing.Prohibit });
        XElement root = XElement.Load(reader);
        foreach (XElement level in root.DescendantsAndSelf().Where(e => e.Name == "testsuites" || e.Name == "testsuite"))
        {
            Assert.Equal(level.Descendants("testcase").Count(), (int)level.Attribute("tests")!);
            Assert.Equal(level.Descendants("failure").Count(), (int)level.Attribute("failures")!);
            Assert.Equal(level.Descendants("error").Count(), (int)level.Attribute("errors")!);
            Assert.Equal(level.Descendants("skipped").Count(), (int)level.Attribute("skipped")!);
        }
        return root;
    }

    private static XElement Case(XElement root, string suite, string name) =>
        root.Elements("testsuite").Single(s => (string?)s.Attribute("name") == suite).Elements("testcase").Single(c => (string?)c.Attribute("name") == name);

    private static string Xml(RunResult run)
    {
        using StringWriter output = new();
        Report.Write(run, ReportFormat.JUnit, output);
        return output.ToString();
    }
}
