namespace Plumbline.Data.Pii;

/// <summary>Chinese documents, plates and accounts that are not digits alone.</summary>
internal static class ChineseRules
{
    private const string Provinces = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

    private static readonly string[] s_passport = ["护照", "護照", "passport"];
    private static readonly string[] s_permit = ["通行证", "通行證", "回乡证", "回鄉證", "来往内地"];
    private static readonly string[] s_taiwanPermit = ["台胞证", "臺胞證", "台胞證", "来往大陆通行证"];
    private static readonly string[] s_hongKong = ["香港身份证", "香港身份證", "身份证", "身份證", "hkid", "hong kong"];
    private static readonly string[] s_plate = ["车牌", "車牌", "牌照", "号牌", "车主"];
    private static readonly string[] s_company = ["信用代码", "税号", "企业代码", "纳税人", "统一社会"];

    public static void Find(ScannedText text, List<PiiSpan> found)
    {
        for (int i = 0; i < text.Text.Length; i++)
        {
            char c = text.Text[i];
            if (char.IsAsciiLetterOrDigit(c) && !ScannedText.IsLatin(text.At(i - 1))) Documents(text, i, found);
            else if (Provinces.Contains(c)) Plate(text, i, found);
            else if (c == '字' && text.At(i + 1) == '第') Military(text, i, found);
        }

        Handles(text, found);
    }

    private static void Documents(ScannedText text, int start, List<PiiSpan> found)
    {
        string t = text.Text;
        int end = start;
        while (end < t.Length && end - start < 20 && char.IsAsciiLetterOrDigit(t[end])) end++;
        ReadOnlySpan<char> token = t.AsSpan(start, end - start);
        if (token.Length == 18 && !Checksums.Digits(token) && !char.IsAsciiLetter(token[0]) && Checksums.SocialCreditCode(token) && !Checksums.Digits(token[..17]))
            found.Add(text.Span(PiiType.CnUscc, start, end, "cn-uscc", text.Near(start, end, s_company) ? 0.95 : 0.7, validated: true));
        else if (token.Length == 18 && Checksums.Digits(token[..17]) && Checksums.SocialCreditCode(token) && text.Near(start, end, s_company))
            found.Add(text.Span(PiiType.CnUscc, start, end, "cn-uscc", 0.95, validated: true));
        if (token.Length is 8 or 9 && IsPassport(token) && text.Near(start, end, s_passport, 20, 10)) found.Add(text.Span(PiiType.CnPassport, start, end, "cn-passport", 0.9));
        if (token.Length is 9 or 11 && token[0] is 'H' or 'M' && Checksums.Digits(token[1..]) && text.Near(start, end, s_permit, 20)) found.Add(text.Span(PiiType.CnHmPermit, start, end, "cn-hm-permit", 0.9));
        if (token.Length == 8 && Checksums.Digits(token) && text.Near(start, end, s_taiwanPermit, 20)) found.Add(text.Span(PiiType.CnTwPermit, start, end, "cn-tw-permit", 0.9));
        if (token.Length == 10 && char.IsAsciiLetterUpper(token[0]) && Checksums.TaiwanId(token)) found.Add(text.Span(PiiType.TwId, start, end, "tw-id", 0.9, validated: true));
        HongKong(text, start, end, found);
    }

    /// <summary>E or G and eight digits; E, a letter and seven; D, S, P, alone or after E-like kinds, and seven.</summary>
    private static bool IsPassport(ReadOnlySpan<char> t) => t.Length == 9
        ? (t[0] is 'E' or 'G' && Checksums.Digits(t[1..])) || (Checksums.Digits(t[2..]) && ((t[0] == 'E' && char.IsAsciiLetterUpper(t[1]) && t[1] is not ('I' or 'O')) || (t[0] is 'S' or 'D' or 'P' && t[1] == 'E')))
        : t[0] is 'D' or 'S' or 'P' && Checksums.Digits(t[1..]);

