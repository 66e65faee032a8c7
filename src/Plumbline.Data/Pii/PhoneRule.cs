using PhoneNumbers;

namespace Plumbline.Data.Pii;

/// <summary>
/// Telephone numbers. Candidates are digits in at most eight groups; which of them exist is decided by libphonenumber's plans of all countries.
/// A number that names no country counts without a word of telephones beside it only where its form tells (American 3-3-4, Chinese mobile).
/// </summary>
internal static class PhoneRule
{
    /// <summary>The rule of numbers that firms have and persons do not.</summary>
    public const string Service = "phone-service";

    private const int MostGroups = 8;
    private const int LongestGap = 3;

    private static readonly PhoneNumberUtil s_plans = PhoneNumberUtil.GetInstance();

    private static readonly string[] s_words =
    [
        "phone", "telephone", "tel", "mobile", "cell", "cellphone", "call", "ring", "dial", "text", "sms", "whatsapp", "fax", "number is", "my number", "office number", "reach me", "contact", "hotline", "phone number", "call me", "voicemail", "switchboard", "helpline",
        "电话", "電話", "手机", "手機", "致电", "拨打", "撥打", "来电", "联系方式", "聯絡", "热线", "热線", "座机", "传真", "短信", "微信同号", "号码", "打给", "拨",
    ];

    private static readonly string[] s_asking = ["phone", "phone:", "telephone", "tel", "mobile", "cell", "fax", "desk", "dial", "messages to", "message to", "text to", "answering at", "call", "call me at", "call me on", "reach me at", "reach us at", "calls to", "ring", "registered", "number", "number is", "no.", "ph", "ph.", "direct line", "hotline", "contact", "whatsapp", "sms"];
    private static readonly string[] s_behind = ["office", "fax", "mobile", "home", "work", "cell", "desk"];
    private static readonly string[] s_others = ["license", "licence", "nhs", "account", "order", "tracking", "serial", "passport", "invoice", "reference", "case", "ticket", "member", "policy", "id"];
    private static readonly string[] s_books = ["isbn", "issn", "ean", "doi"];
    private static readonly string[] s_service = ["客服", "热线", "电话"];
    private static readonly string[] s_chineseMobile = ["手机", "电话", "联系", "微信", "拨打", "号码", "mobile", "phone", "tel", "call"];

    // Countries whose national forms are tried beside a word; the first that fits names none in the result.
    private static readonly string[] s_trunk = ["GB", "CN", "DE", "FR", "JP", "IN", "AU", "IT", "TW", "KR", "BR", "NZ", "ZA", "CH", "AT", "NL", "BE", "SE", "IE", "TR"];
    private static readonly string[] s_bracketed = ["US", "BR", "AU", "GB", "RU", "CN", "MX"];

    public static void Find(ScannedText text, List<PiiSpan> found)
    {
        ChineseMobiles(text, found);
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        for (int first = 0; first < groups.Count; first++)
        {
            int start = groups[first].Start;
            bool bracket = text.At(start - 1) == '(';
            int begin = bracket ? start - 1 : start;
            bool plus = text.At(begin - 1) == '+' || text.At(start - 1) == '+';
            if (plus) begin = text.At(start - 1) == '+' ? (text.At(start - 2) == '(' ? start - 2 : start - 1) : begin - 1;
            if (!plus && !NumberWindows.OpenBefore(text, begin)) continue;
            if (plus && ScannedText.IsLatin(text.At(begin - 1))) continue;
            // The longest that exists wins; what starts inside it is none of its own.
            int taken = Longest(text, first, begin, plus, bracket, found);
            if (taken >= 0) first = taken;
        }

        Services(text, found);
    }

    private static int Longest(ScannedText text, int first, int begin, bool plus, bool bracket, List<PiiSpan> found)
    {
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        Span<int> lasts = stackalloc int[MostGroups];
        int count = 0, digits = 0;
        for (int last = first; last < groups.Count && last - first < MostGroups; last++)
        {
            if (last > first && !Joins(text, groups[last - 1].End, groups[last].Start)) break;
            digits += groups[last].End - groups[last].Start;
            if (digits > 17) break;
            if (digits >= 7 && (NumberWindows.OpenAfter(text, groups[last].End) || Extension(text, groups[last].End))) lasts[count++] = last;
        }

        for (int i = count - 1; i >= 0; i--)
        {
            int end = groups[lasts[i]].End;
            if (Judge(text, first, lasts[i], begin, end, plus, bracket) is not { } span) continue;
            found.Add(span);
            return lasts[i];
        }

        return -1;
    }

    /// <summary>Whether "x12" or "ext12" stands right behind.</summary>
    private static bool Extension(ScannedText text, int end) => (text.At(end) is 'x' or 'X' && char.IsAsciiDigit(text.At(end + 1))) || (string.CompareOrdinal(text.Lower, end, "ext", 0, 3) == 0 && text.At(end + 3) is '.' or ' ' or (>= '0' and <= '9'));

