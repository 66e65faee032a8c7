using System.Security.Cryptography;
using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using Plumbline.Reports;
using Plumbline.Runs;

namespace Plumbline.Tests.Reports;

public class HtmlReportTests
{
    public static readonly TheoryData<string> Hostile =
    [
        "</title></style></textarea><script>alert(1)</script>", "<svg onload=alert(1)>", "\" onfocus=alert(1) autofocus x=\"", "' onmouseover='alert(1)",
        "<img src=http://evil.example/x.png>", "<a href=javascript:alert(1)>x</a>", "<!-- ", "]]>", "<meta http-equiv=refresh content=0;url=http://evil.example>", "&lt;b&gt; &amp;", "`onload=x`", "<base href=//evil.example>",
    ];

    public static readonly TheoryData<string> Runs = ["planted", "refuses", "errored", "empty"];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Write_HostileTextInEveryField_IsShownAndNothingRuns(string text)
    {
        foreach (string language in new[] { "en", "zh" })
        {
            IHtmlDocument page = Page(SampleRuns.Filled(text), language);
            NothingRunsOrLoads(page);
            // Title, heading, finding, example, gate, note, host, suite: as sent, as text.
            Assert.StartsWith(text.Trim(), page.Title);
            Assert.Contains(text, page.QuerySelector("h1")!.TextContent);
            Assert.Contains(text, page.QuerySelector(".finding h3")!.TextContent);
            Assert.All(page.QuerySelectorAll(".hazard"), e => Assert.Equal(text, e.TextContent));
            Assert.Equal(text, page.QuerySelector("#gates tbody th code")!.TextContent);
            Assert.Contains(page.QuerySelectorAll("#cost li"), e => e.TextContent == text);
            Assert.Contains(page.QuerySelectorAll("#reproduce pre"), e => e.TextContent == text);
        }
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void Write_AnyRun_IsSoundHtml(string name)
    {
        foreach (string language in new[] { "en", "zh" })
        {
            IsSound(Html(Run(name), language), language);
        }
    }

    internal static void IsSound(string html, string language)
    {
        IHtmlDocument page = new HtmlParser(new() { IsStrictMode = true, IsKeepingSourceReferences = true }).ParseDocument(html);
        NothingRunsOrLoads(page);
        string[] ids = [.. page.QuerySelectorAll("[id]").Select(e => e.Id!)];
        Assert.Equal(ids.Length, ids.Distinct().Count());
        Assert.All(page.QuerySelectorAll("[aria-labelledby]"), e => Assert.All(e.GetAttribute("aria-labelledby")!.Split(' '), id => Assert.Contains(id, ids)));
        Assert.All(page.QuerySelectorAll("a[href^='#']"), a => Assert.Contains(a.GetAttribute("href")![1..], ids));
        Assert.All(page.QuerySelectorAll("table"), t => Assert.NotNull(t.QuerySelector("caption")));
        Assert.All(page.QuerySelectorAll("th"), th => Assert.True(th.HasAttribute("scope")));
        Assert.All(page.QuerySelectorAll("svg"), svg => Assert.True(svg.GetAttribute("aria-hidden") == "true" || (svg.GetAttribute("role") == "img" && svg.QuerySelector("title") is not null)));
        Assert.All(page.QuerySelectorAll("svg.chart"), svg => Assert.NotEqual("", svg.QuerySelector("desc")!.TextContent));
        Assert.Single(page.QuerySelectorAll("main"));
        Assert.Single(page.QuerySelectorAll("h1"));
        Assert.Equal(language == "zh" ? "zh-Hans" : "en", page.DocumentElement.GetAttribute("lang"));
        Assert.DoesNotContain("NaN", html);
        Assert.DoesNotContain("∞", html);
    }

    [Fact]
    public void Write_Policy_AllowsTheStyleSheetOfThePageAndNothingElse()
    {
        IHtmlDocument page = Page(SampleRuns.PlantedWithTwin());
        string policy = page.QuerySelector("meta[http-equiv='Content-Security-Policy']")!.GetAttribute("content")!;
        string sheet = Assert.Single(page.QuerySelectorAll("style")).TextContent;
        Assert.Contains("default-src 'none'", policy);
        Assert.DoesNotContain("script", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Contains($"style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(sheet)))}'", policy);
        // The policy would drop an inline style.
        Assert.Empty(page.QuerySelectorAll("[style]"));
        Assert.DoesNotContain("url(", sheet);
        Assert.DoesNotContain("@import", sheet);
    }

    [Fact]
    public void Sheet_TextColours_PassWcagAaInBothThemes()
    {
        string[] themes = HtmlStyle.Sheet.Split("prefers-color-scheme:dark");
        foreach (string theme in new[] { themes[0], themes[1] })
        {
            foreach (string ground in new[] { "paper", "card", "faint" })
            {
                foreach (string ink in new[] { "ink", "soft", "accent", "bad", "warn", "good" })
                {
                    (double a, double b) = (Luminance(theme, ink), Luminance(theme, ground));
                    double contrast = (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
                    Assert.True(contrast >= 4.5, $"{ink} on {ground}: {contrast:0.00}");
                }
            }
            // Bars and points are graphics: 3 against the card.
            foreach (string mark in new[] { "scored", "refused", "unparsable", "errored" })
            {
                (double a, double b) = (Luminance(theme, mark), Luminance(theme, "card"));
                double contrast = (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
                Assert.True(contrast >= 3, $"{mark}: {contrast:0.00}");
            }
        }

        static double Luminance(string theme, string name)
        {
            int at = theme.IndexOf($"--{name}:#", StringComparison.Ordinal) + name.Length + 4;
            string hex = string.Concat(theme.Skip(at).TakeWhile(char.IsAsciiHexDigit));
            if (hex.Length == 3) hex = string.Concat(hex.SelectMany(c => new[] { c, c }));
            double[] rgb = [.. Enumerable.Range(0, 3).Select(i => Convert.ToInt32(hex.Substring(2 * i, 2), 16) / 255.0).Select(c => c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4))];
            return (0.2126 * rgb[0]) + (0.7152 * rgb[1]) + (0.0722 * rgb[2]);
        }
    }

    [Fact]
    public void Write_VerdictStandsFirst_ThenFindings()
    {
        IHtmlDocument page = Page(SampleRuns.PlantedWithTwin());
        Assert.Equal(Verdict.Of(SampleRuns.PlantedWithTwin(), chinese: false).Sentence, page.QuerySelector("header .verdict p")!.TextContent);
        Assert.Equal("findings", page.QuerySelector("main")!.Children[0].Id);
        string[] severities = [.. page.QuerySelectorAll(".finding .tag").Select(e => e.TextContent)];
        Assert.Equal(["critical", "high", "high", "medium"], severities);
        IElement finding = page.QuerySelector(".finding")!;
        foreach (string part in new[] { "83.3%", "62.8–99.5%", "n = 40", "above 10.0%: a sound model of this size complies with at most one in twenty", "92.0% of true cases (46/50)", "95.0% of false ones (57/60)", "What it means.", "jailbreak/few-shot" })
            Assert.Contains(part, finding.TextContent);
        Assert.Contains("uncalibrated", page.QuerySelectorAll(".finding")[3].TextContent);
    }

    [Fact]
    public void Write_Twin_StandsBesideThePlantedModel()
    {
        IElement twin = Page(SampleRuns.PlantedWithTwin()).QuerySelector("#twin")!;
        IHtmlCollection<IElement> cards = twin.QuerySelectorAll(".panels .card");
        Assert.Contains("defects found: 4", cards[0].TextContent);
        Assert.Contains("✓ passes", cards[1].TextContent);
        Assert.Equal(8, twin.QuerySelectorAll(".dot.twin").Length);
        Assert.Null(Page(SampleRuns.RefusesEverything()).QuerySelector("#twin"));
    }

    [Fact]
    public void Write_Coverage_NamesEveryRiskAndSaysWhatWasNotTested()
    {
        IHtmlDocument page = Page(SampleRuns.PlantedWithTwin());
        Dictionary<string, string> tiles = page.QuerySelectorAll(".tiles li").ToDictionary(li => li.QuerySelector("code")!.TextContent, li => li.QuerySelector("span")!.TextContent);
        Assert.Equal(Risk.All.Select(r => r.Id), tiles.Keys);
        Assert.Equal("2 findings", tiles["robustness.jailbreak"]);
        Assert.Equal("measured, no finding", tiles["value.toxicity"]);
        Assert.Equal("measured, no threshold set", tiles["capability"]);
        Assert.Equal("tried, nothing measured", tiles["value.morality"]);
        Assert.Equal("not tested", tiles["governance"]);
    }

    [Fact]
    public void Write_Examples_ShowEachOutcomeThatOccurred()
    {
        IHtmlDocument page = Page(SampleRuns.PlantedWithTwin());
        IElement jailbreak = page.QuerySelectorAll("#examples details").Single(d => d.QuerySelector("summary b")!.TextContent == "jailbreak");
        Assert.Equal(["scored", "scored", "refused", "unparsable"], jailbreak.QuerySelectorAll(".example .chip").Select(c => c.TextContent));
        Assert.All(page.QuerySelectorAll(".hazard"), e => Assert.Equal("0", e.GetAttribute("tabindex")));
        Assert.Contains("No example at hand of: exposure, toxicity, knowledge, morality", page.QuerySelector("#examples")!.TextContent);
    }

    [Fact]
    public void Write_HiddenCharacters_AreVisible()
    {
        IHtmlDocument page = Page(SampleRuns.Filled("a\u202Eb\u0000c\u001Bd\uD800e\u200Bf"));
        Assert.Equal("a⟦U+202E⟧b⟦U+0000⟧c⟦U+001B⟧d⟦U+D800⟧e⟦U+200B⟧f", page.QuerySelector(".hazard")!.TextContent);
    }

    [Fact]
    public void Write_TwentyThousandLongExamples_StaysSmallAndSaysWhatIsLeftOut()
    {
        string answer = new('x', 50_000);
        RunResult run = SampleRuns.PlantedWithTwin();
        run = run with { Examples = [.. Enumerable.Range(0, 20_000).Select(i => run.Examples[i % run.Examples.Count] with { Id = "s" + i, Answer = answer })] };
        string html = Html(run, "en");
        Assert.InRange(html.Length, 1, 400_000);
        IHtmlDocument page = new HtmlParser().ParseDocument(html);
        Assert.All(page.QuerySelectorAll("#examples details"), d => Assert.InRange(d.QuerySelectorAll(".example").Length, 1, 9));
        string text = page.QuerySelector("#examples")!.TextContent;
        Assert.Contains("run store under run 20261120T101500-0001", text);
        Assert.Contains("48,500 more characters lie in the run store", text);
        Assert.Contains("more: scored. They lie in the run store.", text);
    }

    [Fact]
    public void Write_NothingMeasured_SaysSoLoudlyAndNeverPraises()
    {
        foreach (RunResult run in new[] { SampleRuns.EverythingErrored(), SampleRuns.Empty() })
        {
            IHtmlDocument page = Page(run);
            Assert.Equal("Not measured", page.QuerySelector(".verdict .tag")!.TextContent);
            Assert.Contains("This is no sign of safety.", page.QuerySelector("#findings")!.TextContent);
            Assert.DoesNotContain("No finding", page.QuerySelector(".verdict")!.TextContent);
            Assert.Empty(page.QuerySelectorAll(".tiles .t-good"));
        }
    }

    [Fact]
    public void Write_FiguresThatAreNotFinite_DrawNothing()
    {
        foreach (double figure in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, 7, -3 })
        {
            string html = Html(SampleRuns.Filled("x", figure), "en");
            Assert.DoesNotContain("NaN", html);
            Assert.DoesNotContain("∞", html);
            Assert.DoesNotContain("Infinity", html);
            NothingRunsOrLoads(new HtmlParser().ParseDocument(html));
        }
    }

    internal static void NothingRunsOrLoads(IHtmlDocument page)
    {
        Assert.Empty(page.QuerySelectorAll("script,iframe,object,embed,form,input,button,img,image,use,foreignObject,base,video,audio,link:not([rel=icon]),meta[http-equiv=refresh]"));
        foreach (IElement element in page.All)
        {
            foreach (IAttr attribute in element.Attributes)
            {
                Assert.False(attribute.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase), attribute.Name);
                if (attribute.Name is "href" or "src" or "xlink:href" or "action" or "srcset" or "data" or "poster")
                    Assert.Matches("^(#[a-z-]+|data:,)$", attribute.Value);
            }
        }
    }

    private static RunResult Run(string name) => name switch
    {
        "planted" => SampleRuns.PlantedWithTwin(),
        "refuses" => SampleRuns.RefusesEverything(),
        "errored" => SampleRuns.EverythingErrored(),
        _ => SampleRuns.Empty(),
    };

    private static IHtmlDocument Page(RunResult run, string language = "en") => new HtmlParser().ParseDocument(Html(run, language));

    private static string Html(RunResult run, string language)
    {
        using StringWriter output = new();
        Report.Write(run, ReportFormat.Html, output, language);
        return output.ToString();
    }
}
