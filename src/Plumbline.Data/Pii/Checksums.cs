namespace Plumbline.Data.Pii;

/// <summary>
/// Check digits of identifiers. Each takes the bare number, without separators, and says whether its check holds; lengths and letters are part of
/// the scheme. Input of any kind is allowed: what is no such number is false. Pure; safe for concurrent use.
/// </summary>
internal static class Checksums
{
    private static ReadOnlySpan<byte> VerhoeffProduct =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 0, 6, 7, 8, 9, 5, 2, 3, 4, 0, 1, 7, 8, 9, 5, 6, 3, 4, 0, 1, 2, 8, 9, 5, 6, 7, 4, 0, 1, 2, 3, 9, 5, 6, 7, 8,
        5, 9, 8, 7, 6, 0, 4, 3, 2, 1, 6, 5, 9, 8, 7, 1, 0, 4, 3, 2, 7, 6, 5, 9, 8, 2, 1, 0, 4, 3, 8, 7, 6, 5, 9, 3, 2, 1, 0, 4, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    ];

    private static ReadOnlySpan<byte> VerhoeffPermutation =>
    [
        0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 5, 7, 6, 2, 8, 3, 0, 9, 4, 5, 8, 0, 3, 7, 9, 6, 1, 4, 2, 8, 9, 1, 6, 0, 4, 3, 5, 2, 7,
        9, 4, 5, 3, 1, 2, 6, 8, 7, 0, 4, 2, 8, 6, 5, 7, 3, 9, 0, 1, 2, 7, 9, 3, 8, 0, 6, 4, 1, 5, 7, 0, 4, 6, 9, 1, 3, 2, 5, 8,
    ];

    private static ReadOnlySpan<byte> DammTable =>
    [
        0, 3, 1, 7, 5, 9, 8, 6, 4, 2, 7, 0, 9, 2, 1, 5, 4, 8, 6, 3, 4, 2, 0, 6, 8, 7, 1, 3, 5, 9, 1, 7, 5, 0, 9, 8, 3, 4, 2, 6, 6, 1, 2, 3, 0, 4, 5, 9, 7, 8,
        3, 6, 7, 4, 2, 0, 9, 5, 8, 1, 5, 8, 6, 9, 7, 2, 0, 1, 3, 4, 8, 9, 4, 5, 3, 6, 2, 0, 1, 7, 9, 4, 3, 8, 6, 1, 7, 2, 0, 5, 2, 5, 8, 1, 4, 3, 6, 7, 9, 0,
    ];

    private const string SocialCreditAlphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    private const string DniLetters = "TRWAGMYFPDXBNJZSQVHLCKE";

    /// <summary>Luhn's sum over digits (ISO/IEC 7812): every second digit from the right doubled, in all a multiple of ten.</summary>
    public static bool Luhn(ReadOnlySpan<char> number)
    {
        if (number.Length < 2 || !Digits(number)) return false;
        int sum = 0;
        for (int i = 0; i < number.Length; i++)
        {
            int d = number[number.Length - 1 - i] - '0';
            if (i % 2 == 1 && (d *= 2) > 9) d -= 9;
            sum += d;
        }

        return sum % 10 == 0;
    }

    /// <summary>Verhoeff's dihedral check.</summary>
    public static bool Verhoeff(ReadOnlySpan<char> number)
    {
        if (number.Length < 2 || !Digits(number)) return false;
        int c = 0;
        for (int i = 0; i < number.Length; i++) c = VerhoeffProduct[(c * 10) + VerhoeffPermutation[(i % 8 * 10) + number[number.Length - 1 - i] - '0']];
        return c == 0;
    }

    /// <summary>Damm's check by a quasigroup.</summary>
    public static bool Damm(ReadOnlySpan<char> number)
    {
        if (number.Length < 2 || !Digits(number)) return false;
        int c = 0;
        foreach (char d in number) c = DammTable[(c * 10) + d - '0'];
        return c == 0;
    }

    /// <summary>ISO 7064 MOD 11-2: digits and a last digit or X.</summary>
    public static bool Mod11And2(ReadOnlySpan<char> number)
    {
        if (number.Length < 2 || !Digits(number[..^1])) return false;
        int p = 0;
        foreach (char d in number[..^1]) p = (p + d - '0') * 2 % 11;
        int check = (12 - p) % 11;
        return number[^1] is 'X' or 'x' ? check == 10 : number[^1] - '0' == check;
    }

    /// <summary>ISO 7064 MOD 11,10.</summary>
    public static bool Mod11And10(ReadOnlySpan<char> number)
    {
        if (number.Length < 2 || !Digits(number)) return false;
        int p = 10;
        foreach (char d in number[..^1])
        {
            int s = (p + d - '0') % 10;
            p = (s == 0 ? 10 : s) * 2 % 11;
        }

        return (11 - p) % 10 == number[^1] - '0';
    }

    /// <summary>The Indian Aadhaar: twelve digits, the first from 2 to 9, Verhoeff.</summary>
    public static bool Aadhaar(ReadOnlySpan<char> n) => n.Length == 12 && n[0] is >= '2' and <= '9' && Verhoeff(n);

    /// <summary>The Chinese unified social credit code (GB 32100-2015): 18 characters, weights 3^i mod 31.</summary>
    public static bool SocialCreditCode(ReadOnlySpan<char> n)
    {
        if (n.Length != 18) return false;
        int sum = 0, weight = 1;
        for (int i = 0; i < 17; i++)
        {
            int value = SocialCreditAlphabet.IndexOf(char.ToUpperInvariant(n[i]));
            if (value < 0) return false;
            sum += value * weight;
            weight = weight * 3 % 31;
        }

        return SocialCreditAlphabet.IndexOf(char.ToUpperInvariant(n[17])) == (31 - (sum % 31)) % 31;
    }

    /// <summary>ISBN-10.</summary>
    public static bool Isbn10(ReadOnlySpan<char> n)
    {
        if (n.Length != 10 || !Digits(n[..9]) || !(char.IsAsciiDigit(n[9]) || n[9] is 'X' or 'x')) return false;
        int sum = n[9] is 'X' or 'x' ? 10 : n[9] - '0';
        for (int i = 0; i < 9; i++) sum += (10 - i) * (n[i] - '0');
        return sum % 11 == 0;
    }

    /// <summary>ISBN-13: an EAN that begins with 978 or 979.</summary>
    public static bool Isbn13(ReadOnlySpan<char> n) => (n.StartsWith("978") || n.StartsWith("979")) && Ean13(n);

    /// <summary>EAN-13.</summary>
    public static bool Ean13(ReadOnlySpan<char> n) => n.Length == 13 && Digits(n) && Weighted(n, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 == 0;

    /// <summary>ISSN.</summary>
    public static bool Issn(ReadOnlySpan<char> n)
    {
        if (n.Length != 8 || !Digits(n[..7]) || !(char.IsAsciiDigit(n[7]) || n[7] is 'X' or 'x')) return false;
        int check = (11 - (Weighted(n[..7], [8, 7, 6, 5, 4, 3, 2]) % 11)) % 11;
        return check == (n[7] is 'X' or 'x' ? 10 : n[7] - '0');
    }

    /// <summary>The number of the British National Health Service: a check value of ten is never issued.</summary>
    public static bool Nhs(ReadOnlySpan<char> n) => n.Length == 10 && Digits(n) && (11 - (Weighted(n[..9], [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11 == n[9] - '0';

    /// <summary>The routing number of the American Bankers Association.</summary>
    public static bool AbaRouting(ReadOnlySpan<char> n) => n.Length == 9 && Digits(n) && n.ContainsAnyExcept('0') && Weighted(n, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 == 0;

    /// <summary>The Brazilian CPF; numbers of one repeated digit are not issued.</summary>
    public static bool Cpf(ReadOnlySpan<char> n) =>
        n.Length == 11 && Digits(n) && n.ContainsAnyExcept(n[0])
        && Mod11Check(Weighted(n[..9], [10, 9, 8, 7, 6, 5, 4, 3, 2])) == n[9] - '0' && Mod11Check(Weighted(n[..10], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])) == n[10] - '0';

    /// <summary>The Brazilian CNPJ.</summary>
    public static bool Cnpj(ReadOnlySpan<char> n) =>
        n.Length == 14 && Digits(n) && n.ContainsAnyExcept(n[0])
        && Mod11Check(Weighted(n[..12], [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == n[12] - '0' && Mod11Check(Weighted(n[..13], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])) == n[13] - '0';

    /// <summary>The Spanish DNI: eight digits and a letter.</summary>
    public static bool Dni(ReadOnlySpan<char> n) => n.Length == 9 && Digits(n[..8]) && DniLetters[int.Parse(n[..8]) % 23] == char.ToUpperInvariant(n[8]);

    /// <summary>The Spanish NIE: X, Y or Z, seven digits and a letter.</summary>
    public static bool Nie(ReadOnlySpan<char> n) =>
        n.Length == 9 && "XYZ".IndexOf(char.ToUpperInvariant(n[0])) is >= 0 and var first && Digits(n[1..8]) && DniLetters[((first * 10000000) + int.Parse(n[1..8])) % 23] == char.ToUpperInvariant(n[8]);

    /// <summary>The Polish PESEL; its date is checked too.</summary>
    public static bool Pesel(ReadOnlySpan<char> n)
    {
        if (n.Length != 11 || !Digits(n) || Weighted(n, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 != 0) return false;
        int month = Number(n[2..4]), century = (month / 20) switch { 0 => 1900, 1 => 2000, 2 => 2100, 3 => 2200, _ => 1800 };
        return IsDate(century + Number(n[..2]), month % 20, Number(n[4..6]));
    }

    /// <summary>The Hong Kong identity card: one or two letters, six digits, a check digit or A; a missing letter counts 36.</summary>
    public static bool HongKongId(ReadOnlySpan<char> n)
    {
        int letters = n.Length - 7;
        if (letters is < 1 or > 2 || !Digits(n.Slice(letters, 6))) return false;
        int sum = letters == 1 ? 36 * 9 : 0;
        for (int i = 0; i < letters; i++)
        {
            if (!char.IsAsciiLetter(n[i])) return false;
            sum += (char.ToUpperInvariant(n[i]) - 'A' + 10) * (letters == 2 && i == 0 ? 9 : 8);
        }

        sum += Weighted(n.Slice(letters, 6), [7, 6, 5, 4, 3, 2]);
        int check = n[^1] is 'A' or 'a' ? 10 : char.IsAsciiDigit(n[^1]) ? n[^1] - '0' : -1;
        return check >= 0 && (sum + check) % 11 == 0;
    }

    /// <summary>The Taiwanese identity card: a letter, 1 or 2, eight digits.</summary>
    public static bool TaiwanId(ReadOnlySpan<char> n)
    {
        if (n.Length != 10 || n[1] is not ('1' or '2') || !Digits(n[1..])) return false;
        int letter = "ABCDEFGHJKLMNPQRSTUVXYWZIO".IndexOf(char.ToUpperInvariant(n[0]));
        if (letter < 0) return false;
        letter += 10;
        return ((letter / 10) + (letter % 10 * 9) + Weighted(n[1..], [8, 7, 6, 5, 4, 3, 2, 1, 1])) % 10 == 0;
    }

    /// <summary>The Singaporean NRIC and FIN of the series S, T, F and G.</summary>
    public static bool SingaporeNric(ReadOnlySpan<char> n)
    {
        if (n.Length != 9 || !Digits(n[1..8])) return false;
        char series = char.ToUpperInvariant(n[0]);
        if (series is not ('S' or 'T' or 'F' or 'G')) return false;
        int sum = Weighted(n[1..8], [2, 7, 6, 5, 4, 3, 2]) + (series is 'T' or 'G' ? 4 : 0);
        return (series is 'S' or 'T' ? "JZIHGFEDCBA" : "XWUTRQPNMLK")[sum % 11] == char.ToUpperInvariant(n[8]);
    }

    /// <summary>The Australian tax file number, of nine digits.</summary>
    public static bool AustralianTfn(ReadOnlySpan<char> n) => n.Length == 9 && Digits(n) && Weighted(n, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0;

    /// <summary>The Australian business number.</summary>
    public static bool AustralianAbn(ReadOnlySpan<char> n) => n.Length == 11 && Digits(n) && (Weighted(n, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 == 0;

    /// <summary>The Italian codice fiscale; its date is checked too.</summary>
    public static bool CodiceFiscale(ReadOnlySpan<char> n)
    {
        if (n.Length != 16) return false;
        ReadOnlySpan<byte> odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
        int sum = 0;
        Span<char> plain = stackalloc char[16];
        for (int i = 0; i < 16; i++)
        {
            char c = char.ToUpperInvariant(n[i]);
            bool digitPlace = i is 6 or 7 or 9 or 10 or 12 or 13 or 14;
            int replaced = digitPlace ? "LMNPQRSTUV".IndexOf(c) : -1;
            if (digitPlace ? !char.IsAsciiDigit(c) && replaced < 0 : c is < 'A' or > 'Z') return false;
            plain[i] = replaced >= 0 ? (char)('0' + replaced) : c;
            if (i == 15) break;
            int value = char.IsAsciiDigit(c) ? c - '0' : c - 'A';
            sum += i % 2 == 0 ? odd[value] : value;
        }

        int month = "ABCDEHLMPRST".IndexOf(plain[8]) + 1, day = Number(plain[9..11]) % 40, year = Number(plain[6..8]);
        return month > 0 && (IsDate(1900 + year, month, day) || IsDate(2000 + year, month, day)) && 'A' + (sum % 26) == plain[15];
    }

    /// <summary>The French NIR: thirteen digits (with 2A and 2B for Corsica) and 97 less their remainder.</summary>
    public static bool Nir(ReadOnlySpan<char> n)
    {
        if (n.Length != 15 || !Digits(n[..5]) || !Digits(n[7..]) || n[0] is not (>= '1' and <= '8')) return false;
        long corsica = 0;
        Span<char> body = stackalloc char[13];
        n[..13].CopyTo(body);
        if (!Digits(body))
        {
            if (body[5] != '2' || char.ToUpperInvariant(body[6]) is not ('A' or 'B')) return false;
            corsica = char.ToUpperInvariant(body[6]) == 'A' ? 1000000 : 2000000;
            body[6] = '0';
        }

        return 97 - ((long.Parse(body) - corsica) % 97) == Number(n[13..]);
    }

    /// <summary>The German tax identification number: eleven digits, of the first ten one twice or thrice.</summary>
    public static bool GermanTaxId(ReadOnlySpan<char> n)
    {
        if (n.Length != 11 || n[0] == '0' || !Mod11And10(n)) return false;
        Span<int> counts = stackalloc int[10];
        counts.Clear();
        foreach (char d in n[..10]) counts[d - '0']++;
        int repeated = 0;
        foreach (int count in counts)
        {
            if (count > 3) return false;
            if (count > 1) repeated++;
        }

        return repeated == 1;
    }

    /// <summary>The Dutch citizen service number: the eleven test.</summary>
    public static bool DutchBsn(ReadOnlySpan<char> n) => n.Length == 9 && Digits(n) && n.ContainsAnyExcept('0') && Weighted(n, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 == 0;

    /// <summary>The South Korean resident registration number; its date is checked too.</summary>
    public static bool KoreanRrn(ReadOnlySpan<char> n)
    {
        if (n.Length != 13 || !Digits(n) || (11 - (Weighted(n[..12], [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10 != n[12] - '0') return false;
        int century = n[6] switch { '9' or '0' => 1800, '1' or '2' or '5' or '6' => 1900, _ => 2000 };
        return IsDate(century + Number(n[..2]), Number(n[2..4]), Number(n[4..6])) && Number(n[7..9]) <= 96;
    }

    /// <summary>The Japanese individual number.</summary>
    public static bool JapaneseMyNumber(ReadOnlySpan<char> n)
    {
        if (n.Length != 12 || !Digits(n)) return false;
        int rest = Weighted(n[..11], [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11;
        return (rest <= 1 ? 0 : 11 - rest) == n[11] - '0';
    }

    /// <summary>The number of a ship.</summary>
    public static bool Imo(ReadOnlySpan<char> n) => n.Length == 7 && Digits(n) && Weighted(n[..6], [7, 6, 5, 4, 3, 2]) % 10 == n[6] - '0';

    /// <summary>The vehicle identification number, by its check digit in the ninth place.</summary>
    public static bool Vin(ReadOnlySpan<char> n)
    {
        if (n.Length != 17) return false;
        ReadOnlySpan<byte> values = [1, 2, 3, 4, 5, 6, 7, 8, 0, 1, 2, 3, 4, 5, 0, 7, 0, 9, 2, 3, 4, 5, 6, 7, 8, 9], weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
        int sum = 0;
        for (int i = 0; i < 17; i++)
        {
            char c = char.ToUpperInvariant(n[i]);
            if (c is 'I' or 'O' or 'Q' || !char.IsAsciiLetterOrDigit(c)) return false;
            sum += (char.IsAsciiDigit(c) ? c - '0' : values[c - 'A']) * weights[i];
        }

        int check = sum % 11;
        return char.ToUpperInvariant(n[8]) == (check == 10 ? 'X' : (char)('0' + check));
    }

    /// <summary>The international securities identification number: letters as two digits, then Luhn.</summary>
    public static bool Isin(ReadOnlySpan<char> n)
    {
        if (n.Length != 12 || !char.IsAsciiLetter(n[0]) || !char.IsAsciiLetter(n[1]) || !char.IsAsciiDigit(n[11])) return false;
        Span<char> digits = stackalloc char[24];
        int length = 0;
        foreach (char raw in n)
        {
            char c = char.ToUpperInvariant(raw);
            if (char.IsAsciiDigit(c))
            {
                digits[length++] = c;
            }
            else if (c is >= 'A' and <= 'Z')
            {
                digits[length++] = (char)('0' + ((c - 'A' + 10) / 10));
                digits[length++] = (char)('0' + ((c - 'A' + 10) % 10));
            }
            else
            {
                return false;
            }
        }

        return Luhn(digits[..length]);
    }

    /// <summary>ORCID, ISO 7064 MOD 11-2 over sixteen characters.</summary>
    public static bool Orcid(ReadOnlySpan<char> n) => n.Length == 16 && Mod11And2(n);

    /// <summary>ISO 7064 MOD 97-10 as IBANs use it: the first four characters behind the others, letters as 10 to 35, remainder 1; check digits from 02 to 98.</summary>
    public static bool Mod97(ReadOnlySpan<char> n)
    {
        if (n.Length < 5 || !char.IsAsciiDigit(n[2]) || !char.IsAsciiDigit(n[3]) || Number(n[2..4]) is < 2 or > 98) return false;
        int rest = 0;
        for (int i = 0; i < n.Length; i++)
        {
            char c = char.ToUpperInvariant(n[(i + 4) % n.Length]);
            if (!char.IsAsciiLetterOrDigit(c)) return false;
            rest = char.IsAsciiDigit(c) ? ((rest * 10) + c - '0') % 97 : ((rest * 100) + c - 'A' + 10) % 97;
        }

        return rest == 1;
    }

    /// <summary>An American social security number by form: area not 000, 666 or 9xx, group not 00, serial not 0000.</summary>
    public static bool SocialSecurity(ReadOnlySpan<char> n) => n.Length == 9 && Digits(n) && n[0] != '9' && !n.StartsWith("000") && !n.StartsWith("666") && !n[3..5].SequenceEqual("00") && !n[5..].SequenceEqual("0000");

    /// <summary>An American individual taxpayer number by form: 9xx and a group from 50 to 65, 70 to 88, 90 to 92 or 94 to 99.</summary>
    public static bool Itin(ReadOnlySpan<char> n) => n.Length == 9 && Digits(n) && n[0] == '9' && Number(n[3..5]) is (>= 50 and <= 65) or (>= 70 and <= 88) or (>= 90 and <= 92) or (>= 94 and <= 99);

    /// <summary>A British National Insurance number by form, with its suffix.</summary>
    public static bool NationalInsurance(ReadOnlySpan<char> n)
    {
        if (n.Length != 9 || !Digits(n[2..8])) return false;
        char a = char.ToUpperInvariant(n[0]), b = char.ToUpperInvariant(n[1]), suffix = char.ToUpperInvariant(n[8]);
        return char.IsAsciiLetter(a) && char.IsAsciiLetter(b) && !"DFIQUV".Contains(a) && !"DFIOQUV".Contains(b) && suffix is >= 'A' and <= 'D' && (a, b) is not (('B', 'G') or ('G', 'B') or ('N', 'K') or ('K', 'N') or ('T', 'N') or ('N', 'T') or ('Z', 'Z'));
    }

    /// <summary>Whether a day exists, in the years from 1800 to 2299.</summary>
    public static bool IsDate(int year, int month, int day) => year is >= 1800 and < 2300 && month is >= 1 and <= 12 && day >= 1 && day <= DateTime.DaysInMonth(year, month);

    /// <summary>The value of digits.</summary>
    public static int Number(ReadOnlySpan<char> digits)
    {
        int value = 0;
        foreach (char d in digits) value = (value * 10) + d - '0';
        return value;
    }

    /// <summary>Whether all are ASCII digits, and there is one.</summary>
    public static bool Digits(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static int Mod11Check(int sum) => sum % 11 < 2 ? 0 : 11 - (sum % 11);

    private static int Weighted(ReadOnlySpan<char> digits, ReadOnlySpan<int> weights)
    {
        int sum = 0;
        for (int i = 0; i < weights.Length; i++) sum += (digits[i] - '0') * weights[i];
        return sum;
    }
}
