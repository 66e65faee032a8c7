using System.Globalization;

namespace Plumbline.Reports;

/// <summary>Figures as people read them.</summary>
internal static class Figures
{
    /// <summary>What stands where there is no figure.</summary>
    public const string None = "–";

    /// <summary>"41.2%" for a share, four significant digits otherwise.</summary>
    public static string Number(double? value, bool share) => value is not { } v || !double.IsFinite(v)
        ? None
        : share ? Percent(v) + "%" : Plain(v);

    /// <summary>"30.1–52.8%", "[−0.12, 0.4]".</summary>
    public static string Interval(double low, double high, bool share) => !double.IsFinite(low) || !double.IsFinite(high)
        ? None
        : share && low >= 0 ? $"{Percent(low)}–{Percent(high)}%" : $"[{Number(low, share)}, {Number(high, share)}]";

    /// <summary>A difference of shares in percentage points: "+4.2", "−0.3".</summary>
    public static string Signed(double difference) => (difference > 0 ? "+" : "") + Unsigned((100 * difference).ToString("0.0", CultureInfo.InvariantCulture));

    /// <summary>A p-value: "0.0123", "&lt;0.0001".</summary>
    public static string Chance(double? p) => p is not { } v || !double.IsFinite(v) ? None : v < 0.0001 ? "<0.0001" : v.ToString("0.0000", CultureInfo.InvariantCulture);

    /// <summary>"1,234".</summary>
    public static string Count(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>"48 s", "12 min 5 s".</summary>
    public static string Duration(double seconds) => !double.IsFinite(seconds) || seconds < 0
        ? None
        : seconds < 10 ? seconds.ToString("0.0", CultureInfo.InvariantCulture) + " s"
        : seconds < 60 ? seconds.ToString("0", CultureInfo.InvariantCulture) + " s"
        : seconds < 3600 ? $"{Whole(seconds / 60)} min {Whole(seconds % 60)} s"
        : $"{Whole(seconds / 3600)} h {Whole(seconds % 3600 / 60)} min";

    /// <summary>A count out of a total as "12.5%".</summary>
    public static string Share(long part, long whole) => whole == 0 ? None : Number((double)part / whole, share: true);

    // A small share must not read as none, nor a large one as all; the last bits of a bound at 0 or 1 are rounding.
    private static string Percent(double v)
    {
        double p = v * 100;
        return p is > 1e-9 and < 0.05 ? "<0.1" : p is > 99.95 and < 100 - 1e-9 ? ">99.9" : Unsigned(p.ToString("0.0", CultureInfo.InvariantCulture));
    }

    private static string Plain(double v) => Unsigned(v.ToString(v != 0 && (Math.Abs(v) < 0.001 || Math.Abs(v) >= 1e6) ? "0.###E+0" : "0.###", CultureInfo.InvariantCulture));

    private static string Unsigned(string text) => text is "-0.0" or "-0" ? text[1..] : text.Replace('-', '−');

    private static string Whole(double v) => Math.Floor(v).ToString("0", CultureInfo.InvariantCulture);
}
