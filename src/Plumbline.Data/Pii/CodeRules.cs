using System.Numerics;
using System.Security.Cryptography;

namespace Plumbline.Data.Pii;

/// <summary>Identifiers of letters and digits: accounts, insurance numbers, postcodes, wallets, vehicles.</summary>
internal static class CodeRules
{
    private const int LongestCode = 90;

    private static readonly string[] s_insurance = ["ni number", "nino", "national insurance", "ni no"];
    private static readonly string[] s_postcode = ["postcode", "post code", "postal"];
    private static readonly string[] s_zip = ["zip", "zip code", "zipcode", "postal code"];
    private static readonly string[] s_pan = ["pan", "permanent account"];
    private static readonly string[] s_spanish = ["dni", "nie", "nif"];
    private static readonly string[] s_singapore = ["nric", "fin", "singapore"];
    private static readonly string[] s_vehicle = ["vin", "chassis", "vehicle"];
    private static readonly string[] s_position = ["lat", "latitude", "coordinates", "gps", "location", "坐标", "经纬度"];

    public static void Find(ScannedText text, List<PiiSpan> found)
    {
        for (int i = 0; i < text.Text.Length;)
        {
            if (!char.IsAsciiLetterOrDigit(text.Text[i]))
            {
                i++;
                continue;
            }

            int end = i + 1;
            while (end < text.Text.Length && char.IsAsciiLetterOrDigit(text.Text[end])) end++;
            if (!ScannedText.IsLatin(text.At(i - 1)) && !ScannedText.IsLatin(text.At(end)))
            {
                Accounts(text, i, end, found);
                Insurance(text, i, found);
                if (end - i <= LongestCode) Token(text, i, end, found);
            }

            i = end;
        }

        Positions(text, found);
    }

    /// <summary>An IBAN that begins here; groups may be parted by single spaces or dashes.</summary>
    private static void Accounts(ScannedText text, int start, int tokenEnd, List<PiiSpan> found)
    {
        string t = text.Text;
        if (tokenEnd - start < 4 || !char.IsAsciiLetter(t[start]) || !char.IsAsciiLetter(t[start + 1]) || !char.IsAsciiDigit(t[start + 2]) || !char.IsAsciiDigit(t[start + 3])) return;
        int wanted = Iban.Length(t.AsSpan(start, 2));
        if (wanted == 0) return;
        Span<char> number = stackalloc char[Iban.Longest];
        int count = 0, i = start;
        while (count < wanted && i < t.Length)
        {
            if (char.IsAsciiLetterOrDigit(t[i])) number[count++] = t[i++];
            else if (t[i] is ' ' or '-' && char.IsAsciiLetterOrDigit(text.At(i + 1))) i++;
            else break;
        }

        if (count == wanted && !ScannedText.IsLatin(text.At(i)) && Checksums.Mod97(number[..count])) found.Add(text.Span(PiiType.Iban, start, i, "iban", 1, validated: true));
    }

    /// <summary>Two letters, six digits, a letter; pairs may be parted by spaces.</summary>
    private static void Insurance(ScannedText text, int start, List<PiiSpan> found)
    {
        string t = text.Text;
        if (!char.IsAsciiLetter(t[start]) || !char.IsAsciiLetter(text.At(start + 1))) return;
        Span<char> number = stackalloc char[9];
        int count = 0, i = start;
        while (count < 9 && i < t.Length)
        {
            bool letter = count < 2 || count == 8;
            if (letter ? char.IsAsciiLetter(t[i]) : char.IsAsciiDigit(t[i])) number[count++] = t[i++];
            else if (t[i] is ' ' or '-' && count is 2 or 4 or 6 or 8 or 5) i++;
            else return;
        }

        if (count == 9 && !ScannedText.IsLatin(text.At(i)) && Checksums.NationalInsurance(number))
            found.Add(text.Span(PiiType.UkNino, start, i, "uk-nino", text.Near(start, i, s_insurance) ? 0.95 : char.IsAsciiLetterUpper(t[start]) ? 0.75 : 0.4));
    }

