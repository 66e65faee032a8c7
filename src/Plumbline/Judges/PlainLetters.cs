using System.Globalization;
using System.Text;

namespace Plumbline.Judges;

/// <summary>
/// Letters and signs that are the same to a reader in one form: full-width, circled, parenthesised and mathematical ones as
/// plain ones, invisible characters left out. The runtime's own compatibility form does nothing without culture data.
/// </summary>
internal static class PlainLetters
{
    private const int FullWidthOffset = 0xFEE0;
    private const int MathematicalAlphabet = 26;

    /// <summary>The text in plain letters, upper and lower case kept.</summary>
    public static string Of(string text)
    {
        StringBuilder plain = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            int value = rune.Value;
            switch (value)
            {
                case >= 0xFF01 and <= 0xFF5E: plain.Append((char)(value - FullWidthOffset)); break;
                case 0x3000: plain.Append(' '); break;
                case >= 0x24B6 and <= 0x24CF: plain.Append((char)('A' + value - 0x24B6)); break;
                case >= 0x24D0 and <= 0x24E9: plain.Append((char)('a' + value - 0x24D0)); break;
                case >= 0x249C and <= 0x24B5: plain.Append('(').Append((char)('a' + value - 0x249C)).Append(')'); break;
                case >= 0x1D400 and <= 0x1D6A3:
                    int letter = (value - 0x1D400) % (2 * MathematicalAlphabet);
                    plain.Append((char)(letter < MathematicalAlphabet ? 'A' + letter : 'a' + letter - MathematicalAlphabet));
                    break;
                case >= 0x1D7CE and <= 0x1D7FF: plain.Append((char)('0' + ((value - 0x1D7CE) % 10))); break;
                default:
                    if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.Format) plain.Append(rune);
                    break;
            }
        }

        return plain.ToString();
    }
}
