using System.Globalization;
using System.Text.Json;
using Plumbline.Data.Pii;
using Plumbline.Tests;

namespace Plumbline.Data.Tests.Pii;

public sealed class ChecksumsTests
{
    private static readonly Dictionary<string, Func<string, bool>> s_schemes = new()
    {
        ["luhn"] = n => Checksums.Luhn(n),
        ["creditCard"] = n => Checksums.Luhn(n),
        ["verhoeff"] = n => Checksums.Verhoeff(n),
        ["damm"] = n => Checksums.Damm(n),
        ["aadhaar"] = n => Checksums.Aadhaar(n),
        ["cnResidentId18"] = n => n.Length == 18 && Checksums.Mod11And2(n),
        ["unifiedSocialCreditCode"] = n => Checksums.SocialCreditCode(n),
        ["isbn10"] = n => Checksums.Isbn10(n),
        ["isbn13"] = n => Checksums.Isbn13(n),
        ["ean13"] = n => Checksums.Ean13(n),
        ["issn"] = n => Checksums.Issn(n),
        ["nhs"] = n => Checksums.Nhs(n),
        ["abaRouting"] = n => Checksums.AbaRouting(n),
        ["cpf"] = n => Checksums.Cpf(n),
        ["cnpj"] = n => Checksums.Cnpj(n),
        ["dni"] = n => Checksums.Dni(n),
        ["nie"] = n => Checksums.Nie(n),
        ["pesel"] = n => Checksums.Pesel(n),
        ["hkid"] = n => Checksums.HongKongId(n),
        ["twid"] = n => Checksums.TaiwanId(n),
        ["sgNric"] = n => Checksums.SingaporeNric(n),
        ["auTfn"] = n => Checksums.AustralianTfn(n),
        ["auAbn"] = n => Checksums.AustralianAbn(n),
        ["itCodiceFiscale"] = n => Checksums.CodiceFiscale(n),
        ["frNir"] = n => Checksums.Nir(n),
        ["deSteuerId"] = n => Checksums.GermanTaxId(n),
        ["nlBsn"] = n => Checksums.DutchBsn(n),
        ["krRrn"] = n => Checksums.KoreanRrn(n),
        ["jpMyNumber"] = n => Checksums.JapaneseMyNumber(n),
        ["imo"] = n => Checksums.Imo(n),
        ["vin"] = n => Checksums.Vin(n),
        ["isin"] = n => Checksums.Isin(n),
        ["orcid"] = n => Checksums.Orcid(n),
    };

    public static TheoryData<string> Schemes => [.. s_schemes.Keys];

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Scheme_OnReferenceNumbers_AgreesOnEach(string scheme)
    {
        using JsonDocument file = Golden.Json("golden", "data", "pii", "checksums.json");
        int cases = 0;
        foreach (GoldenCase c in Golden.Cases(file, scheme))
        {
            string number = c.In.GetProperty("number").GetString()!;
            Assert.True(c.Out!.Value.GetProperty("valid").GetBoolean() == s_schemes[scheme](number), $"{c.Name}: {number}");
            cases++;
        }

        Assert.True(cases >= 28);
    }

    [Fact]
    public void ReferenceFile_HasNoSchemeThatNobodyTests()
    {
        using JsonDocument file = Golden.Json("golden", "data", "pii", "checksums.json");
        string[] own = ["iban", "cnResidentId15to18", "cnResidentIdSemantics", "usSsnItin", "ukNationalInsurance"];
        Assert.Equal(file.RootElement.GetProperty("groups").EnumerateObject().Select(g => g.Name).Order(), s_schemes.Keys.Concat(own).Order());
    }

    [Fact]
    public void Iban_OnReferenceNumbers_AgreesOnRemainderAndLength()
    {
        using JsonDocument file = Golden.Json("golden", "data", "pii", "checksums.json");
        foreach (GoldenCase c in Golden.Cases(file, "iban"))
        {
            string number = c.In.GetProperty("number").GetString()!.Replace(" ", "");
            Assert.True(c.Out!.Value.GetProperty("mod97").GetBoolean() == Checksums.Mod97(number), c.Name);
            // Where the reference also knows national digits it is stricter; never laxer.
            if (c.Out.Value.GetProperty("stdnumValid").GetBoolean()) Assert.True(Iban.IsValid(number), c.Name);
        }
    }

    [Fact]
    public void ChineseResidentId_OnReferenceNumbers_AgreesOnMeaning()
    {
        using JsonDocument file = Golden.Json("golden", "data", "pii", "checksums.json");
        foreach (GoldenCase c in Golden.Cases(file, "cnResidentIdSemantics")) Assert.True(c.Out!.Value.GetProperty("valid").GetBoolean() == ChineseResidentId.IsValid(c.In.GetProperty("number").GetString(), new(2026, 11, 29)), c.Name);
        foreach (GoldenCase c in Golden.Cases(file, "cnResidentId15to18")) Assert.Equal(c.Error is null ? c.Out!.Value.GetProperty("eighteen").GetString() : null, ChineseResidentId.FromFifteen(c.In.GetProperty("fifteen").GetString()));
    }

    [Fact]
    public void AmericanAndBritishNumbers_OnReferenceNumbers_AgreeOnForm()
    {
        using JsonDocument file = Golden.Json("golden", "data", "pii", "checksums.json");
        foreach (GoldenCase c in Golden.Cases(file, "usSsnItin"))
        {
            if (c.In.TryGetProperty("number", out JsonElement number)) Assert.True(c.Out!.Value.GetProperty("structural").GetBoolean() == Checksums.SocialSecurity(number.GetString()!.Replace("-", "")), c.Name);
            else Assert.True(c.Out!.Value.GetProperty("stdnumValid").GetBoolean() == Checksums.Itin(c.In.GetProperty("itin").GetString()!.Replace("-", "")), c.Name);
        }

        foreach (GoldenCase c in Golden.Cases(file, "ukNationalInsurance")) Assert.True(c.Out!.Value.GetProperty("valid").GetBoolean() == Checksums.NationalInsurance(c.In.GetProperty("number").GetString()!.Replace(" ", "")), c.Name);
    }

    [Theory]
    [InlineData("4111111111111111", true)]
    [InlineData("79927398713", true)]
    [InlineData("4111111111111112", false)]
    [InlineData("", false)]
    [InlineData("4", false)]
    [InlineData("４１１１", false)]
    public void Luhn_OfKnownNumbers(string number, bool valid) => Assert.Equal(valid, Checksums.Luhn(number));

    [Fact]
    public void EachScheme_TakesAnyTextWithoutThrowing()
    {
        string[] texts = ["", "0", "X", "XX", new('9', 40), "Ａ１", "A1234567\u0000", "2A!456789012345", "SE45 5000", new('Z', 17), "X1234567Z", "-12345678", "12345678-"];
        foreach (Func<string, bool> scheme in s_schemes.Values)
        {
            foreach (string text in texts) _ = scheme(text);
        }

        foreach (string text in texts)
        {
            _ = Iban.IsValid(text);
            _ = ChineseResidentId.FromFifteen(text);
            _ = ChineseResidentId.IsValid(text, DateOnly.ParseExact("2026-01-01", "yyyy-MM-dd", CultureInfo.InvariantCulture));
        }
    }
}
