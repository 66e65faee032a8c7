namespace Plumbline.Data.Pii;

/// <summary>Kinds of personal data. <see cref="PiiTypes.Label"/> gives the name that placeholders and files use.</summary>
public enum PiiType
{
    /// <summary>A person's name, after a cue word only.</summary>
    Person,

    /// <summary>An e-mail address.</summary>
    Email,

    /// <summary>A telephone number, of any country.</summary>
    Phone,

    /// <summary>A payment card of any brand, UnionPay's too.</summary>
    CreditCard,

    /// <summary>An international bank account number.</summary>
    Iban,

    /// <summary>An American bank account.</summary>
    UsBank,

    /// <summary>An American routing number.</summary>
    AbaRouting,

    /// <summary>An American social security number.</summary>
    UsSsn,

    /// <summary>An American individual taxpayer number.</summary>
    UsItin,

    /// <summary>An American passport.</summary>
    UsPassport,

    /// <summary>A ZIP code.</summary>
    UsZip,

    /// <summary>A British National Insurance number.</summary>
    UkNino,

    /// <summary>A number of the British National Health Service.</summary>
    UkNhs,

    /// <summary>A British passport.</summary>
    UkPassport,

    /// <summary>A British postcode.</summary>
    UkPostcode,

    /// <summary>A Chinese resident identity number, of 18 or 15 digits.</summary>
    CnId,

    /// <summary>A Chinese unified social credit code.</summary>
    CnUscc,

    /// <summary>A Chinese passport.</summary>
    CnPassport,

    /// <summary>A travel permit of residents of Hong Kong and Macau.</summary>
    CnHmPermit,

    /// <summary>A travel permit of residents of Taiwan.</summary>
    CnTwPermit,

    /// <summary>A Chinese officer's certificate.</summary>
    CnMilitary,

    /// <summary>A Chinese licence plate.</summary>
    CnPlate,

    /// <summary>A Hong Kong identity card.</summary>
    HkId,

    /// <summary>A Taiwanese identity card.</summary>
    TwId,

    /// <summary>A WeChat name.</summary>
    WeChat,

    /// <summary>A QQ number.</summary>
    Qq,

    /// <summary>An Indian Aadhaar.</summary>
    InAadhaar,

    /// <summary>An Indian tax account.</summary>
    InPan,

    /// <summary>A Brazilian taxpayer number.</summary>
    BrCpf,

    /// <summary>A Spanish DNI or NIE.</summary>
    EsNif,

    /// <summary>A Polish PESEL.</summary>
    PlPesel,

    /// <summary>A Singaporean NRIC or FIN.</summary>
    SgNric,

    /// <summary>An Australian tax file number.</summary>
    AuTfn,

    /// <summary>An Italian codice fiscale.</summary>
    ItFiscalCode,

    /// <summary>A French NIR.</summary>
    FrNir,

    /// <summary>A German tax identification number.</summary>
    DeTaxId,

    /// <summary>A Dutch citizen service number.</summary>
    NlBsn,

    /// <summary>A South Korean resident registration number.</summary>
    KrRrn,

    /// <summary>A Japanese individual number.</summary>
    JpMyNumber,

    /// <summary>An IPv4 or IPv6 address.</summary>
    Ip,

    /// <summary>A hardware address.</summary>
    Mac,

    /// <summary>A web address; one with a name and password in it is certain.</summary>
    Url,

    /// <summary>A date; one of birth is certain.</summary>
    Date,

    /// <summary>A latitude and longitude.</summary>
    Geo,

    /// <summary>A Bitcoin address.</summary>
    CryptoBtc,

    /// <summary>An Ethereum address.</summary>
    CryptoEth,

    /// <summary>A vehicle identification number.</summary>
    Vin,

    /// <summary>A mobile device's number.</summary>
    Imei,

    /// <summary>A universally unique identifier.</summary>
    Uuid,
}

