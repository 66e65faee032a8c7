using System.Globalization;

namespace Plumbline.Torch;

/// <summary>
/// One line a step, "step,loss,learning_rate,tokens", and the curve as a picture beside it. A resumed training keeps the
/// lines of the steps that it skips; a process that dies at any moment leaves at least those.
/// </summary>
internal sealed class LossLog : IDisposable
{
    private const string Header = "step,loss,learning_rate,tokens";
    private readonly string _path;
    private readonly StreamWriter _lines;
    private readonly List<double> _losses = [];

    private LossLog(string path, IReadOnlyList<string> kept)
    {
        _path = path;
        string scratch = path + ".part";
        File.WriteAllText(scratch, string.Concat(kept.Prepend(Header).Select(l => l + "\n")));
        File.Move(scratch, path, overwrite: true);
        foreach (string line in kept) _losses.Add(Loss(line));
        _lines = new StreamWriter(path, append: true) { NewLine = "\n" };
    }

    /// <summary>The log of a training that begins at this step.</summary>
    public static LossLog Open(string path, int start) => new(path, start > 0 && File.Exists(path) ? [.. File.ReadLines(path).Skip(1).Take(start)] : []);

    public void Add(int step, float loss, double rate, int tokens)
    {
        _losses.Add(loss);
        _lines.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{step},{loss:R},{rate:R},{tokens}"));
    }

    public void Flush()
    {
        _lines.Flush();
        Draw();
    }

    /// <summary>The picture, as it stands.</summary>
    public void Draw() => LossCurve.Write(Path.ChangeExtension(_path, ".svg"), _losses);

    public void Dispose() => _lines.Dispose();

    private static double Loss(string line) =>
        line.Split(',') is [_, { } loss, ..] && double.TryParse(loss, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : double.NaN;
}
