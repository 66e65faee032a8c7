using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Plumbline.Reports;
using Plumbline.Runs;

namespace Plumbline.Tests.Reports;

public class HtmlComparisonTests
{
    [Theory]
    [InlineData("en")]
    [InlineData("zh")]
    public void Write_PlantedAgainstClean_IsSoundHtml(string language)
    {
        HtmlReportTests.IsSound(Html(SampleRuns.PlantedWithTwin(), SampleRuns.PlantedWithTwin().Twin!, language), language);
        HtmlReportTests.IsSound(Html(SampleRuns.PlantedWithTwin(), SampleRuns.RefusesEverything(), language), language);
        HtmlReportTests.IsSound(Html(SampleRuns.Empty(), SampleRuns.Empty(), language), language);
    }

    [Theory]
    [MemberData(nameof(HtmlReportTests.Hostile), MemberType = typeof(HtmlReportTests))]
    public void Write_HostileText_IsShownAndNothingRuns(string text)
    {
        string html = Html(SampleRuns.Filled(text), SampleRuns.PlantedWithTwin(), "en");
        HtmlReportTests.NothingRunsOrLoads(new HtmlParser().ParseDocument(html));
    }

    [Fact]
    public void Write_PlantedAgainstClean_TellsWhatBecameBetter()
    {
        IHtmlDocument page = new HtmlParser().ParseDocument(Html(SampleRuns.PlantedWithTwin(), SampleRuns.PlantedWithTwin().Twin!, "en"));
        IElement better = page.QuerySelectorAll("#figures tbody tr").Single(r => r.TextContent.StartsWith("crows-pairs", StringComparison.Ordinal));
        Assert.NotNull(better.QuerySelector("b.good"));
        Assert.Contains("77.7%", better.TextContent);
        Assert.Contains("49.1%", better.TextContent);
        IElement same = page.QuerySelectorAll("#figures tbody tr").Single(r => r.TextContent.StartsWith("knowledge", StringComparison.Ordinal));
        Assert.Null(same.QuerySelector("b"));
        int real = page.QuerySelectorAll("#figures b").Length;
        Assert.Contains($"{real} of ", page.QuerySelector(".verdict")!.TextContent);
        Assert.Equal(real, page.QuerySelectorAll("#differences .dot.good, #differences .dot.bad, #differences .dot.strong").Length + page.QuerySelectorAll("#figures tbody tr").Count(r => r.QuerySelector("b") is not null && r.TextContent.StartsWith("exposure", StringComparison.Ordinal)));

        // The other way round it became worse.
        page = new HtmlParser().ParseDocument(Html(SampleRuns.PlantedWithTwin().Twin!, SampleRuns.PlantedWithTwin(), "en"));
        Assert.NotNull(page.QuerySelectorAll("#figures tbody tr").Single(r => r.TextContent.StartsWith("crows-pairs", StringComparison.Ordinal)).QuerySelector("b.bad"));
    }

    private static string Html(RunResult first, RunResult second, string language)
    {
        using StringWriter output = new();
        Report.WriteComparison(first, second, Comparison.Of(first, _ => [], second, _ => []), output, language);
        return output.ToString();
    }
}
