using System.Globalization;

namespace Plumbline.Data.Pii;

/// <summary>
/// The Chinese resident identity number (GB 11643-1999): region, date of birth, sequence, check character; and its older form of fifteen digits. Pure.
/// </summary>
public static class ChineseResidentId
{
    /// <summary>Whether a number of 18 characters holds: check character, a known province, a day between 1900 and <paramref name="today"/>. Full width and a lower-case x are read.</summary>
    public static bool IsValid(ReadOnlySpan<char> number, DateOnly today)
    {
        if (number.Length != 18) return false;
        Span<char> plain = stackalloc char[18];
        for (int i = 0; i < 18; i++) plain[i] = number[i] is >= '！' and <= '～' ? (char)(number[i] - 0xfee0) : number[i];
        return Checksums.Mod11And2(plain) && IsRegion(plain) && Birth(plain.Slice(6, 8)) is { } birth && birth <= today;
    }

    /// <summary>The 18 characters that a number of 15 digits stands for; null where its region or date does not exist.</summary>
    public static string? FromFifteen(ReadOnlySpan<char> number)
    {
        if (number.Length != 15 || !Checksums.Digits(number) || !IsRegion(number)) return null;
        Span<char> full = stackalloc char[18];
        number[..6].CopyTo(full);
        "19".CopyTo(full[6..]);
        number[6..].CopyTo(full[8..]);
        if (Birth(full.Slice(6, 8)) is null) return null;
        foreach (char check in "0123456789X")
        {
            full[17] = check;
            if (Checksums.Mod11And2(full)) return full.ToString();
        }

        return null;
    }

    /// <summary>Whether the first two digits are those of a province, of Hong Kong, Macau or Taiwan, or of a residence permit for their people (81 to 83).</summary>
    public static bool IsRegion(ReadOnlySpan<char> number) => Checksums.Digits(number[..2]) && Checksums.Number(number[..2]) is
        (>= 11 and <= 15) or (>= 21 and <= 23) or (>= 31 and <= 37) or (>= 41 and <= 46) or (>= 50 and <= 54) or (>= 61 and <= 65) or 71 or 81 or 82 or 83;

    private static DateOnly? Birth(ReadOnlySpan<char> digits) =>
        Checksums.Digits(digits) && DateOnly.TryParseExact(digits, "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateOnly date) && date.Year >= 1900 ? date : null;
}
