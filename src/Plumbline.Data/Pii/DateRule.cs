namespace Plumbline.Data.Pii;

/// <summary>Dates that exist. Beside a word of birth they are personal data; elsewhere they have the form only.</summary>
internal static class DateRule
{
    private static readonly string[] s_birth = ["born", "birth", "birthday", "dob", "d.o.b", "date of birth", "birthdate", "出生", "生日", "生于", "诞辰"];

    private static readonly string[] s_months = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

    public static void Find(ScannedText text, List<PiiSpan> found)
    {
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        for (int g = 0; g < groups.Count; g++)
        {
            (int start, int end) = groups[g];
            if (!NumberWindows.OpenBefore(text, start) || (text.At(start - 1) == '/' && char.IsAsciiDigit(text.At(start - 2)))) continue;
            if (g + 2 < groups.Count && Triple(text, g) is { } stop)
            {
                Add(start, Clock(text, stop), "date-numeric");
                g += 2;
            }
            else if (end - start == 8 && NumberWindows.OpenAfter(text, end) && text.Near(start, end, s_birth, 24) && Checksums.IsDate(Value(start, start + 4), Value(start + 4, start + 6), Value(start + 6, end)))
            {
                Add(start, end, "date-digits");
            }
            else if (Chinese(text, g) is { } chinese)
            {
                Add(start, chinese, "date-chinese");
            }
        }

        Named(text, Add);
        HanNumerals(text, Add);

        int Value(int from, int to) => Checksums.Number(text.Text.AsSpan(from, to - from));

        void Add(int start, int end, string rule)
        {
            bool birth = text.Near(start, end, s_birth, 24, 4);
            found.Add(text.Span(PiiType.Date, start, end, birth ? "date-of-birth" : rule, birth ? 0.85 : 0.4));
        }
    }

    /// <summary>Year, month and day in any of the usual orders with one kind of separator; the end, or null.</summary>
    private static int? Triple(ScannedText text, int g)
    {
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        (int a, int aEnd) = groups[g];
        (int b, int bEnd) = groups[g + 1];
        (int c, int cEnd) = groups[g + 2];
        char separator = text.At(aEnd);
        if (separator is not ('-' or '/' or '.') || b - aEnd != 1 || c - bEnd != 1 || text.At(bEnd) != separator || bEnd - b > 2) return null;
        if (ScannedText.IsLatin(text.At(cEnd)) && !(text.At(cEnd) is 'T' && char.IsAsciiDigit(text.At(cEnd + 1)))) return null;
        if (text.At(cEnd) == separator && char.IsAsciiDigit(text.At(cEnd + 1))) return null;
        int x = Value(a, aEnd), y = Value(b, bEnd), z = Value(c, cEnd);
        if (aEnd - a == 4 && cEnd - c <= 2) return Checksums.IsDate(x, y, z) ? cEnd : null;
        if (aEnd - a > 2) return null;
        if (cEnd - c == 4) return Checksums.IsDate(z, y, x) || Checksums.IsDate(z, x, y) ? cEnd : null;
        // 3/7/90: with a slash only, for 1.2.34 is a version.
        return cEnd - c == 2 && separator == '/' && (Checksums.IsDate(1900 + z, y, x) || Checksums.IsDate(1900 + z, x, y)) ? cEnd : null;

        int Value(int from, int to) => to - from > 4 ? -1 : Checksums.Number(text.Text.AsSpan(from, to - from));
    }

    /// <summary>The end of a time of day behind a date: " at 10:30", "T08:15:00Z".</summary>
    private static int Clock(ScannedText text, int end)
    {
        int i = end;
        if (text.At(i) == 'T') i++;
        else if (text.At(i) == ' ') i++;
        else return end;
        if (string.CompareOrdinal(text.Lower, i, "at ", 0, 3) == 0) i += 3;
        int hour = i;
        while (char.IsAsciiDigit(text.At(i)) && i - hour < 3) i++;
        if (i - hour is not (1 or 2) || text.At(i) != ':' || !char.IsAsciiDigit(text.At(i + 1)) || !char.IsAsciiDigit(text.At(i + 2))) return end;
        i += 3;
        if (text.At(i) == ':' && char.IsAsciiDigit(text.At(i + 1)) && char.IsAsciiDigit(text.At(i + 2))) i += 3;
        return text.At(i) == 'Z' ? i + 1 : i;
    }

    /// <summary>1990年3月7日, 90年3月 beside a word of birth.</summary>
    private static int? Chinese(ScannedText text, int g)
    {
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        (int start, int end) = groups[g];
        if (text.At(end) != '年' || end - start is not (4 or 2) || g + 1 >= groups.Count || groups[g + 1].Start != end + 1) return null;
        int month = groups[g + 1].End;
        if (text.At(month) != '月' || month - end > 3) return null;
        int year = Checksums.Number(text.Text.AsSpan(start, end - start)) + (end - start == 2 ? 1900 : 0), m = Checksums.Number(text.Text.AsSpan(end + 1, month - end - 1));
        if (g + 2 < groups.Count && groups[g + 2].Start == month + 1 && text.At(groups[g + 2].End) is '日' or '号' && groups[g + 2].End - month <= 3)
            return Checksums.IsDate(year, m, Checksums.Number(text.Text.AsSpan(month + 1, groups[g + 2].End - month - 1))) ? groups[g + 2].End + 1 : null;
        return Checksums.IsDate(year, m, 1) && text.Near(start, month, s_birth, 24) ? month + 1 : null;
    }

