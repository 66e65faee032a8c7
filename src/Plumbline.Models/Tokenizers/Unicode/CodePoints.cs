using System.IO.Compression;
using System.Runtime.CompilerServices;

namespace Plumbline.Models.Tokenizers.Unicode;

/// <summary>What a code point is to the reference tokenizers; several tables of different Unicode versions, see make-tables.py.</summary>
[Flags]
internal enum CodePointClass
{
    None = 0,
    Letter = 1 << 0,
    Number = 1 << 1,
    Space = 1 << 2,
    Mark = 1 << 3,
    Punctuation = 1 << 4,
    Symbol = 1 << 5,
    UpperLetter = 1 << 6,
    LowerLetter = 1 << 7,
    TitleLetter = 1 << 8,
    ModifierLetter = 1 << 9,
    OtherLetter = 1 << 10,

    /// <summary>\w of Split and Replace.</summary>
    Word = 1 << 11,

    /// <summary>\d of Split and Replace.</summary>
    Digit = 1 << 12,

    /// <summary>\w of the pre-tokenizer Whitespace and of single_word.</summary>
    RustWord = 1 << 13,

    /// <summary>What the pre-tokenizer Digits splits off.</summary>
    Numeric = 1 << 14,

    /// <summary>What Punctuation and BertPreTokenizer split off: an old table.</summary>
    OldPunctuation = 1 << 15,
    BertRemoved = 1 << 16,
    BertSpace = 1 << 17,
    BertChinese = 1 << 18,
    Accent = 1 << 19,
    NmtRemoved = 1 << 20,
    NmtSpace = 1 << 21,

    /// <summary>What BertNormalizer strips after decomposition.</summary>
    NonSpacingMark = 1 << 22,

    /// <summary>Assigned in Unicode 9.0: the pre-tokenizer UnicodeScripts knows no younger ones.</summary>
    InUnicode9 = 1 << 23,
}

/// <summary>Classes, mappings and scripts of code points, read once from the embedded tables.</summary>
internal static class CodePoints
{
    public const int Limit = 0x110000;
    public const int Replacement = 0xFFFD;

    private static readonly Tables Data = Load();
    private static readonly CodePointClass[] Combinations = Data.Combinations;
    private static readonly int[] Pages = Data.Pages;
    private static readonly byte[] Blocks = Data.Blocks;
    private static readonly int[]?[] AsciiLower = [.. Enumerable.Range(0, 128).Select(c => Data.Lower.GetValueOrDefault(c))];
    private static readonly CodePointClass[] Ascii = [.. Enumerable.Range(0, 128).Select(Wide)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CodePointClass Of(int codePoint) => (uint)codePoint < 128 ? Ascii[codePoint] : Wide(codePoint);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool Is(int codePoint, CodePointClass any) => (Of(codePoint) & any) != CodePointClass.None;

    /// <summary>The full canonical decomposition, or null where the character stays.</summary>
    public static int[]? Canonical(int codePoint) => Data.Canonical.GetValueOrDefault(codePoint);

    /// <summary>The full compatibility decomposition, or null where the character stays.</summary>
    public static int[]? Compatible(int codePoint) => Data.Compatible.GetValueOrDefault(codePoint) ?? Canonical(codePoint);

    /// <summary>The lower-case form, character by character, or null where the character stays.</summary>
    public static int[]? Lower(int codePoint) => (uint)codePoint < 128 ? AsciiLower[codePoint] : Data.Lower.GetValueOrDefault(codePoint);

    public static int CombiningClass(int codePoint) => codePoint < 0x300 ? 0 : Data.Combining.GetValueOrDefault(codePoint);

    /// <summary>The primary composite of two characters, or -1.</summary>
    public static int Compose(int first, int second) => Data.Pairs.GetValueOrDefault(((long)first << 32) | (uint)second, -1);

    /// <summary>The index of the character's script, 0 for unknown.</summary>
    public static int Script(int codePoint)
    {
        int low = 0, high = Data.Scripts.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >> 1;
            (int first, int last, int script) = Data.Scripts[middle];
            if (codePoint < first) high = middle - 1;
            else if (codePoint > last) low = middle + 1;
            else return script;
        }

        return 0;
    }

    /// <summary>The index of a script by its name, or -1.</summary>
    public static int ScriptNamed(string name)
    {
        int at = Array.IndexOf(Data.ScriptNames, name);
        return at < 0 ? -1 : at + 1;
    }

    private static CodePointClass Wide(int codePoint) =>
        (uint)codePoint < Limit ? Combinations[Blocks[(Pages[codePoint >> 8] << 8) | (codePoint & 0xFF)]] : CodePointClass.None;

    private sealed record Tables(
        CodePointClass[] Combinations, int[] Pages, byte[] Blocks, Dictionary<int, int[]> Canonical, Dictionary<int, int[]> Compatible,
        Dictionary<int, int[]> Lower, Dictionary<int, int> Combining, Dictionary<long, int> Pairs, string[] ScriptNames, (int First, int Last, int Script)[] Scripts);

    private static Tables Load()
    {
        using Stream packed = typeof(CodePoints).Assembly.GetManifestResourceStream("Plumbline.Models.Tokenizers.tables")
            ?? throw new InvalidOperationException("The assembly lacks its Unicode tables (resource Plumbline.Models.Tokenizers.tables).");
        using GZipStream gzip = new(packed, CompressionMode.Decompress);
        using MemoryStream memory = new();
        gzip.CopyTo(memory);
        byte[] data = memory.ToArray();
        int at = 0;

        CodePointClass[] combinations = new CodePointClass[Number()];
        for (int k = 0; k < combinations.Length; k++) combinations[k] = (CodePointClass)Number();
        int blocks = Number();
        int[] pages = new int[Limit >> 8];
        for (int k = 0; k < pages.Length; k++) pages[k] = Number();
        byte[] block = data[at..(at + (blocks << 8))];
        at += blocks << 8;
        Dictionary<int, int[]> canonical = Mapping(), compatible = Mapping(), lower = Mapping();
        Dictionary<int, int> combining = [];
        foreach ((int first, int last, int value) in Ranges())
            for (int c = first; c <= last; c++) combining[c] = value;
        Dictionary<long, int> pairs = [];
        for (int k = Number(); k > 0; k--) pairs[((long)Number() << 32) | (uint)Number()] = Number();
        string[] names = new string[Number()];
        for (int k = 0; k < names.Length; k++) names[k] = string.Concat(Text().Select(char.ConvertFromUtf32));
        return new Tables(combinations, pages, block, canonical, compatible, lower, combining, pairs, names, Ranges());

        int Number()
        {
            int value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte b = data[at++];
                value |= (b & 0x7F) << shift;
                if (b < 0x80) return value;
            }
        }

        int[] Text()
        {
            int[] text = new int[Number()];
            for (int k = 0; k < text.Length; k++) text[k] = Number();
            return text;
        }

        Dictionary<int, int[]> Mapping()
        {
            Dictionary<int, int[]> map = [];
            int last = 0;
            for (int k = Number(); k > 0; k--)
            {
                last += Number();
                map[last] = Text();
            }

            return map;
        }

        (int First, int Last, int Value)[] Ranges()
        {
            (int First, int Last, int Value)[] ranges = new (int, int, int)[Number()];
            int last = 0;
            for (int k = 0; k < ranges.Length; k++)
            {
                int first = last + Number();
                last = first + Number();
                ranges[k] = (first, last, Number());
            }

            return ranges;
        }
    }
}