    private static bool Joins(ScannedText text, int from, int to)
    {
        if (to - from > LongestGap) return false;
        int lines = 0;
        for (int i = from; i < to; i++)
        {
            char c = text.Text[i];
            if (c is not (' ' or '-' or '.' or '(' or ')' or '\n' or '·')) return false;
            if (c == '\n') lines++;
        }

        return lines <= 1 && !(text.Text[from] == '.' && to - from > 1);
    }

    private static PiiSpan? Judge(ScannedText text, int first, int last, int begin, int end, bool plus, bool bracket)
    {
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        Span<char> room = stackalloc char[20];
        int n = 0;
        for (int g = first; g <= last; g++)
        {
            text.Text.AsSpan(groups[g].Start, groups[g].End - groups[g].Start).CopyTo(room[n..]);
            n += groups[g].End - groups[g].Start;
        }

        ReadOnlySpan<char> digits = room[..n];
        if (!digits.ContainsAnyExcept(digits[0]) || (n is 10 or 13 && !plus && text.Near(begin, end, s_books, 12))) return null;
        int firstLength = groups[first].End - groups[first].Start;
        if (plus || (digits.StartsWith("00") && n >= 10))
        {
            string international = plus ? digits.ToString() : digits[2..].ToString();
            if (Exists("+" + international, null)) return Found(international.StartsWith("86", StringComparison.Ordinal) && IsChineseMobile(international.AsSpan(2)) ? "phone-cn-mobile" : "phone-international", 0.95);
            return plus && n is >= 9 and <= 15 && (last > first || text.Near(begin, end, s_words)) ? Found("phone-international-unassigned", 0.6) : null;
        }

        if (n > 13) return null;
        bool context = text.Near(begin, end, s_words, 40, 12);
        // Countries whose numbers are written with their code in brackets.
        if (bracket && firstLength is 2 or 3 && n is >= 10 and <= 13 && digits.StartsWith("852") | digits.StartsWith("853") | digits.StartsWith("886") | digits.StartsWith("86") && Exists("+" + digits.ToString(), null)) return Found("phone-international", context ? 0.9 : 0.7);
        bool american = (n == 10 && digits[0] is >= '2' and <= '9') || (n == 11 && digits[0] == '1');
        bool shaped = last > first && AmericanShape(text, first, last, n);
        if (american && (shaped || (context && ((last == first && n == 10) || bracket))) && Exists(n == 10 ? "+1" + digits.ToString() : "+" + digits.ToString(), null)) return Found("phone-national-us", context ? 0.9 : shaped ? 0.75 : 0.4);
        if (american && last == first && n == 10 && Exists(n == 10 ? "+1" + digits.ToString() : "+" + digits.ToString(), null)) return Found("phone-national-us", 0.4);
        // Chinese area codes: 010, 02x, 0xxx, then seven or eight digits.
        if (digits[0] == '0' && n is 10 or 11 or 12 && ChineseLandlineShape(text, first, last, digits) && Exists(digits.ToString(), "CN")) return Found("phone-cn-landline", context ? 0.9 : 0.7);
        // Right behind a word that asks for a number, digits in groups are one, though no plan tried has it: people write numbers of every country, and wrong ones.
        PiiSpan? asked = n is >= 7 and <= 12 && last > first && !DateShape(text, first, last) && ((text.Near(begin, end, s_asking, 16) && !text.Near(begin, end, s_others, 30)) || text.Near(end, end, s_behind, 0, 8)) ? Found("phone-by-context", 0.55) : null;
        string national = digits.ToString();
        // Three groups that begin with 0, or two of which the first is an area, are written for little else, where a plan has them.
        bool written = last - first >= 2 || (last - first == 1 && firstLength is >= 3 and <= 5);
        if (digits[0] == '0' && n is >= 9 and <= 13 && (context || (written && n is 10 or 11 && !DateShape(text, first, last))))
        {
            foreach (string region in s_trunk)
            {
                if (Exists(national, region)) return Found("phone-national", context ? 0.8 : 0.55);
            }
        }

        if (!context) return asked;

        if (bracket || (n == 11 && digits[0] == '8' && last - first >= 2))
        {
            foreach (string region in s_bracketed)
            {
                if (Exists(national, region)) return Found("phone-national", 0.8);
            }
        }

        return asked;

        PiiSpan Found(string rule, double confidence) => text.Span(PiiType.Phone, begin, end, Serves(text.Text.AsSpan(begin, end - begin)) ? Service : rule, confidence, reserved: IsFiction(text, first, last));
    }

    /// <summary>Whether groups look like a date, years or a decimal rather than like parts of a number.</summary>
    private static bool DateShape(ScannedText text, int first, int last)
    {
        IReadOnlyList<(int Start, int End)> g = text.Groups;
        int years = 0;
        for (int i = first; i <= last; i++)
        {
            int length = g[i].End - g[i].Start;
            if (length is < 2 or > 8) return true;
            if (length == 4 && Checksums.Number(text.Text.AsSpan(g[i].Start, 4)) is >= 1900 and < 2100) years++;
        }

        return years == last - first + 1 || (years == 1 && last - first == 2 && g[last].End - g[first].Start <= 10);
    }