    private static void Token(ScannedText text, int start, int end, List<PiiSpan> found)
    {
        ReadOnlySpan<char> token = text.Text.AsSpan(start, end - start);
        switch (token.Length)
        {
            case 9 when Checksums.Dni(token) || Checksums.Nie(token):
                bool spanish = text.Near(start, end, s_spanish);
                found.Add(text.Span(PiiType.EsNif, start, end, "es-nif", spanish ? 0.95 : 0.6, validated: true));
                break;
            case 9 when Checksums.SingaporeNric(token):
                found.Add(text.Span(PiiType.SgNric, start, end, "sg-nric", text.Near(start, end, s_singapore) ? 0.95 : 0.7, validated: true));
                break;
            case 10 when IsPan(token):
                found.Add(text.Span(PiiType.InPan, start, end, "in-pan", text.Near(start, end, s_pan) ? 0.9 : 0.6));
                break;
            case 16 when Checksums.CodiceFiscale(token):
                found.Add(text.Span(PiiType.ItFiscalCode, start, end, "it-fiscal-code", 0.95, validated: true));
                break;
            case 17 when Checksums.Vin(token) && !Checksums.Digits(token):
                found.Add(text.Span(PiiType.Vin, start, end, "vin", text.Near(start, end, s_vehicle) ? 0.95 : 0.6, validated: true));
                break;
            case 42 when token.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && Hex(token[2..]) && token[2..].ContainsAnyExcept('0'):
                found.Add(text.Span(PiiType.CryptoEth, start, end, "crypto-eth", 0.8));
                break;
            case 8 when Uuid(text, start):
                found.Add(text.Span(PiiType.Uuid, start, start + 36, "uuid", 0.4));
                break;
        }

        if (token.Length is >= 26 and <= 35 && token[0] is '1' or '3' && Base58Check(token)) found.Add(text.Span(PiiType.CryptoBtc, start, end, "crypto-btc-base58", 1, validated: true));
        if (token.Length is >= 14 and <= 90 && token.StartsWith("bc1", StringComparison.OrdinalIgnoreCase) && Bech32(token)) found.Add(text.Span(PiiType.CryptoBtc, start, end, "crypto-btc-bech32", 1, validated: true));
        Postcodes(text, start, end, found);
    }

    private static bool IsPan(ReadOnlySpan<char> t) => !t[..5].ContainsAnyExceptInRange('A', 'Z') && Checksums.Digits(t[5..9]) && char.IsAsciiLetterUpper(t[9]) && "ABCFGHJLPT".Contains(t[3]);

    private static bool Hex(ReadOnlySpan<char> t)
    {
        foreach (char c in t)
        {
            if (!char.IsAsciiHexDigit(c)) return false;
        }

        return true;
    }

    private static bool Uuid(ScannedText text, int start)
    {
        if (start + 36 > text.Text.Length || ScannedText.IsLatin(text.At(start + 36)) || text.At(start + 36) == '-') return false;
        for (int i = 0; i < 36; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? text.Text[start + i] != '-' : !char.IsAsciiHexDigit(text.Text[start + i])) return false;
        }

