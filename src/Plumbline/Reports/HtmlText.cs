using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace Plumbline.Reports;

/// <summary>Markup that this program composed itself; whatever came from outside in it is encoded already.</summary>
internal readonly record struct Markup(string Html);

/// <summary>
/// Writes HTML from interpolated strings: the literal parts are markup, each string hole is text. It is made visible,
/// clipped and encoded on the way, so that nothing from outside can become markup, in an element or in a quoted attribute.
/// </summary>
internal sealed class HtmlText(TextWriter output)
{
    /// <summary>Where a hole is clipped if nobody clipped it before: no id, title or reason needs more.</summary>
    private const int LongestHole = 4000;

    private static readonly SearchValues<char> s_special = SearchValues.Create("&<>\"'`");

    private readonly TextWriter _output = output;
    private int _ids;

    /// <summary>An element id that this page has not used.</summary>
    public string NextId() => "i" + (++_ids).ToString(CultureInfo.InvariantCulture);

    /// <summary>Writes markup.</summary>
    public void Write([InterpolatedStringHandlerArgument("")] Handler markup) => markup.End("");

    /// <summary>Writes markup and a line end.</summary>
    public void Line([InterpolatedStringHandlerArgument("")] Handler markup) => markup.End("\n");

    /// <summary>Text as HTML.</summary>
    public static string Encode(string text)
    {
        using StringWriter encoded = new(CultureInfo.InvariantCulture);
        Encode(text, encoded);
        return encoded.ToString();
    }

    private static void Encode(string text, TextWriter output)
    {
        ReadOnlySpan<char> rest = VisibleText.Visible(VisibleText.Short(text, LongestHole));
        while (rest.IndexOfAny(s_special) is >= 0 and int at)
        {
            output.Write(rest[..at]);
            output.Write(rest[at] switch { '&' => "&amp;", '<' => "&lt;", '>' => "&gt;", '"' => "&quot;", '\'' => "&#39;", _ => "&#96;" });
            rest = rest[(at + 1)..];
        }
        output.Write(rest);
    }

    /// <summary>Writes the parts of an interpolated string as they come.</summary>
    [InterpolatedStringHandler]
    internal readonly ref struct Handler
    {
        private readonly TextWriter _to;

        public Handler(int literalLength, int formattedCount, HtmlText owner)
        {
            _ = literalLength + formattedCount;
            _to = owner._output;
        }

        /// <summary>Writes what follows; the parts themselves were written while the argument was evaluated.</summary>
        public void End(string end) => _to.Write(end);

        public void AppendLiteral(string markup) => _to.Write(markup);

        public void AppendFormatted(Markup markup) => _to.Write(markup.Html);

        public void AppendFormatted(string? text)
        {
            if (text is not null) Encode(text, _to);
        }

        public void AppendFormatted(int number) => _to.Write(number.ToString(CultureInfo.InvariantCulture));

        public void AppendFormatted(ulong number) => _to.Write(number.ToString(CultureInfo.InvariantCulture));

        /// <summary>A coordinate: two decimals are a hundredth of a pixel.</summary>
        public void AppendFormatted(double coordinate) => _to.Write(coordinate.ToString("0.##", CultureInfo.InvariantCulture));
    }
}