    /// <summary>Whether ten or eleven digits are grouped 1?-3-3-4 or 3-7.</summary>
    private static bool AmericanShape(ScannedText text, int first, int last, int digits)
    {
        IReadOnlyList<(int Start, int End)> g = text.Groups;
        int from = digits == 11 ? first + 1 : first;
        if (digits is not (10 or 11) || (digits == 11 && g[first].End - g[first].Start != 1)) return false;
        if (last - from == 1) return digits == 10 && g[from].End - g[from].Start == 3 && text.At(g[from].Start - 1) == '(';
        return last - from == 2 && g[from].End - g[from].Start == 3 && g[from + 1].End - g[from + 1].Start == 3;
    }

    private static bool ChineseLandlineShape(ScannedText text, int first, int last, ReadOnlySpan<char> digits)
    {
        int area = text.Groups[first].End - text.Groups[first].Start;
        if (area is not (3 or 4) || last == first) return false;
        return area == 3 ? digits[1] is '1' or '2' && digits.Length is 11 : digits[1] is >= '3' and <= '9' && digits.Length is 11 or 12;
    }

    /// <summary>Eleven digits 1[3-9]…, with the country's code or without, in one piece or however grouped.</summary>
    private static void ChineseMobiles(ScannedText text, List<PiiSpan> found)
    {
        NumberWindows.Visit(text, 11, 13, " -.。()\n", (w, digits) =>
        {
            bool coded = digits.Length == 13 && digits.StartsWith("86");
            if (!(digits.Length == 11 || coded) || !IsChineseMobile(digits[^11..])) return;
            int start = w.Start, end = w.End;
            if (text.At(start - 1) == '(' && text.Text.AsSpan(start, end - start).Contains(')')) start--;
            bool plus = coded && text.At(start - 1) == '+';
            if (plus) start--;
            bool context = text.Near(start, end, s_chineseMobile, 30, 8);
            // 1-3xx-xxx-xxxx is American, and so are 3-4-4 groups nobody's but Chinese.
            bool american = w.IsSeparated && !coded && AmericanShape(text, w.First, w.Last, 11);
            if (american && (!context || Exists("+" + digits.ToString(), null))) return;
            bool usual = !w.IsSeparated || Usual(text, coded ? w.First + 1 : w.First, w.Last) || coded;
            double confidence = context || coded ? 0.95 : usual ? 0.8 : 0.45;
            found.Add(text.Span(PiiType.Phone, start, end, "phone-cn-mobile", confidence));
        });

        static bool Usual(ScannedText text, int first, int last) => last - first == 2 && text.Groups[first].End - text.Groups[first].Start == 3 && text.Groups[last].End - text.Groups[last].Start == 4;
    }

    private static bool IsChineseMobile(ReadOnlySpan<char> digits) => digits.Length == 11 && digits[0] == '1' && digits[1] is >= '3' and <= '9';

    /// <summary>Short and 400 numbers of firms beside their words: of the form, but nobody's own.</summary>
    private static void Services(ScannedText text, List<PiiSpan> found)
    {
        NumberWindows.Visit(text, 5, 10, "-", (w, digits) =>
        {
            bool four = digits.Length == 10 && (digits.StartsWith("400") || digits.StartsWith("800"));
            bool five = digits.Length == 5 && (digits.StartsWith("95") || digits.StartsWith("12") || digits.StartsWith("10")) && !w.IsSeparated;
            if ((four || five) && text.Near(w.Start, w.End, s_service, 12)) found.Add(text.Span(PiiType.Phone, w.Start, w.End, Service, 0.4));
        });
    }

    /// <summary>Whether the plan of a country, or of the one the number names, has such a number.</summary>
    private static bool Exists(string number, string? region)
    {
        try
        {
            PhoneNumber parsed = s_plans.Parse(number, region);
            return region is null ? s_plans.IsValidNumber(parsed) : s_plans.IsValidNumberForRegion(parsed, region);
        }
        catch (NumberParseException)
        {
            return false;
        }
    }

    /// <summary>Whether a number that names its country, or an American one, is toll free, premium or shared: a firm's, and nobody's own.</summary>
    private static bool Serves(ReadOnlySpan<char> written)
    {
        try
        {
            return s_plans.GetNumberType(s_plans.Parse(written.ToString(), "US")) is PhoneNumberType.TOLL_FREE or PhoneNumberType.PREMIUM_RATE or PhoneNumberType.SHARED_COST or PhoneNumberType.UAN;
        }
        catch (NumberParseException)
        {
            return false;
        }
    }

    /// <summary>American 555-0100 to 555-0199 are set aside for stories.</summary>
    private static bool IsFiction(ScannedText text, int first, int last)
    {
        Span<char> digits = stackalloc char[20];
        int n = 0;
        for (int g = first; g <= last; g++)
        {
            text.Text.AsSpan(text.Groups[g].Start, text.Groups[g].End - text.Groups[g].Start).CopyTo(digits[n..]);
            n += text.Groups[g].End - text.Groups[g].Start;
        }

        return n is 10 or 11 && digits.Slice(n - 7, 5).SequenceEqual("55501");
    }
}
