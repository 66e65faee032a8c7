namespace Plumbline.Data.Pii;

/// <summary>Cards, accounts and the identity numbers that are digits alone, or digits and a letter behind them.</summary>
internal static class NumberRules
{
    private static readonly string[] s_card = ["card", "visa", "mastercard", "amex", "american express", "credit", "debit", "charge", "paid with", "cc", "卡", "转到", "转账", "汇款", "打款"];
    private static readonly string[] s_resident = ["身份证", "身份證", "证件", "證件", "id card", "id number", "identity", "resident id"];
    private static readonly string[] s_social = ["ssn", "ssns", "social security", "social security number", "ss#", "soc sec"];
    private static readonly string[] s_itin = ["itin", "taxpayer", "tax id"];
    private static readonly string[] s_nhs = ["nhs"];
    private static readonly string[] s_routing = ["routing", "aba", "rtn"];
    private static readonly string[] s_account = ["account", "acct", "bank account", "checking", "savings"];
    private static readonly string[] s_passport = ["passport"];
    private static readonly string[] s_american = ["united states", "u.s.", "us passport", "american", "usa"];
    private static readonly string[] s_british = ["uk", "british", "u.k.", "united kingdom"];
    private static readonly string[] s_aadhaar = ["aadhaar", "aadhar", "uidai"];
    private static readonly string[] s_imei = ["imei"];
    private static readonly string[] s_sampleCards = ["4111111111111111", "4012888888881881", "4242424242424242", "5555555555554444", "5105105105105100", "378282246310005", "371449635398431", "6011111111111117", "3530111333300000", "30569309025904", "4000056655665556"];

    private static readonly (PiiType Type, int Digits, string Rule, Check Check, string[] Words, string Separators)[] s_national =
    [
        (PiiType.BrCpf, 11, "br-cpf", Checksums.Cpf, ["cpf"], ".-"),
        (PiiType.PlPesel, 11, "pl-pesel", Checksums.Pesel, ["pesel"], ""),
        (PiiType.AuTfn, 9, "au-tfn", Checksums.AustralianTfn, ["tfn", "tax file"], " -"),
        (PiiType.FrNir, 15, "fr-nir", Checksums.Nir, ["nir", "insee", "sécurité sociale", "securite sociale"], " "),
        (PiiType.DeTaxId, 11, "de-tax-id", Checksums.GermanTaxId, ["steuer-id", "steuerid", "idnr", "steueridentifikationsnummer", "tin", "identifikationsnummer"], " "),
        (PiiType.NlBsn, 9, "nl-bsn", Checksums.DutchBsn, ["bsn", "burgerservicenummer", "sofi"], " .-"),
        (PiiType.JpMyNumber, 12, "jp-my-number", Checksums.JapaneseMyNumber, ["my number", "マイナンバー", "個人番号"], " -"),
    ];

    private delegate bool Check(ReadOnlySpan<char> number);

    public static void Find(ScannedText text, PiiOptions options, List<PiiSpan> found)
    {
        Cards(text, found);
        ResidentIds(text, options, found);
        NineDigits(text, found);
        Nhs(text, found);
        Others(text, found);
    }

    private static void Cards(ScannedText text, List<PiiSpan> found) => NumberWindows.Visit(text, 12, 19, " -\n", (w, digits) =>
    {
        if (!Checksums.Luhn(digits) || !digits.ContainsAnyExcept('0') || !digits.ContainsAnyExcept(digits[0])) return;
        bool context = text.Near(w.Start, w.End, s_card, 40, 12);
        bool branded = IsBrand(digits);
        if (!branded && !(context && digits[0] is >= '2' and <= '6')) return;
        if (digits.Length == 12 && !context) return;
        // Grouped as cards are, or digit by digit, or with the word.
        if (w.IsSeparated && !context && !Shape(text, w)) return;
        bool unionPay = digits.StartsWith("62");
        double confidence = (branded ? 0.9 : 0.6) + (context ? 0.1 : 0);
        found.Add(text.Span(PiiType.CreditCard, w.Start, w.End, unionPay ? "card-unionpay" : "card", confidence, validated: true, reserved: s_sampleCards.AsSpan().Contains(digits.ToString())));
    });

    private static bool Shape(ScannedText text, NumberWindow w)
    {
        for (int g = w.First; g < w.Last; g++)
        {
            if (text.Groups[g].End - text.Groups[g].Start is not (4 or 6 or 5)) return false;
        }

        return true;
    }

