using System.Buffers.Binary;
using System.Text;

namespace Plumbline.Data.Language;

/// <summary>A language's most frequent n-grams with their log-probabilities, one byte each. Immutable.</summary>
/// <param name="Code">The language's tag.</param>
/// <param name="Script">What it is written in.</param>
/// <param name="Prior">The logarithm of how common it is, up to a constant.</param>
/// <param name="Unseen">The log-probability of an n-gram that is not listed.</param>
/// <param name="Step">What one unit of a value adds to <paramref name="Unseen"/>.</param>
/// <param name="LeastSeen">The least share of telling n-grams that a text of a known language has listed.</param>
/// <param name="Hashes">The n-grams' hashes, ascending.</param>
/// <param name="Values">Of each, from 0 to 255.</param>
internal sealed record LetterTable(string Code, Script Script, float Prior, float Unseen, float Step, float LeastSeen, uint[] Hashes, byte[] Values);

/// <summary>
/// A naive-Bayes classifier over <see cref="LetterGrams"/> (Cavnar and Trenkle 1994 count them, Dunning 1994 weighs them), with probabilities made honest
/// by two numbers: the sum of log-probabilities is multiplied by scale · n^(−power), since n-grams are far from independent. Immutable; safe for concurrent use.
/// </summary>
internal sealed class LetterModel
{
    private const uint Magic = 0x3144494c;   // "LID1"
    private const int Head = 16;
    private const int TableHead = 21;
    private const int GramSize = 4;
    private const int MostLanguages = 512;
    private const int MostGrams = 1 << 20;

    private readonly Dictionary<uint, (int Start, int Count)> _rows = [];
    private readonly short[] _languages;
    private readonly float[] _gains;

    public LetterModel(IReadOnlyList<LetterTable> tables, float scale, float power)
    {
        (Tables, Scale, Power) = (tables, scale, power);
        Dictionary<uint, int> counts = [];
        foreach (LetterTable table in tables)
        {
            foreach (uint hash in table.Hashes) counts[hash] = counts.GetValueOrDefault(hash) + 1;
        }

        int total = 0;
        foreach ((uint hash, int count) in counts)
        {
            _rows[hash] = (total, count);
            total += count;
        }

        (_languages, _gains) = (new short[total], new float[total]);
        Dictionary<uint, int> filled = [];
        for (int l = 0; l < tables.Count; l++)
        {
            LetterTable table = tables[l];
            for (int i = 0; i < table.Hashes.Length; i++)
            {
                int offset = filled.GetValueOrDefault(table.Hashes[i]);
                filled[table.Hashes[i]] = offset + 1;
                int place = _rows[table.Hashes[i]].Start + offset;
                (_languages[place], _gains[place]) = ((short)l, table.Step * table.Values[i]);
            }
        }
    }

    /// <summary>The languages.</summary>
    public IReadOnlyList<LetterTable> Tables { get; }

    /// <summary>What multiplies a sum.</summary>
    public float Scale { get; }

    /// <summary>How the multiplier falls with the number of n-grams.</summary>
    public float Power { get; }

    /// <summary>What a text in a script is: languages by falling probability, and whether the first one lists enough of its telling n-grams. Empty where no language has the script.</summary>
    public (IReadOnlyList<(string Language, double Probability)> Languages, bool Known) Classify(ReadOnlySpan<char> text, Script script)
    {
        (double[] sums, int[] seen, int grams, int telling) = Sums(text, script);
        int[] own = [.. Enumerable.Range(0, Tables.Count).Where(l => Tables[l].Script == script)];
        if (own.Length == 0 || grams == 0) return ([], false);
        double factor = Scale * Math.Pow(grams, -Power);
        double[] logits = [.. own.Select(l => (factor * (sums[l] + (grams * (double)Tables[l].Unseen))) + Tables[l].Prior)];
        double top = logits.Max(), sum = logits.Sum(v => Math.Exp(v - top));
        (string Language, double Probability, int Index)[] ordered = [.. own.Select((l, i) => (Tables[l].Code, Math.Exp(logits[i] - top) / sum, l)).OrderByDescending(p => p.Item2).ThenBy(p => p.l)];
        return ([.. ordered.Select(o => (o.Language, o.Probability))], seen[ordered[0].Index] >= Tables[ordered[0].Index].LeastSeen * telling);
    }

