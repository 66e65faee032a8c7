using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Plumbline.Judges;

/// <summary>One form for what people write in many: straight quotes, no invisible characters, look-alikes as the letters they imitate, lower case, simplified characters.</summary>
internal static partial class PlainText
{
    private const int Longest = 20_000;

    private const string LookAlikes = "аеорсухіѕјԁһԛԝАЕОРСУХІВНКМТ";
    private const string Letters = "aeopcyxisjdhqwaeopcyxibhkmt";
    private const string Traditional = "對無這個幫絕會與請說為寫問題從過處違給還麼嗎讓應該該難諒";
    private const string Simplified = "对无这个帮绝会与请说为写问题从过处违给还么吗让应该该难谅";

    /// <summary>The form in which rules read a text.</summary>
    public static string Of(string text)
    {
        if (text.Length > Longest) text = text[..Longest];
        StringBuilder plain = new(text.Length);
        foreach (char c in PlainLetters.Of(text))
        {
            UnicodeCategory category = char.GetUnicodeCategory(c);
            if (category is UnicodeCategory.Format or UnicodeCategory.NonSpacingMark || (category == UnicodeCategory.Control && !char.IsWhiteSpace(c))) continue;
            int at = LookAlikes.IndexOf(c), traditional = at < 0 ? Traditional.IndexOf(c) : -1;
            plain.Append(at >= 0 ? Letters[at] : traditional >= 0 ? Simplified[traditional] : c switch
            {
                '’' or '‘' or 'ʼ' or '`' or '´' => '\'',
                '“' or '”' or '„' or '«' or '»' => '"',
                _ when char.IsWhiteSpace(c) => c == '\n' ? '\n' : ' ',
                _ => char.ToLowerInvariant(c),
            });
        }

        return Marks().Replace(plain.ToString(), " ").Trim();
    }

    /// <summary>The text without what stands in quotation marks, unless that is all of it.</summary>
    public static string WithoutQuotations(string text)
    {
        string rest = Quotations().Replace(text, " ");
        return rest.Count(char.IsLetter) >= 8 || rest.Count(char.IsLetter) * 2 >= text.Count(char.IsLetter) ? Spaces().Replace(rest, " ").Trim() : Spaces().Replace(text, " ").Trim(' ', '"', '\'');
    }

    /// <summary>Signs of mark-up, which stand between a line's start and its words.</summary>
    [GeneratedRegex(@"'''[a-z]*|\*+|^[>#\s]+|<\|[a-z_]{1,24}\|>", RegexOptions.Multiline | RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex Marks();

    [GeneratedRegex(@"""[^""\n]{0,400}""|「[^」\n]{0,400}」|『[^』\n]{0,400}』|(?<![\p{L}\p{N}])'[^'\n]{2,300}'(?![\p{L}])|(?<=[:：]\s)'[^\n]{2,200}?[.!?]'(?=\s|$)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Quotations();

    [GeneratedRegex(@"\s+", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();
}