    /// <summary>Whether a number begins and is long as those of a brand are.</summary>
    internal static bool IsBrand(ReadOnlySpan<char> n)
    {
        int two = Checksums.Number(n[..2]), three = Checksums.Number(n[..3]), four = Checksums.Number(n[..4]), six = Checksums.Number(n[..6]);
        return n.Length switch
        {
            13 => n[0] == '4',
            14 => three is (>= 300 and <= 305) or 309 || two is 36 or 38 or 39,
            15 => two is 34 or 37 || four is 2131 or 1800,
            16 => n[0] == '4' || two is (>= 51 and <= 55) || four is (>= 2221 and <= 2720) || four == 6011 || three is (>= 644 and <= 649) || two == 65 || two is 62 or 81 || four is (>= 3528 and <= 3589) || IsMaestro(four),
            17 or 18 => two == 62,
            19 => two == 62 || n[0] == '4' || six is >= 601100 and <= 601199 || two == 65,
            12 => IsMaestro(four),
            _ => false,
        };

        static bool IsMaestro(int four) => four is 5018 or 5020 or 5038 or 5893 or 6304 or 6759 or 6761 or 6762 or 6763 or 6390 or 0604;
    }

    private static void ResidentIds(ScannedText text, PiiOptions options, List<PiiSpan> found)
    {
        NumberWindows.Visit(text, 17, 18, " -\n", (w, digits) =>
        {
            if (digits.Length == 18 && ChineseResidentId.IsValid(digits, options.LatestBirth)) Add(w.End);
        });
        // Seventeen digits and an X, which may stand right behind them, so that the digits alone end in no free place.
        Span<char> number = stackalloc char[18];
        IReadOnlyList<(int Start, int End)> groups = text.Groups;
        for (int last = 0; last < groups.Count; last++)
        {
            int end = groups[last].End;
            if (text.At(end) is ' ' or '-') end++;
            if (text.At(end) is not ('X' or 'x' or 'Х' or 'х' or 'Χ' or 'χ' or 'Ⅹ' or 'ⅹ' or '×') || ScannedText.IsLatin(text.At(end + 1)) || (end > groups[last].End && text.At(end) == '×')) continue;
            int count = 0;
            for (int first = last; first >= 0 && last - first < NumberWindows.MostGroups; first--)
            {
                (int start, int stop) = groups[first];
                if (first < last && !(groups[first + 1].Start - stop == 1 && text.Text[stop] is ' ' or '-' or '\n')) break;
                if (count + stop - start > 17) break;
                text.Text.AsSpan(start, stop - start).CopyTo(number[(17 - count - (stop - start))..]);
                count += stop - start;
                if (count < 17 || !NumberWindows.OpenBefore(text, start)) continue;
                number[17] = 'X';
                if (ChineseResidentId.IsValid(number, options.LatestBirth)) found.Add(text.Span(PiiType.CnId, start, end + 1, "cn-id-18", 1, validated: true));
                break;
            }
        }

        NumberWindows.Visit(text, 15, 15, "", (w, digits) =>
        {
            if (ChineseResidentId.FromFifteen(digits) is not null) found.Add(text.Span(PiiType.CnId, w.Start, w.End, "cn-id-15", text.Near(w.Start, w.End, s_resident, 20, 10) ? 0.9 : 0.3));
        });

        void Add(int end)
        {
            int start = end;
            int count = 0;
            while (count < 18)
            {
                start--;
                if (char.IsAsciiDigit(text.Text[start])) count++;
            }

            found.Add(text.Span(PiiType.CnId, start, end, "cn-id-18", 1, validated: true));
        }
    }

