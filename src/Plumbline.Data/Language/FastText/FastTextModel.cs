using System.Text;

namespace Plumbline.Data.Language.FastText;

/// <summary>How a model's output becomes probabilities.</summary>
public enum FastTextLoss
{
    /// <summary>A binary tree over the labels.</summary>
    HierarchicalSoftmax = 1,

    /// <summary>A logistic function for each label.</summary>
    NegativeSampling = 2,

    /// <summary>One distribution over the labels.</summary>
    Softmax = 3,

    /// <summary>A logistic function for each label.</summary>
    OneVersusAll = 4,
}

/// <summary>
/// A supervised fastText model (Joulin et al. 2016), from a <c>.bin</c> or a product-quantised <c>.ftz</c> file. It gives what fastText 0.9.3 gives, within
/// float32. Files are hostile: whatever does not fit together is refused. Immutable; safe for concurrent use.
/// </summary>
public sealed class FastTextModel
{
    private const int Magic = 793712314;
    private const int LargestFile = 2_000_000_000;
    private const int LargestText = 1 << 20;
    private const int MostOf = 1 << 16;

    /// <summary>The count of a node that is not made yet: more than all labels together.</summary>
    private const long NotYetANode = 1_000_000_000_000_000;
    private const string Prefix = "__label__";
    private const string EndOfLine = "</s>";

    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<int, int>? _pruned;
    private readonly FastTextMatrix _input;
    private readonly FastTextMatrix _output;
    private readonly (int Left, int Right)[]? _tree;

    private FastTextModel(ReadOnlySpan<byte> bytes, string place)
    {
        FastTextFile file = new(bytes, place);
        if (file.Int32("its mark") != Magic) throw file.Fault("it does not begin with fastText's mark");
        int version = file.Int32("its version");
        if (version is not (11 or 12)) throw file.Fault($"its version is {version} where 11 or 12 can be read");
        Dimension = Within(ref file, 1, MostOf, "the length of vectors");
        file.Skip(16, "its settings");
        WordNgrams = Within(ref file, 1, 64, "the length of word n-grams");
        Loss = (FastTextLoss)Within(ref file, 1, 4, "the loss");
        int kind = file.Int32("its kind");
        if (kind != 3) throw file.Fault("it is no supervised model: it has word vectors and no labels");
        Buckets = Within(ref file, 0, int.MaxValue, "the number of buckets");
        LeastCharacters = Within(ref file, 0, 64, "the least length of character n-grams");
        MostCharacters = Within(ref file, 0, 64, "the most length of character n-grams");
        file.Skip(12, "its settings");
        if (version == 11) MostCharacters = 0;
        if (Buckets == 0 && (MostCharacters > 0 || WordNgrams > 1)) throw file.Fault("it has n-grams but no buckets for them");

        int size = file.Int32("the number of entries"), words = file.Int32("the number of words"), labels = file.Int32("the number of labels");
        file.Int64("the number of tokens");
        long pruned = file.Int64("the number of kept n-grams");
        // An entry has at least a NUL, a count and a kind.
        if (words < 0 || labels < 1 || size != (long)words + labels || size > file.Left / 10) throw file.Fault($"{size} entries of {words} words and {labels} labels do not fit");
        (_ids, Words, Labels) = Entries(ref file, words, labels);
        if (pruned > file.Left / 8 || pruned < -1) throw file.Fault($"{pruned} kept n-grams do not fit");
        if (pruned >= 0) _pruned = Pruned(ref file, (int)pruned, Buckets);
        bool quantised = file.Flag("the mark of quantised input");
        if (!quantised && _pruned is not null) throw file.Fault("its n-grams were pruned, but its input is not quantised");
        IsQuantised = quantised;
        _input = FastTextMatrix.Read(ref file, quantised, Dimension, "the input");
        long rows = words + (_pruned is null ? Buckets : (long)_pruned.Count);
        if (_input.Rows != rows) throw file.Fault($"the input has {_input.Rows} rows where {rows} words and n-grams want one each");
        bool quantisedOutput = file.Flag("the mark of quantised output");
        _output = FastTextMatrix.Read(ref file, quantised && quantisedOutput, Dimension, "the output");
        if (_output.Rows != labels) throw file.Fault($"the output has {_output.Rows} rows for {labels} labels");
        if (file.Left > 0) throw file.Fault($"{file.Left} bytes stand behind its end");
        if (Loss != FastTextLoss.HierarchicalSoftmax) return;
        if (Labels.Aggregate((UInt128)0, (sum, label) => sum + (UInt128)label.Count) >= NotYetANode) throw file.Fault("its labels were counted more often than a tree over them can hold");
        _tree = Tree(Labels);
    }

    /// <summary>The length of vectors.</summary>
    public int Dimension { get; }

    /// <summary>The longest n-gram of words.</summary>
    public int WordNgrams { get; }

    /// <summary>The shortest n-gram of characters.</summary>
    public int LeastCharacters { get; }

    /// <summary>The longest n-gram of characters; 0 is none.</summary>
    public int MostCharacters { get; }

