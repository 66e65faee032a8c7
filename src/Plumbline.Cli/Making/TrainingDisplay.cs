using Plumbline.Torch;

namespace Plumbline.Cli.Making;

/// <summary>Where a training stands, on standard error: a live line on a terminal, a plain line now and then elsewhere, nothing when quiet.</summary>
internal sealed class TrainingDisplay(Surroundings surroundings, bool quiet) : IDisposable
{
    private static readonly TimeSpan s_plainInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_liveInterval = TimeSpan.FromMilliseconds(200);
    private long _last;
    private int _width;

    /// <summary>A step.</summary>
    public void Show(string name, TrainingProgress now)
    {
        bool end = now.Step == now.Steps;
        if (quiet || (!end && _last != 0 && surroundings.Clock.GetElapsedTime(_last) < (surroundings.ErrorIsTerminal ? s_liveInterval : s_plainInterval))) return;
        _last = surroundings.Clock.GetTimestamp();
        string line = $"{name}  {Bar(now.Step, now.Steps)} {now.Step:N0}/{now.Steps:N0}  loss {now.Loss:0.000}  {now.TokensPerSecond:N0} ids/s  {(now.Remaining.TotalSeconds < 90 ? $"{now.Remaining.TotalSeconds:0} s" : $"{now.Remaining.TotalMinutes:0} min")} left";
        if (!surroundings.ErrorIsTerminal)
        {
            surroundings.Error.WriteLine(line);
            return;
        }

        surroundings.Error.Write($"\r{line.PadRight(_width)}");
        _width = line.Length;
    }

    /// <summary>A stage.</summary>
    public void Tell(string what)
    {
        if (quiet) return;
        Dispose();
        surroundings.Error.WriteLine(what);
    }

    public void Dispose()
    {
        if (_width > 0) surroundings.Error.Write($"\r{new string(' ', _width)}\r");
        _width = 0;
    }

    private static string Bar(int done, int total)
    {
        int filled = total == 0 ? 0 : (int)(20L * done / total);
        return new string('█', filled) + new string('░', 20 - filled);
    }
}