    private static void NineDigits(ScannedText text, List<PiiSpan> found)
    {
        NumberWindows.Visit(text, 9, 9, " -", (w, digits) =>
        {
            bool grouped = w.Count == 3 && text.Groups[w.First].End - text.Groups[w.First].Start == 3 && text.Groups[w.First + 1].End - text.Groups[w.First + 1].Start == 2;
            bool dashed = grouped && text.At(text.Groups[w.First].End) == '-' && text.At(text.Groups[w.First + 1].End) == '-';
            if (grouped || !w.IsSeparated)
            {
                bool social = text.Near(w.Start, w.End, s_social, 50, 12), itin = text.Near(w.Start, w.End, s_itin, 40);
                if (Checksums.SocialSecurity(digits) && (grouped || social)) found.Add(text.Span(PiiType.UsSsn, w.Start, w.End, "us-ssn", social ? 0.95 : dashed ? 0.8 : 0.4, reserved: digits is "078051120" or "219099999" or "123456789"));
                if (Checksums.Itin(digits) && (itin || dashed)) found.Add(text.Span(PiiType.UsItin, w.Start, w.End, "us-itin", itin ? 0.95 : 0.6));
            }

            if (w.IsSeparated) return;
            if (Checksums.AbaRouting(digits) && text.Near(w.Start, w.End, s_routing)) found.Add(text.Span(PiiType.AbaRouting, w.Start, w.End, "aba-routing", 0.9, validated: true));
            if (text.Near(w.Start, w.End, s_passport, 40, 20))
            {
                if (text.Near(w.Start, w.End, s_british, 40, 25)) found.Add(text.Span(PiiType.UkPassport, w.Start, w.End, "uk-passport", 0.8));
                else found.Add(text.Span(PiiType.UsPassport, w.Start, w.End, "us-passport", text.Near(w.Start, w.End, s_american, 40, 25) ? 0.8 : 0.6));
            }
        });
        // A letter and eight digits.
        foreach ((int start, int end) in text.Groups)
        {
            if (end - start == 8 && char.IsAsciiLetterUpper(text.At(start - 1)) && NumberWindows.OpenBefore(text, start - 1) && NumberWindows.OpenAfter(text, end))
            {
                bool named = text.Near(start - 1, end, s_passport, 40, 25);
                found.Add(text.Span(PiiType.UsPassport, start - 1, end, "us-passport-letter", named ? 0.8 : 0.4));
            }
        }
    }

    private static void Nhs(ScannedText text, List<PiiSpan> found) => NumberWindows.Visit(text, 10, 10, " -", (w, digits) =>
    {
        if (Checksums.Nhs(digits) && text.Near(w.Start, w.End, s_nhs)) found.Add(text.Span(PiiType.UkNhs, w.Start, w.End, "uk-nhs", 0.95, validated: true));
    });

    private static void Others(ScannedText text, List<PiiSpan> found)
    {
        NumberWindows.Visit(text, 12, 12, " -", (w, digits) =>
        {
            if (!Checksums.Aadhaar(digits)) return;
            bool named = text.Near(w.Start, w.End, s_aadhaar), grouped = w.Count == 3 && Shape(text, w);
            if (named || grouped) found.Add(text.Span(PiiType.InAadhaar, w.Start, w.End, "in-aadhaar", named ? 0.95 : 0.6, validated: true));
        });
        NumberWindows.Visit(text, 15, 15, " -", (w, digits) =>
        {
            bool named = text.Near(w.Start, w.End, s_imei);
            if (Checksums.Luhn(digits) && digits.ContainsAnyExcept('0') && (named || !w.IsSeparated)) found.Add(text.Span(PiiType.Imei, w.Start, w.End, "imei", named ? 0.95 : 0.4, validated: true));
        });
        NumberWindows.Visit(text, 8, 17, "-", (w, _) =>
        {
            if (text.Near(w.Start, w.End, s_account, 28) && text.Groups[w.First].Start == w.Start) found.Add(text.Span(PiiType.UsBank, w.Start, w.End, "us-bank-account", 0.55));
        });
        NumberWindows.Visit(text, 13, 13, "-", (w, digits) =>
        {
            if (w.Count == 2 && text.Groups[w.First].End - text.Groups[w.First].Start == 6 && Checksums.KoreanRrn(digits)) found.Add(text.Span(PiiType.KrRrn, w.Start, w.End, "kr-rrn", 0.95, validated: true));
        });
        foreach ((PiiType type, int length, string rule, Check check, string[] words, string separators) in s_national)
        {
            NumberWindows.Visit(text, length, length, separators, (w, digits) =>
            {
                if (!check(digits)) return;
                bool named = text.Near(w.Start, w.End, words);
                // ddd.ddd.ddd-dd is written for nothing else.
                bool telling = type == PiiType.BrCpf && w.Count == 4 && text.At(w.End - 3) == '-';
                if (named || telling) found.Add(text.Span(type, w.Start, w.End, rule, named ? 0.95 : 0.8, validated: true));
            });
        }
    }
}