    private static void HongKong(ScannedText text, int start, int end, List<PiiSpan> found)
    {
        ReadOnlySpan<char> token = text.Text.AsSpan(start, end - start);
        int letters = token.Length > 1 && char.IsAsciiLetterUpper(token[0]) ? char.IsAsciiLetterUpper(token[1]) ? 2 : 1 : 0;
        if (letters == 0) return;
        if (token.Length == letters + 7 && Checksums.HongKongId(token)) found.Add(text.Span(PiiType.HkId, start, end, "hk-id", text.Near(start, end, s_hongKong, 20) ? 0.95 : 0.3, validated: true));
        if (token.Length != letters + 6 || text.At(end) != '(' || text.At(end + 2) != ')' || !Checksums.Digits(token[letters..])) return;
        Span<char> number = stackalloc char[token.Length + 1];
        token.CopyTo(number);
        number[^1] = text.At(end + 1);
        if (Checksums.HongKongId(number)) found.Add(text.Span(PiiType.HkId, start, end + 3, "hk-id-brackets", 0.95, validated: true));
    }

    /// <summary>A province, a letter, perhaps a point or space, and five characters; six for electric cars; or four and a kind.</summary>
    private static void Plate(ScannedText text, int start, List<PiiSpan> found)
    {
        char office = text.At(start + 1);
        if (!char.IsAsciiLetterUpper(office) || office is 'I' or 'O') return;
        int i = start + 2;
        if (text.At(i) is '·' or '•' or ' ' or '-' or '.') i++;
        int from = i;
        while (i - from < 8 && IsOfPlate(text.At(i))) i++;
        int length = i - from;
        int digits = 0;
        for (int k = from; k < i; k++) digits += char.IsAsciiDigit(text.Text[k]) ? 1 : 0;
        if (ScannedText.IsLatin(text.At(i)) || digits < 2) return;
        bool special = length == 4 && "挂警学港澳领使试超".Contains(text.At(i));
        bool electric = length == 6 && (text.At(from) is 'D' or 'F' or 'A' or 'B' or 'C' or 'G' or 'H' or 'J' or 'K' or 'E' || text.At(i - 1) is 'D' or 'F');
        if (length != 5 && !special && !electric) return;
        found.Add(text.Span(PiiType.CnPlate, start, special ? i + 1 : i, special ? "cn-plate-special" : "cn-plate", text.Near(start, i, s_plate, 20, 6) ? 0.95 : 0.75));

        static bool IsOfPlate(char c) => char.IsAsciiDigit(c) || (char.IsAsciiLetterUpper(c) && c is not ('I' or 'O'));
    }

    /// <summary>军字第1234567号.</summary>
    private static void Military(ScannedText text, int at, List<PiiSpan> found)
    {
        int start = at;
        while (start > 0 && at - start < 3 && "军兵士文职武警政后装海空参北南沈兰济广成干".Contains(text.At(start - 1))) start--;
        int i = at + 2;
        while (char.IsAsciiDigit(text.At(i)) && i - at < 12) i++;
        if (start < at && i - at - 2 is >= 4 and <= 8 && text.At(i) == '号') found.Add(text.Span(PiiType.CnMilitary, start, i + 1, "cn-military", 0.85));
    }

    /// <summary>Names after 微信 and numbers after QQ.</summary>
    private static void Handles(ScannedText text, List<PiiSpan> found)
    {
        string t = text.Lower;
        foreach (string word in (ReadOnlySpan<string>)["微信", "wechat", "weixin", "qq"])
        {
            for (int at = t.IndexOf(word, StringComparison.Ordinal); at >= 0; at = t.IndexOf(word, at + word.Length, StringComparison.Ordinal))
            {
                int i = at + word.Length;
                bool parted = text.At(i) is '号' or '號';
                if (parted) i++;
                if (parted && text.At(i) is '码' or '碼') i++;
                if (t.AsSpan(i).StartsWith(" id")) i += 3;
                while (text.At(i) is ':' or '：' or ' ' or '是' or '为' && i - at < 16)
                {
                    parted = true;
                    i++;
                }

                int end = i;
                while (end < t.Length && end - i < 32 && (char.IsAsciiLetterOrDigit(t[end]) || t[end] is '_' or '-')) end++;
                ReadOnlySpan<char> value = t.AsSpan(i, end - i);
                bool number = word == "qq";
                if (text.At(end) is '@' || (!parted && number && !Checksums.Digits(value))) continue;
                if (number ? value.Length is >= 5 and <= 11 && Checksums.Digits(value) && value[0] != '0' : parted && value.Length is >= 6 and <= 20 && char.IsAsciiLetter(value[0]) && value.ContainsAny("0123456789_-"))
                    found.Add(text.Span(number ? PiiType.Qq : PiiType.WeChat, i, end, number ? "qq" : "wechat", 0.9));
            }
        }
    }
}
