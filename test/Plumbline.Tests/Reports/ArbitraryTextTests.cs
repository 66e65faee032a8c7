using System.Text;
using System.Text.Json;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;
using CsCheck;
using Plumbline.Reports;

namespace Plumbline.Tests.Reports;

/// <summary>Any string in every text field: each form stays what it is.</summary>
public class ArbitraryTextTests
{
    private static readonly string[] s_tricky =
    [
        "<", ">", "</script>", "<!--", "-->", "]]>", "&", "&#0;", "\"", "'", "`", "```", "|", "\\", "\\|", "\n", "\r\n", "\r", "\t", "\0", "\u001b[2J", "\u202E", "\u2066", "\uFEFF", "\uFFFE", "\uFFFF",
            "\uD800", "\uDC00", "😀", "越狱", "[x](javascript:1)", "![](http://e.x/)", "www.", "http://", "@a", "#1", "_", "*", "~~", "$x$", "../", "--", "\u2028", "\u0085", "\u200B", "{", "}", "%", " ", "a",
    ];

    private static readonly Gen<string> s_fragment = Gen.OneOf(
        Gen.Char.Array[0, 6].Select(c => new string(c)),
        Gen.Int[0, s_tricky.Length - 1].Select(i => s_tricky[i]));

    private static readonly Gen<string> s_text = s_fragment.Array[0, 12].Select(parts => string.Concat(parts));

    [Fact]
    public void Html_AnyText_StaysText() => s_text.Sample(text =>
    {
        string html = Write(text, ReportFormat.Html);
        IHtmlDocument page = new HtmlParser().ParseDocument(html);
        Assert.Empty(page.QuerySelectorAll("script,img,iframe,base,form"));
        // The same page as for a harmless text, element by element: no text has made or broken one.
        string[] expected = [.. new HtmlParser().ParseDocument(Write(text.Length == 0 ? "" : "x", ReportFormat.Html)).All.Select(e => e.LocalName)];
        Assert.Equal(expected, page.All.Select(e => e.LocalName));
        foreach (var element in page.All)
            Assert.DoesNotContain(element.Attributes, a => a.Name.StartsWith("on", StringComparison.Ordinal) || (a.Name is "href" or "src" && a.Value[0] != '#' && a.Value != "data:,"));
    }, iter: 100);

    [Fact]
    public void Json_AnyText_ComesBack() => s_text.Sample(text =>
    {
        JsonElement root = JsonDocument.Parse(Write(text, ReportFormat.Json)).RootElement;
        string sent = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        Assert.Equal(sent, root.GetProperty("target").GetString());
        Assert.Equal(sent, root.GetProperty("findings")[0].GetProperty("title").GetString());
        Assert.Equal(sent, root.GetProperty("twin").GetProperty("results")[0].GetProperty("reason").GetString());
    }, iter: 200);

    [Fact]
    public void Markdown_AnyText_MakesNoMarkup() => s_text.Sample(text => MarkdownReportTests.HasOnlyOurMarkup(Write(text, ReportFormat.Markdown)), iter: 200);

    [Fact]
    public void JUnit_AnyText_IsWellFormed() => s_text.Sample(text => JUnitReportTests.Parse(Write(text, ReportFormat.JUnit)), iter: 200);

    [Fact]
    public void Sarif_AnyText_PassesUploadRules() => s_text.Sample(text => SarifReportTests.PassesUploadRules(JsonDocument.Parse(Write(text, ReportFormat.Sarif)).RootElement), iter: 200);

    [Fact]
    public void Visible_AnyText_HoldsOnlyXmlCharacters() => s_text.Sample(text =>
    {
        string visible = VisibleText.Visible(text);
        System.Xml.XmlConvert.VerifyXmlChars(visible);
        Assert.Equal(visible, VisibleText.Visible(visible));
    }, iter: 2000);

    [Fact]
    public void Clip_AnyText_CutsNoPair() => Gen.Select(s_text, Gen.Int[1, 20]).Sample((text, limit) =>
    {
        (string kept, int leftOut) = VisibleText.Clip(text, limit);
        Assert.Equal(text.Length, kept.Length + leftOut);
        Assert.StartsWith(kept, text, StringComparison.Ordinal);
        Assert.InRange(kept.Length, Math.Min(limit - 1, text.Length), limit);
        Assert.False(leftOut > 0 && kept.Length > 0 && char.IsHighSurrogate(kept[^1]) && char.IsLowSurrogate(text[kept.Length]));
    }, iter: 2000);

    private static string Write(string text, ReportFormat format)
    {
        using StringWriter output = new();
        Report.Write(SampleRuns.Filled(text), format, output);
        return output.ToString();
    }
}