/// <summary>The names of kinds.</summary>
public static class PiiTypes
{
    private static readonly Dictionary<PiiType, string> s_labels = new()
    {
        [PiiType.Person] = "PERSON",
        [PiiType.Email] = "EMAIL",
        [PiiType.Phone] = "PHONE",
        [PiiType.CreditCard] = "CREDIT_CARD",
        [PiiType.Iban] = "IBAN",
        [PiiType.UsBank] = "US_BANK",
        [PiiType.AbaRouting] = "ABA_ROUTING",
        [PiiType.UsSsn] = "US_SSN",
        [PiiType.UsItin] = "US_ITIN",
        [PiiType.UsPassport] = "US_PASSPORT",
        [PiiType.UsZip] = "US_ZIP",
        [PiiType.UkNino] = "UK_NINO",
        [PiiType.UkNhs] = "UK_NHS",
        [PiiType.UkPassport] = "UK_PASSPORT",
        [PiiType.UkPostcode] = "UK_POSTCODE",
        [PiiType.CnId] = "CN_ID",
        [PiiType.CnUscc] = "CN_USCC",
        [PiiType.CnPassport] = "CN_PASSPORT",
        [PiiType.CnHmPermit] = "CN_HM_PERMIT",
        [PiiType.CnTwPermit] = "CN_TW_PERMIT",
        [PiiType.CnMilitary] = "CN_MILITARY",
        [PiiType.CnPlate] = "CN_PLATE",
        [PiiType.HkId] = "HK_ID",
        [PiiType.TwId] = "TW_ID",
        [PiiType.WeChat] = "WECHAT",
        [PiiType.Qq] = "QQ",
        [PiiType.InAadhaar] = "IN_AADHAAR",
        [PiiType.InPan] = "IN_PAN",
        [PiiType.BrCpf] = "BR_CPF",
        [PiiType.EsNif] = "ES_NIF",
        [PiiType.PlPesel] = "PL_PESEL",
        [PiiType.SgNric] = "SG_NRIC",
        [PiiType.AuTfn] = "AU_TFN",
        [PiiType.ItFiscalCode] = "IT_FISCAL_CODE",
        [PiiType.FrNir] = "FR_NIR",
        [PiiType.DeTaxId] = "DE_TAX_ID",
        [PiiType.NlBsn] = "NL_BSN",
        [PiiType.KrRrn] = "KR_RRN",
        [PiiType.JpMyNumber] = "JP_MY_NUMBER",
        [PiiType.Ip] = "IP",
        [PiiType.Mac] = "MAC",
        [PiiType.Url] = "URL",
        [PiiType.Date] = "DATE",
        [PiiType.Geo] = "GEO",
        [PiiType.CryptoBtc] = "CRYPTO_BTC",
        [PiiType.CryptoEth] = "CRYPTO_ETH",
        [PiiType.Vin] = "VIN",
        [PiiType.Imei] = "IMEI",
        [PiiType.Uuid] = "UUID",
    };

    /// <summary>
    /// Kinds of which a value on its own leads to one person: contacts, accounts, documents. Names are not among them, since they are found beside cues only, nor
    /// firms, places, machines and dates.
    /// </summary>
    public static IReadOnlySet<PiiType> OfOnePerson { get; } = new HashSet<PiiType>
    {
        PiiType.Email, PiiType.Phone, PiiType.CreditCard, PiiType.Iban, PiiType.UsSsn, PiiType.UsItin, PiiType.UsPassport, PiiType.UkNino, PiiType.UkNhs, PiiType.UkPassport, PiiType.CnId, PiiType.CnPassport, PiiType.CnHmPermit, PiiType.CnTwPermit,
        PiiType.CnMilitary, PiiType.CnPlate, PiiType.HkId, PiiType.TwId, PiiType.WeChat, PiiType.Qq, PiiType.InAadhaar, PiiType.InPan, PiiType.BrCpf, PiiType.EsNif, PiiType.PlPesel, PiiType.SgNric, PiiType.AuTfn, PiiType.ItFiscalCode, PiiType.FrNir,
        PiiType.DeTaxId, PiiType.NlBsn, PiiType.KrRrn, PiiType.JpMyNumber,
    };

    /// <summary>The name of a kind, as in a placeholder: "CN_ID".</summary>
    public static string Label(PiiType type) => s_labels[type];

    /// <summary>The kind of a name; null where there is none.</summary>
    public static PiiType? Parse(string label) => s_labels.FirstOrDefault(p => p.Value == label) is { Value: not null } found ? found.Key : null;
}
