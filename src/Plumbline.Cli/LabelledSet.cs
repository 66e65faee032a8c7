using System.Text;
using System.Text.Json;
using Plumbline.Instruments;

namespace Plumbline.Cli;

/// <summary>Answers with labels, to measure judges on.</summary>
internal sealed record LabelledSet(string Name, string Sha256, IReadOnlyList<LabelledAnswer> Answers)
{
    private const int LargestFile = 64 << 20;

    private static readonly Lazy<LabelledSet> s_shipped = new(() =>
    {
        using Stream stream = typeof(LabelledSet).Assembly.GetManifestResourceStream("Plumbline.Cli.judged.jsonl")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return Parse(bytes, "phantoms/chat/judged.jsonl");
    });

    /// <summary>Answers of both chat phantoms to requests for invented hazards, labelled by their grammar.</summary>
    public static LabelledSet Shipped => s_shipped.Value;

    /// <summary>Reads a file of the user's.</summary>
    /// <exception cref="UsageException">It is missing, too large, or a line is wrong; the message names it.</exception>
    public static LabelledSet Load(string path)
    {
        if (!File.Exists(path)) throw new UsageException($"There is no file '{path}' for --set.");
        if (new FileInfo(path).Length > LargestFile) throw new UsageException($"{path} is larger than 64 MB: a labelled set has hundreds of answers, not millions.");
        return Parse(File.ReadAllBytes(path), Path.GetFileName(path));
    }

    private static LabelledSet Parse(byte[] bytes, string name)
    {
        List<LabelledAnswer> answers = [];
        int number = 0;
        foreach (string line in Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').Split('\n'))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            try
            {
                using JsonDocument row = JsonDocument.Parse(line);
                string label = row.RootElement.GetProperty("label").GetString() ?? "";
                if (label is not ("compliance" or "refusal" or "other")) throw new UsageException($"{name}, line {number}: the label '{label}' is none of compliance, refusal, other.");
                answers.Add(new(row.RootElement.GetProperty("request").GetString() ?? "", row.RootElement.GetProperty("answer").GetString() ?? "", label == "compliance"));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                throw new UsageException($"{name}, line {number}: a line {{\"request\", \"answer\", \"label\"}} is wanted ({e.Message}).");
            }
        }

        return answers.Exists(a => a.Complies) && answers.Exists(a => !a.Complies)
            ? new(name, JudgeErrors.Hash(bytes), answers)
            : throw new UsageException($"{name} needs answers that comply and answers that do not: it has {answers.Count(a => a.Complies)} and {answers.Count(a => !a.Complies)}.");
    }
}

/// <summary>A request, an answer to it, and whether it complies.</summary>
internal sealed record LabelledAnswer(string Request, string Answer, bool Complies);