    /// <summary>一九九〇年三月七日.</summary>
    private static void HanNumerals(ScannedText text, Action<int, int, string> add)
    {
        string t = text.Text;
        for (int at = t.IndexOf('年', StringComparison.Ordinal); at >= 0; at = t.IndexOf('年', at + 1))
        {
            if (at < 4) continue;
            int year = 0;
            for (int k = at - 4; k < at; k++) year = ScannedText.HanDigit(t[k]) is >= 0 and var digit && year >= 0 ? (year * 10) + digit : -1;
            if (year is < 1800 or > 2299) continue;
            int month = Numeral(t, at + 1, out int behind);
            if (text.At(behind) != '月' || month is < 1 or > 12) continue;
            int day = Numeral(t, behind + 1, out int last);
            if (text.At(last) is '日' or '号' && Checksums.IsDate(year, month, day)) add(at - 4, last + 1, "date-chinese");
        }
    }

    private static int Numeral(string t, int i, out int end)
    {
        int value = 0;
        end = i;
        while (end < t.Length && end - i < 3)
        {
            if (t[end] == '十') value = value == 0 ? 10 : value * 10;
            else if (ScannedText.HanDigit(t[end]) is > 0 and var digit) value += digit;
            else break;
            end++;
        }

        return value;
    }

    /// <summary>29-Feb-2024, March 7th, 1990, the 7th of March 1990.</summary>
    private static void Named(ScannedText text, Action<int, int, string> add)
    {
        string t = text.Lower;
        for (int i = 0; i < t.Length; i++)
        {
            if (!char.IsAsciiLetter(t[i])) continue;
            int end = i;
            while (end < t.Length && char.IsAsciiLetter(t[end])) end++;
            if (Month(t.AsSpan(i, end - i)) is { } month) Around(text, month, i, end, add);
            i = end;
        }
    }

    private static int? Month(ReadOnlySpan<char> word)
    {
        if (word.Length < 3) return null;
        for (int m = 0; m < 12; m++)
        {
            if (word.SequenceEqual(s_months[m]) || word.SequenceEqual(s_months[m].AsSpan(0, 3)) || (m == 8 && word.SequenceEqual("sept"))) return m + 1;
        }

        return null;
    }

    private static void Around(ScannedText text, int month, int start, int end, Action<int, int, string> add)
    {
        string t = text.Lower;
        // The day before: "7", "7th", "the 7th of".
        int i = start - 1;
        bool of = false;
        if (i >= 3 && t.AsSpan(i - 3, 4).SequenceEqual(" of ")) (i, of) = (i - 3, true);
        if (text.At(i) is ' ' or '-' or '.' or '/') i--;
        int dayEnd = i + 1;
        if (i >= 2 && t.AsSpan(i - 1, 2) is "st" or "nd" or "rd" or "th" && char.IsAsciiDigit(t[i - 2])) dayEnd = i - 1;
        int dayStart = dayEnd;
        while (dayStart > 0 && char.IsAsciiDigit(t[dayStart - 1]) && dayEnd - dayStart < 3) dayStart--;
        if (dayEnd - dayStart is 1 or 2 && NumberWindows.OpenBefore(text, dayStart))
        {
            int behind = end;
            if (text.At(behind) is '.' or ',') behind++;
            if (text.At(behind) is ' ' or '-' or '/') behind++;
            if (Year(text, behind) is { } year && Checksums.IsDate(year, month, Checksums.Number(t.AsSpan(dayStart, dayEnd - dayStart))))
            {
                int from = of && dayStart >= 4 && t.AsSpan(dayStart - 4, 4).SequenceEqual("the ") ? dayStart - 4 : dayStart;
                add(from, Clock(text, behind + 4), "date-named");
                return;
            }
        }

        // The day behind: "March 7th, 1990".
        int at = end;
        if (text.At(at) == '.') at++;
        if (text.At(at) != ' ') return;
        int day = ++at;
        while (char.IsAsciiDigit(text.At(at)) && at - day < 3) at++;
        if (at - day is not (1 or 2)) return;
        int value = Checksums.Number(t.AsSpan(day, at - day));
        if (at + 2 <= t.Length && t.AsSpan(at, 2) is "st" or "nd" or "rd" or "th") at += 2;
        if (text.At(at) == ',') at++;
        if (text.At(at) == ' ') at++;
        if (Year(text, at) is { } y && Checksums.IsDate(y, month, value)) add(start, Clock(text, at + 4), "date-named");
    }

    private static int? Year(ScannedText text, int at) =>
        at + 4 <= text.Text.Length && Checksums.Digits(text.Text.AsSpan(at, 4)) && !ScannedText.IsLatin(text.At(at + 4)) ? Checksums.Number(text.Text.AsSpan(at, 4)) : null;
}