    /// <summary>By language, what the text's n-grams add to that many unseen ones and how many telling ones are listed; the numbers of n-grams and of telling ones.</summary>
    internal (double[] Sums, int[] Seen, int Grams, int Telling) Sums(ReadOnlySpan<char> text, Script script)
    {
        double[] sums = new double[Tables.Count];
        int[] seen = new int[Tables.Count];
        int grams = 0, telling = 0;
        LetterGrams.Visit(text, script, (hash, n) =>
        {
            grams++;
            bool tells = n >= LetterGrams.Telling;
            if (tells) telling++;
            if (!_rows.TryGetValue(hash, out (int Start, int Count) row)) return;
            for (int i = row.Start; i < row.Start + row.Count; i++)
            {
                sums[_languages[i]] += _gains[i];
                if (tells) seen[_languages[i]]++;
            }
        });
        return (sums, seen, grams, telling);
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static LetterModel Read(ReadOnlySpan<byte> file)
    {
        if (file.Length < Head || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic) throw Damaged();
        int languages = BinaryPrimitives.ReadInt32LittleEndian(file[4..]);
        if (languages is < 1 or > MostLanguages) throw Damaged();
        (float scale, float power) = (Real(file[8..]), Real(file[12..]));
        LetterTable[] tables = new LetterTable[languages];
        ReadOnlySpan<byte> rest = file[Head..];
        for (int l = 0; l < languages; l++)
        {
            if (rest.Length < 1 || rest[0] is 0 or > 16 || rest.Length < 1 + rest[0] + TableHead) throw Damaged();
            string code = Encoding.ASCII.GetString(rest.Slice(1, rest[0]));
            rest = rest[(1 + rest[0])..];
            byte script = rest[0];
            int count = BinaryPrimitives.ReadInt32LittleEndian(rest[17..]);
            if (script >= Scripts.Count || count is < 0 or > MostGrams || rest.Length < TableHead + ((long)GramSize * count)) throw Damaged();
            uint[] hashes = new uint[count];
            for (int i = 0; i < count; i++) hashes[i] = (uint)(rest[TableHead + (3 * i)] | (rest[TableHead + (3 * i) + 1] << 8) | (rest[TableHead + (3 * i) + 2] << 16));
            tables[l] = new(code, (Script)script, Real(rest[1..]), Real(rest[5..]), Real(rest[9..]), Real(rest[13..]), hashes, rest.Slice(TableHead + (3 * count), count).ToArray());
            rest = rest[(TableHead + (GramSize * count))..];
        }

        return rest.IsEmpty ? new(tables, scale, power) : throw Damaged();

        static float Real(ReadOnlySpan<byte> at) => BinaryPrimitives.ReadSingleLittleEndian(at) is var value && float.IsFinite(value) ? value : throw Damaged();

        static InvalidDataException Damaged() => new("The weights of the language identifier are damaged or of another version.");
    }

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream stream = new();
        using BinaryWriter writer = new(stream);
        writer.Write(Magic);
        writer.Write(Tables.Count);
        writer.Write(Scale);
        writer.Write(Power);
        foreach (LetterTable table in Tables)
        {
            writer.Write((byte)table.Code.Length);
            writer.Write(Encoding.ASCII.GetBytes(table.Code));
            writer.Write((byte)table.Script);
            writer.Write(table.Prior);
            writer.Write(table.Unseen);
            writer.Write(table.Step);
            writer.Write(table.LeastSeen);
            writer.Write(table.Hashes.Length);
            foreach (uint hash in table.Hashes)
            {
                writer.Write((byte)hash);
                writer.Write((byte)(hash >> 8));
                writer.Write((byte)(hash >> 16));
            }

            writer.Write(table.Values);
        }

        return stream.ToArray();
    }
}
