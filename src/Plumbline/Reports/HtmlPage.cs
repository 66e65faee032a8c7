namespace Plumbline.Reports;

/// <summary>What every page of ours begins with.</summary>
internal static class HtmlPage
{
    /// <summary>Writes all up to the first heading: the policy, the style sheet, the brand. The page's header stays open.</summary>
    public static void Open(HtmlText html, string title, bool chinese)
    {
        html.Line($"<!DOCTYPE html>");
        html.Line($"<html lang=\"{(chinese ? "zh-Hans" : "en")}\">");
        html.Line($"<head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"{new Markup(HtmlStyle.Policy)}\">");
        html.Line($"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"referrer\" content=\"no-referrer\"><link rel=\"icon\" href=\"data:,\">");
        html.Line($"<title>{title}</title>");
        html.Line($"<style>{new Markup(HtmlStyle.Sheet)}</style></head>");
        html.Line($"<body><a class=\"skip\" href=\"#main\">{(chinese ? "跳到正文" : "Skip to the report")}</a>");
        html.Line($"<header class=\"top\"><div class=\"wrap\"><div class=\"brand\"><svg width=\"14\" height=\"30\" aria-hidden=\"true\"><line class=\"line\" x1=\"7\" x2=\"7\" y1=\"0\" y2=\"17\" stroke-width=\"1.5\"/><path class=\"bob\" d=\"M2 16h10l-5 13z\"/></svg>Plumbline</div>");
    }

    /// <summary>Writes the footer, with the runs that the page tells of, and closes the page.</summary>
    public static void Close(HtmlText html, string runs, bool chinese) =>
        html.Line($"<footer class=\"wrap\">{(chinese ? "由 Plumbline 生成。本页不运行脚本，也不加载任何外部内容。" : "Made by Plumbline. This page runs no script and loads nothing.")} {runs}</footer></body></html>");
}