        return true;
    }

    private static void Postcodes(ScannedText text, int start, int end, List<PiiSpan> found)
    {
        ReadOnlySpan<char> token = text.Text.AsSpan(start, end - start);
        if (token.Length is >= 2 and <= 4 && Outward(token) && text.At(end) == ' ' && end + 4 <= text.Text.Length && Inward(text.Text.AsSpan(end + 1, 3)) && !ScannedText.IsLatin(text.At(end + 4)))
            found.Add(text.Span(PiiType.UkPostcode, start, end + 4, "uk-postcode", text.Near(start, end, s_postcode) ? 0.9 : 0.6));
        else if (token.Length is >= 5 and <= 7 && Outward(token[..^3]) && Inward(token[^3..]))
            found.Add(text.Span(PiiType.UkPostcode, start, end, "uk-postcode", text.Near(start, end, s_postcode) ? 0.9 : 0.4));
        if (token.Length != 5 || !Checksums.Digits(token) || !NumberWindows.OpenBefore(text, start)) return;
        bool plus = text.At(end) == '-' && end + 5 <= text.Text.Length && Checksums.Digits(text.Text.AsSpan(end + 1, 4)) && !ScannedText.IsLatin(text.At(end + 5));
        if (text.At(end) == '-' && !plus) return;
        bool named = text.Near(start, end, s_zip, 16), state = AfterState(text, start);
        if (named || state || plus) found.Add(text.Span(PiiType.UsZip, start, plus ? end + 5 : end, "us-zip", named ? 0.7 : 0.4));
    }

    /// <summary>Whether ", NY " or the like stands before.</summary>
    private static bool AfterState(ScannedText text, int start) => text.At(start - 1) == ' ' && start >= 4 && char.IsAsciiLetterUpper(text.At(start - 2)) && char.IsAsciiLetterUpper(text.At(start - 3)) && text.At(start - 4) is ' ' or ','
        && " AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY DC PR ".Contains($" {text.Text.AsSpan(start - 3, 2)} ", StringComparison.Ordinal);

    private static bool Outward(ReadOnlySpan<char> t)
    {
        int letters = char.IsAsciiLetterUpper(t[0]) ? t.Length > 1 && char.IsAsciiLetterUpper(t[1]) ? 2 : 1 : 0;
        if (letters == 0 || "QVX".Contains(t[0]) || t.Length <= letters || !char.IsAsciiDigit(t[letters])) return false;
        return t.Length == letters + 1 || (t.Length == letters + 2 && (char.IsAsciiDigit(t[^1]) || char.IsAsciiLetterUpper(t[^1])));
    }

    private static bool Inward(ReadOnlySpan<char> t) => char.IsAsciiDigit(t[0]) && "ABDEFGHJLNPQRSTUWXYZ".Contains(t[1]) && "ABDEFGHJLNPQRSTUWXYZ".Contains(t[2]);

    private static bool Base58Check(ReadOnlySpan<char> token)
    {
        BigInteger value = 0;
        foreach (char c in token)
        {
            int digit = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".IndexOf(c);
            if (digit < 0) return false;
            value = (value * 58) + digit;
        }

        byte[] short25 = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        if (short25.Length > 25) return false;
        Span<byte> bytes = stackalloc byte[25];
        bytes.Clear();
        short25.CopyTo(bytes[(25 - short25.Length)..]);
        return bytes[0] is 0 or 5 && SHA256.HashData(SHA256.HashData(bytes[..21])).AsSpan(0, 4).SequenceEqual(bytes[21..]);
    }

    /// <summary>The check of BIP 173 and, for later witness versions, of BIP 350.</summary>
    private static bool Bech32(ReadOnlySpan<char> token)
    {
        string lower = token.ToString().ToLowerInvariant();
        if (!token.SequenceEqual(lower) && !token.SequenceEqual(lower.ToUpperInvariant())) return false;
        uint check = 1;
        // The prefix "bc" as the check reads it: high bits, 0, low bits.
        foreach (byte b in (ReadOnlySpan<byte>)[3, 3, 0, 2, 3]) check = Step(check, b);
        for (int i = 3; i < lower.Length; i++)
        {
            int value = "qpzry9x8gf2tvdw0s3jn54khce6mua7l".IndexOf(lower[i]);
            if (value < 0) return false;
            check = Step(check, (byte)value);
        }

        return check == (lower[3] == 'q' ? 1 : 0x2bc830a3);

        static uint Step(uint check, byte value)
        {
            uint top = check >> 25;
            check = ((check & 0x1ffffff) << 5) ^ value;
            ReadOnlySpan<uint> generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
            for (int i = 0; i < 5; i++) check ^= ((top >> i) & 1) == 1 ? generator[i] : 0;
            return check;
        }
    }

    /// <summary>Latitude, comma, longitude, each with three or more decimals.</summary>
    private static void Positions(ScannedText text, List<PiiSpan> found)
    {
        foreach ((int start, int end) in text.Groups)
        {
            if (end - start > 2 || text.At(end) != '.') continue;
            int from = text.At(start - 1) is '-' or '+' ? start - 1 : start;
            if (ScannedText.IsLatin(text.At(from - 1)) || text.At(from - 1) == '.') continue;
            int i = Decimals(text, end);
            if (i < 0) continue;
            int comma = i;
            while (text.At(i) == ' ' && i - comma < 2) i++;
            if (text.At(i++) is not (',' or '，')) continue;
            while (text.At(i) == ' ' && i - comma < 4) i++;
            if (text.At(i) is '-' or '+') i++;
            int whole = i;
            while (char.IsAsciiDigit(text.At(i)) && i - whole < 4) i++;
            if (i == whole || i - whole > 3 || text.At(i) != '.') continue;
            int stop = Decimals(text, i);
            if (stop < 0 || ScannedText.IsLatin(text.At(stop)) || Checksums.Number(text.Text.AsSpan(start, end - start)) > 90 || Checksums.Number(text.Text.AsSpan(whole, i - whole)) > 180) continue;
            found.Add(text.Span(PiiType.Geo, from, stop, "geo", text.Near(from, stop, s_position) ? 0.85 : 0.6));
        }
    }

    private static int Decimals(ScannedText text, int point)
    {
        int i = point + 1;
        while (char.IsAsciiDigit(text.At(i)) && i - point < 12) i++;
        return i - point >= 4 ? i : -1;
    }
}
