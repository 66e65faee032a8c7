using Plumbline.Runs;

namespace Plumbline.Cli;

/// <summary>Progress on standard error: a live line on a terminal, a plain line now and then elsewhere, nothing when quiet.</summary>
internal sealed class ProgressDisplay : IDisposable
{
    private static readonly TimeSpan s_plainInterval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_liveInterval = TimeSpan.FromMilliseconds(100);

    private readonly TextWriter _output;
    private readonly TimeProvider _clock;
    private readonly bool _live;
    private readonly bool _silent;
    private readonly Lock _lock = new();
    private long _last;
    private long _began;
    private int _width;

    private ProgressDisplay(Surroundings surroundings, bool silent)
    {
        (_output, _clock, _live, _silent) = (surroundings.Error, surroundings.Clock, surroundings.ErrorIsTerminal, silent);
        _began = _last = _clock.GetTimestamp();
    }

    public static ProgressDisplay For(Surroundings surroundings, bool quiet) => new(surroundings, quiet);

    /// <summary>Progress of one target's run.</summary>
    public IProgress<RunProgress> For(string target)
    {
        lock (_lock) _began = _clock.GetTimestamp();
        return new Receiver(this, target);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_live && _width > 0) _output.Write($"\r{new string(' ', _width)}\r");
        }
    }

    private void Show(string target, RunProgress now)
    {
        if (_silent) return;
        lock (_lock)
        {
            bool end = now.AllDone == now.AllTotal;
            if (!end && _clock.GetElapsedTime(_last) < (_live ? s_liveInterval : s_plainInterval)) return;
            _last = _clock.GetTimestamp();
            double elapsed = _clock.GetElapsedTime(_began).TotalSeconds;
            double left = now.AllDone == 0 ? 0 : elapsed * (now.AllTotal - now.AllDone) / now.AllDone;
            string mean = now.Mean is { } m ? $", mean {m:0.00}" : "";
            string trouble = now.Outcomes.Errored > 0 ? $", {now.Outcomes.Errored} errored" : "";
            string line = $"{target}  {Bar(now.AllDone, now.AllTotal)} {now.AllDone:N0}/{now.AllTotal:N0}  {now.Evaluation} {now.Done}/{now.Total}{mean}{trouble}  {(end ? $"{elapsed:0.0} s" : $"{Span(left)} left")}";
            if (_live)
            {
                _output.Write($"\r{line.PadRight(_width)}");
                _width = line.Length;
            }
            else
            {
                _output.WriteLine(line);
            }
        }
    }

    private static string Bar(int done, int total)
    {
        int filled = total == 0 ? 0 : (int)(20L * done / total);
        return new string('█', filled) + new string('░', 20 - filled);
    }

    private static string Span(double seconds) => seconds < 90 ? $"{seconds:0} s" : $"{seconds / 60:0} min";

    private sealed class Receiver(ProgressDisplay display, string target) : IProgress<RunProgress>
    {
        public void Report(RunProgress value) => display.Show(target, value);
    }
}
