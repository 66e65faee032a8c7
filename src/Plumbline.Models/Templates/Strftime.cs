using System.Globalization;
using System.Text;

namespace Plumbline.Models.Templates;

/// <summary>Dates as C's <c>strftime</c> writes them, in English.</summary>
internal static class Strftime
{
    public static TextValue Format(Evaluator evaluator, string format)
    {
        DateTime now = evaluator.Options.Clock.GetLocalNow().DateTime;
        StringBuilder text = new(format.Length + 16);
        evaluator.Work(format.Length);
        for (int i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            char flag = format[i + 1] is '-' or '_' or '0' && i + 2 < format.Length ? format[++i] : '\0';
            char code = format[++i];
            text.Append(Field(now, code, flag) ?? (flag == '\0' ? $"%{code}" : $"%{flag}{code}"));
            if (text.Length > evaluator.Options.MaxTextLength) throw Fault.TooBig("a text", evaluator.Options.MaxTextLength);
        }

        return evaluator.NewText(text.ToString());
    }

    private static string? Field(DateTime now, char code, char flag)
    {
        int hour12 = now.Hour % 12 == 0 ? 12 : now.Hour % 12;
        return code switch
        {
            '%' => "%",
            'n' => "\n",
            't' => "\t",
            'Y' => Number(now.Year, 1),
            'C' => Number(now.Year / 100, 2),
            'y' => Number(now.Year % 100, 2),
            'm' => Number(now.Month, 2),
            'd' => Number(now.Day, 2),
            'e' => Number(now.Day, 2, ' '),
            'H' => Number(now.Hour, 2),
            'I' => Number(hour12, 2),
            'k' => Number(now.Hour, 2, ' '),
            'l' => Number(hour12, 2, ' '),
            'M' => Number(now.Minute, 2),
            'S' => Number(now.Second, 2),
            'f' => Number(now.Ticks % TimeSpan.TicksPerSecond / 10, 6),
            'j' => Number(now.DayOfYear, 3),
            'u' => Number(now.DayOfWeek == DayOfWeek.Sunday ? 7 : (int)now.DayOfWeek, 1),
            'w' => Number((int)now.DayOfWeek, 1),
            'U' => Number((now.DayOfYear + 6 - (int)now.DayOfWeek) / 7, 2),
            'W' => Number((now.DayOfYear + 6 - (((int)now.DayOfWeek + 6) % 7)) / 7, 2),
            'V' => Number(ISOWeek.GetWeekOfYear(now), 2),
            'G' => Number(ISOWeek.GetYear(now), 1),
            'p' => now.Hour < 12 ? "AM" : "PM",
            'P' => now.Hour < 12 ? "am" : "pm",
            'A' => now.ToString("dddd", CultureInfo.InvariantCulture),
            'a' => now.ToString("ddd", CultureInfo.InvariantCulture),
            'B' => now.ToString("MMMM", CultureInfo.InvariantCulture),
            'b' or 'h' => now.ToString("MMM", CultureInfo.InvariantCulture),
            'F' => now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            'D' or 'x' => now.ToString("MM/dd/yy", CultureInfo.InvariantCulture),
            'T' or 'X' => now.ToString("HH:mm:ss", CultureInfo.InvariantCulture),
            'R' => now.ToString("HH:mm", CultureInfo.InvariantCulture),
            'r' => now.ToString("hh:mm:ss tt", CultureInfo.InvariantCulture),
            'c' => now.ToString("ddd MMM ", CultureInfo.InvariantCulture) + Number(now.Day, 2, ' ') + now.ToString(" HH:mm:ss yyyy", CultureInfo.InvariantCulture),
            'Z' or 'z' => "",
            _ => null,
        };

        // The flag overrides how a number is padded: '-' not at all, '_' with blanks, '0' with zeros.
        string Number(long value, int width, char fill = '0') => flag == '-'
            ? value.ToString(CultureInfo.InvariantCulture)
            : value.ToString(CultureInfo.InvariantCulture).PadLeft(width, flag switch { '_' => ' ', '0' => '0', _ => fill });
    }
}
