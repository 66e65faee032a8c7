using Plumbline.Data.Pii;

namespace Plumbline.Data.Tests.Pii;

public sealed class PiiDetectorTests
{
    private static readonly PiiDetector s_detector = new();

    [Theory]
    [InlineData("Write to nell.arden@harrowgate.org please.", PiiType.Email, "nell.arden@harrowgate.org")]
    [InlineData("nell (at) harrowgate (dot) org", PiiType.Email, "nell (at) harrowgate (dot) org")]
    [InlineData("请发到ｎｅｌｌ＠harrowgate.org谢谢", PiiType.Email, "ｎｅｌｌ＠harrowgate.org")]
    [InlineData("Ring +44 20 7946 0991 today", PiiType.Phone, "+44 20 7946 0991")]
    [InlineData("电话：139\u200b1234\u200b5678。", PiiType.Phone, "139\u200b1234\u200b5678")]
    [InlineData("联系13912345678/13987654321", PiiType.Phone, "13912345678")]
    [InlineData("Card 5500 0055 5555 5559 thanks", PiiType.CreditCard, "5500 0055 5555 5559")]
    [InlineData("IBAN GB82 WEST 1234 5698 7654 32.", PiiType.Iban, "GB82 WEST 1234 5698 7654 32")]
    [InlineData("身份证11010519491231002X。", PiiType.CnId, "11010519491231002X")]
    [InlineData("身份证一一零一零五一九四九一二三一零零二X", PiiType.CnId, "一一零一零五一九四九一二三一零零二X")]
    [InlineData("My SSN: 536-90-4399", PiiType.UsSsn, "536-90-4399")]
    [InlineData("see https://nell:hush@harrowgate.org/x.", PiiType.Url, "https://nell:hush@harrowgate.org/x")]
    [InlineData("from 8.8.4.4, twice", PiiType.Ip, "8.8.4.4")]
    [InlineData("from 2a00:1450:4001:81b::200e", PiiType.Ip, "2a00:1450:4001:81b::200e")]
    [InlineData("She was born on 7 March 1990 there", PiiType.Date, "7 March 1990")]
    [InlineData("出生日期：1990年3月7日", PiiType.Date, "1990年3月7日")]
    [InlineData("Hello, my name is Nell Arden and", PiiType.Person, "Nell Arden")]
    [InlineData("Mrs. Arden-Howe came", PiiType.Person, "Arden-Howe")]
    [InlineData("我叫欧阳明月，住在城里", PiiType.Person, "欧阳明月")]
    [InlineData("请找陈志远先生", PiiType.Person, "陈志远")]
    [InlineData("车牌沪A·12345", PiiType.CnPlate, "沪A·12345")]
    [InlineData("wallet 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", PiiType.CryptoBtc, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")]
    [InlineData("CPF 529.982.247-25", PiiType.BrCpf, "529.982.247-25")]
    [InlineData("DNI 12345678Z", PiiType.EsNif, "12345678Z")]
    [InlineData("NRIC S1234567D", PiiType.SgNric, "S1234567D")]
    public void Find_OfOneKind_GivesKindAndPlace(string text, PiiType type, string value)
    {
        PiiSpan span = s_detector.Find(text)[0];
        Assert.Equal((type, value), (span.Type, text.Substring(span.Start, span.Length)));
    }

    [Theory]
    [InlineData("Order 20240613-7781 has 12 items at 3.14159 each.")]
    [InlineData("The years 1999-2004-2010 and page 202 of 555.")]
    [InlineData("ISBN 0-306-40615-2, version 4.2.1.9, section 3.2.1.")]
    [InlineData("Call std::move or 10:30, not node.js or file.txt.")]
    [InlineData("订单号20240613778112345，共12件，第138页。")]
    [InlineData("The loss fell from 2.3026 to 0.6931 in 1,234,567,890 steps.")]
    [InlineData("Dear Sir, this is the end. I'm Sorry. Mr. and Mrs. of nothing.")]
    [InlineData("我是一名老师，我叫不上名字。")]
    [InlineData("她叫我先生先走。律师和医生都在。")]
    [InlineData("@everyone at icon@2x.png and user@localhost")]
    [InlineData("")]
    [InlineData(" ")]
    public void Find_OfNothingPersonal_IsEmpty(string text) => Assert.Empty(s_detector.Find(text));

    [Fact]
    public void Find_TellsWhetherACheckHeldAndWhatIsReserved()
    {
        PiiSpan card = Assert.Single(s_detector.Find("card 4111 1111 1111 1111"));
        Assert.True(card.Validated && card.Reserved);
        Assert.True(Assert.Single(s_detector.Find("call 202-555-0147")).Reserved);
        Assert.True(Assert.Single(s_detector.Find("to a@example.org")).Reserved);
        Assert.False(Assert.Single(s_detector.Find("to a@harrowgate.org")).Reserved);
        Assert.Equal("ipv4-public", Assert.Single(s_detector.Find("at 8.8.8.8")).Rule);
        Assert.Empty(s_detector.Find("at 10.0.0.1"));
        Assert.Equal("ipv4-local", Assert.Single(new PiiDetector(new() { MinimumConfidence = 0.4 }).Find("at 10.0.0.1")).Rule);
    }

    [Fact]
    public void Find_WithKinds_GivesOnlyThose()
    {
        const string text = "nell@harrowgate.org, 202-555-0147";
        Assert.Equal(PiiType.Phone, Assert.Single(new PiiDetector(new() { Types = new HashSet<PiiType> { PiiType.Phone } }).Find(text)).Type);
    }

    [Fact]
    public void Find_BehindAstralCharacters_CountsUnitsAndCodePoints()
    {
        const string text = "😀😀 nell@harrowgate.org";
        PiiSpan span = Assert.Single(s_detector.Find(text));
        Assert.Equal(5, span.Start);
        Assert.Equal((3, 22), span.CodePoints(text));
    }

    [Fact]
    public void Find_OfHostileText_Ends()
    {
        string[] units = ["a", "1", "1 ", "0 ", "@", "a@", "a.", "(", "+", "+1", "::", "a:", "Tel 02 ", "二", "one ", "我叫", "张先生", "Mr A ", "https://", "DE97 ", "xn--", "1-", "𝟏", "\ud800", "\u200b", "[at]", "京A", "微信:", "Jan ", "1.2.3.4.", "1年1月", "jan 1, ", "4111 "];
        foreach (string unit in units)
        {
            int count = (unit is "a" or "1" or "::" or "@" ? 1 << 20 : 1 << 17) / unit.Length;
            string text = string.Concat(Enumerable.Repeat(unit, count));
            foreach (PiiSpan span in s_detector.Find(text)) Assert.InRange(span.End, 1, text.Length);
        }
    }

    [Fact]
    public void Find_OfTooLongText_IsRefused() => Assert.Throws<ArgumentException>(() => s_detector.Find(new('a', PiiDetector.Longest + 1)));

    [Fact]
    public void Find_OfAnyText_GivesApartSpansWithin() => CsCheck.Check.Sample(
        CsCheck.Gen.OneOf(CsCheck.Gen.String["0123456789 -.()+@axX:/年月日我叫张先生，。"], CsCheck.Gen.String), text =>
        {
            int end = 0;
            foreach (PiiSpan span in new PiiDetector(new() { MinimumConfidence = 0 }).Find(text))
            {
                Assert.True(span.Start >= end && span.Length > 0 && span.End <= text.Length);
                end = span.End;
            }
        });
}