    /// <summary>Buckets that n-grams are hashed to.</summary>
    public int Buckets { get; }

    /// <summary>How output becomes probabilities.</summary>
    public FastTextLoss Loss { get; }

    /// <summary>Whether vectors are product-quantised.</summary>
    public bool IsQuantised { get; }

    /// <summary>Labels without their prefix, and how often each trained the model.</summary>
    public IReadOnlyList<(string Name, long Count)> Labels { get; }

    /// <summary>Words, and how often each trained the model.</summary>
    public IReadOnlyList<(string Name, long Count)> Words { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">It is no model that can be read; the message says what is wrong and where.</exception>
    /// <exception cref="IOException">It cannot be read at all.</exception>
    public static FastTextModel Load(string path)
    {
        long length = new FileInfo(path).Length;
        if (length > LargestFile) throw new InvalidDataException($"{path} is larger than 2 GB: no such model can be read.");
        return Parse(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads a file's bytes.</summary>
    /// <exception cref="InvalidDataException">It is no model that can be read; the message says what is wrong and where.</exception>
    public static FastTextModel Parse(ReadOnlySpan<byte> bytes, string place) => new(bytes, place);

    /// <summary>
    /// The labels of a text by falling probability, at most so many; line feeds count as spaces, and of a text its first 1 048 576 characters are read. Probabilities
    /// are up to 1e-5 too large, as fastText's are; with a tree over the labels, those below 1e-5 are left out. Empty where the model knows nothing of the text.
    /// </summary>
    public IReadOnlyList<(string Label, double Probability)> Predict(string text, int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(most, 1);
        if (Hidden(text) is not { } hidden) return [];
        IEnumerable<(int Label, double Score)> scores = Loss switch
        {
            FastTextLoss.HierarchicalSoftmax => Descend(hidden),
            FastTextLoss.Softmax => Softmax(hidden),
            _ => Enumerable.Range(0, Labels.Count).Select(l => (l, StandardLog(Sigmoid(_output.Dot(l, hidden))))),
        };
        return [.. scores.OrderByDescending(s => s.Score).ThenBy(s => s.Label).Take(most).Select(s => (Labels[s.Label].Name, Math.Exp(s.Score)))];
    }

    /// <summary>The mean of a text's input vectors; zeros where the model knows nothing of it.</summary>
    public float[] Vector(string text) => Hidden(text) ?? new float[Dimension];

    /// <summary>The hash of a word or n-gram: FNV-1a of 32 bits over bytes that are sign-extended first.</summary>
    internal static uint Hash(ReadOnlySpan<byte> text)
    {
        uint hash = 2166136261;
        foreach (byte b in text) hash = (hash ^ (uint)(sbyte)b) * 16777619;
        return hash;
    }

    /// <summary>The input rows of a word: its own, if it has one, and those of its n-grams.</summary>
    internal List<int> Subwords(string word)
    {
        List<int> rows = [];
        AddWord(word, rows);
        return rows;
    }

    private static int Within(ref FastTextFile file, int least, int most, string what) => file.Int32(what) is var value && value >= least && value <= most ? value : throw file.Fault($"{what} is {value} where {least} to {most} is possible");

    private static (Dictionary<string, int> Ids, (string, long)[] Words, (string, long)[] Labels) Entries(ref FastTextFile file, int words, int labels)
    {
        Dictionary<string, int> ids = new(words + labels, StringComparer.Ordinal);
        (string, long)[] wordList = new (string, long)[words], labelList = new (string, long)[labels];
        for (int i = 0; i < words + labels; i++)
        {
            string name = file.Text("an entry");
            long count = file.Int64("an entry's count");
            bool label = file.Byte("an entry's kind") switch
            {
                0 => false,
                1 => true,
                byte other => throw file.Fault($"an entry is of the kind {other}"),
            };
            if (label != i >= words) throw file.Fault(label ? "a label stands among the words" : "a word stands among the labels");
            if (count < 0) throw file.Fault($"an entry was counted {count} times");
            ids.TryAdd(name, i);
            if (label) labelList[i - words] = (name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name, count);
            else wordList[i] = (name, count);
        }

        return (ids, wordList, labelList);
    }

    private static Dictionary<int, int> Pruned(ref FastTextFile file, int count, int buckets)
    {
        Dictionary<int, int> kept = new(count);
        for (int i = 0; i < count; i++)
        {
            int bucket = file.Int32("a kept n-gram"), row = file.Int32("a kept n-gram's row");
            if (bucket < 0 || bucket >= buckets || row < 0 || row >= count) throw file.Fault($"a kept n-gram goes from bucket {bucket} to row {row} of {count}");
            kept[bucket] = row;
        }

        return kept.Count == count ? kept : throw file.Fault("two kept n-grams have one bucket");
    }

    /// <summary>Huffman's tree over the labels, which stand by falling count. Nodes below the number of labels are those.</summary>
    private static (int Left, int Right)[] Tree(IReadOnlyList<(string Name, long Count)> labels)
    {
        int n = labels.Count;
        long[] counts = new long[Math.Max(1, (2 * n) - 1)];
        Array.Fill(counts, NotYetANode);
        for (int i = 0; i < n; i++) counts[i] = labels[i].Count;
        (int, int)[] nodes = new (int, int)[counts.Length];
        int leaf = n - 1, node = n;
        for (int i = n; i < counts.Length; i++)
        {
            int first = leaf >= 0 && counts[leaf] < counts[node] ? leaf-- : node++;
            int second = leaf >= 0 && counts[leaf] < counts[Math.Min(node, counts.Length - 1)] ? leaf-- : node++;
            nodes[i] = (first, second);
            counts[i] = counts[first] + counts[second];
        }

        return nodes;
    }

    private float[]? Hidden(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        List<int> rows = Rows(text.Length > LargestText ? text[..LargestText] : text);
        if (rows.Count == 0) return null;
        float[] hidden = new float[Dimension];
        foreach (int row in rows) _input.AddRow(row, hidden);
        float share = (float)(1.0 / rows.Count);
        for (int i = 0; i < hidden.Length; i++) hidden[i] *= share;
        return hidden;
    }

    /// <summary>The input rows of a text and of the line feed behind it.</summary>
    private List<int> Rows(string text)
    {
        List<int> rows = [];
        List<int> hashes = [];
        foreach (string token in text.Split([' ', '\n', '\r', '\t', '\v', '\f', '\0'], StringSplitOptions.RemoveEmptyEntries).Append(EndOfLine))
        {
            bool known = _ids.TryGetValue(token, out int id);
            if (known ? id >= Words.Count : token.StartsWith(Prefix, StringComparison.Ordinal)) continue;
            AddWord(token, rows);
            hashes.Add((int)Hash(Encoding.UTF8.GetBytes(token)));
            if (token == EndOfLine) break;
        }

        for (int i = 0; i < hashes.Count; i++)
        {
            ulong hash = unchecked((ulong)hashes[i]);
            for (int j = i + 1; j < hashes.Count && j < i + WordNgrams; j++)
            {
                hash = unchecked((hash * 116049371) + (ulong)hashes[j]);
                AddBucket((int)(hash % (ulong)Buckets), rows);
            }
        }

        return rows;
    }

    private void AddWord(string word, List<int> rows)
    {
        if (_ids.TryGetValue(word, out int id) && id < Words.Count) rows.Add(id);
        if (MostCharacters == 0 || word == EndOfLine) return;
        byte[] bytes = Encoding.UTF8.GetBytes($"<{word}>");
        for (int i = 0; i < bytes.Length; i++)
        {
            if ((bytes[i] & 0xc0) == 0x80) continue;
            int end = i;
            for (int n = 1; end < bytes.Length && n <= MostCharacters; n++)
            {
                end++;
                while (end < bytes.Length && (bytes[end] & 0xc0) == 0x80) end++;
                if (n >= LeastCharacters && !(n == 1 && (i == 0 || end == bytes.Length))) AddBucket((int)(Hash(bytes.AsSpan(i..end)) % (uint)Buckets), rows);
            }
        }
    }

    private void AddBucket(int bucket, List<int> rows)
    {
        if (_pruned is null) rows.Add(Words.Count + bucket);
        else if (_pruned.TryGetValue(bucket, out int row)) rows.Add(Words.Count + row);
    }

    private IEnumerable<(int Label, double Score)> Softmax(float[] hidden)
    {
        float[] scores = new float[Labels.Count];
        float top = float.NegativeInfinity, sum = 0;
        for (int l = 0; l < scores.Length; l++) top = Math.Max(top, scores[l] = _output.Dot(l, hidden));
        for (int l = 0; l < scores.Length; l++) sum += scores[l] = MathF.Exp(scores[l] - top);
        return scores.Select((s, l) => (l, StandardLog(s / sum)));
    }

    private List<(int Label, double Score)> Descend(float[] hidden)
    {
        List<(int, double)> found = [];
        Stack<(int Node, float Score)> open = new([(_tree!.Length - 1, 0)]);
        float least = (float)StandardLog(0);
        while (open.TryPop(out (int Node, float Score) at))
        {
            if (at.Score < least) continue;
            if (at.Node < Labels.Count)
            {
                found.Add((at.Node, at.Score));
                continue;
            }

            float right = (float)(1 / (1 + Math.Exp(-_output.Dot(at.Node - Labels.Count, hidden))));
            open.Push((_tree[at.Node].Left, at.Score + (float)StandardLog(1 - right)));
            open.Push((_tree[at.Node].Right, at.Score + (float)StandardLog(right)));
        }

        return found;
    }

    /// <summary>The logistic function as fastText's table of 512 steps from −8 to 8 has it.</summary>
    private static float Sigmoid(float x)
    {
        if (x < -8) return 0;
        if (x > 8) return 1;
        int step = (int)((x + 8) * 512 / 8 / 2);
        return (float)(1 / (1 + Math.Exp(-((step * 2.0 * 8 / 512) - 8))));
    }

    private static double StandardLog(float x) => (float)Math.Log(x + 1e-5);
}
