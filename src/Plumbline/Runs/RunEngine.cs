using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Polly;

namespace Plumbline.Runs;

/// <summary>
/// Asks a target every sample of a plan, once, and appends each outcome to the store. Samples flow one way: drawn
/// lazily by as many workers as there may be requests, of which the limit lets through as many as the target bears.
/// A remote target's row is durable before its worker goes on, so that a process that dies at any instant owes at most
/// the requests then under way; rows of a target in this process, which cost nothing to make again, may run a little ahead.
/// </summary>
public sealed class RunEngine
{
    /// <summary>Rows that a worker may have waiting for the disk, where making them again costs nothing.</summary>
    private const int Ahead = 64;

    private const string NoJudge = "it needs a judge model: name one with --judge";

    private static readonly TimeSpan s_noteInterval = TimeSpan.FromSeconds(1);

    private readonly Target _target;
    private readonly IRunStore _store;
    private readonly RunOptions _options;
    private readonly TimeProvider _clock;
    private readonly int _concurrency;
    private readonly AdaptiveLimit _limit;
    private readonly TargetHealth _health;
    private readonly RunMeter _meter;
    private readonly ResiliencePipeline _retries;
    private readonly JudgeDesk? _judge;
    private (string Evaluation, string Sample)? _knocked;
    private long _started;
    private long _noted;

    /// <param name="target">Who is asked.</param>
    /// <param name="store">Where rows and paid answers go.</param>
    /// <param name="options">How.</param>
    /// <param name="clock">The time.</param>
    /// <param name="judge">A model that judges answers, where the user names one.</param>
    public RunEngine(Target target, IRunStore store, RunOptions options, TimeProvider clock, Target? judge = null)
    {
        (_target, _store, _options, _clock) = (target, store, options, clock);
        _concurrency = options.Concurrency ?? target.Concurrency;
        _limit = new(_concurrency, clock);
        _health = new(_concurrency);
        _judge = judge is null ? null : new(judge, store, options, clock);
        _meter = new(options, _judge?.Meter);
        _retries = LiveSession.Retries(options, _health, clock, knock: false);
    }

    /// <summary>Requests, tokens and retries of this session.</summary>
    public RunMeter Meter => _meter;

    /// <summary>Runs the plan to its end; on cancellation what was under way is left for a resume.</summary>
    /// <exception cref="TargetException">The first request found nobody at the address, or the key is wrong.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the store holds what was done.</exception>
    public async Task RunAsync(IReadOnlyList<PlannedEvaluation> plan, IProgress<RunProgress>? progress, CancellationToken cancellationToken)
    {
        _started = _noted = _clock.GetTimestamp();
        if (_store.Resumed && (_options.TokenBudget ?? (object?)_options.MoneyBudget) is not null)
        {
            foreach (SampleRecord earlier in plan.SelectMany(p => _store.Read(p.Evaluation.Card.Id))) _meter.Earlier(earlier);
        }

        try
        {
            if (_target.IsRemote) await KnockAsync(plan, cancellationToken);
            ProgressCount count = new(plan, progress);
            foreach (PlannedEvaluation evaluation in plan) await RunAsync(evaluation, count, cancellationToken);
        }
        finally
        {
            await NoteAsync();
        }
    }

    /// <summary>The first request of a run goes out alone and is not retried where nobody answers: the user hears within seconds.</summary>
    private async Task KnockAsync(IReadOnlyList<PlannedEvaluation> plan, CancellationToken cancellationToken)
    {
        foreach (PlannedEvaluation evaluation in plan)
        {
            if (evaluation.Evaluation.Card.Needs == Needs.Judge && _judge is null) continue;
            Sample? first = evaluation.Samples.Samples.FirstOrDefault(s => s.Messages.Count > 0 && !_store.Contains(evaluation.Evaluation.Card.Id, s.Id));
            if (first is null) continue;
            await _store.AppendAsync(await AskAsync(evaluation, first, knock: true, cancellationToken));
            _knocked = (evaluation.Evaluation.Card.Id, first.Id);
            await NoteAsync();
            return;
        }
    }

    private async Task RunAsync(PlannedEvaluation evaluation, ProgressCount count, CancellationToken cancellationToken)
    {
        if (evaluation.Evaluation.Card.Needs == Needs.LogLikelihood && _target.Scorer is null) evaluation.Skip("the target gives no log-likelihoods");
        if (evaluation.Evaluation.Card.Needs == Needs.Judge && _judge is null) evaluation.Skip(NoJudge);
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using IEnumerator<Sample> samples = evaluation.Samples.Samples.GetEnumerator();
        Lock drawing = new();

        // Where one worker fails, the others stop, and its exception, not their cancellation, is what WhenAll throws.
        await Task.WhenAll(Enumerable.Range(0, _concurrency).Select(_ => Task.Run(WorkAsync, CancellationToken.None)));
        cancellationToken.ThrowIfCancellationRequested();

        async Task WorkAsync()
        {
            Queue<Task> unwritten = new();
            try
            {
                while (Next() is { } sample)
                {
                    await _limit.EnterAsync(stop.Token);
                    try
                    {
                        SampleRecord record = await AskAsync(evaluation, sample, knock: false, stop.Token);
                        unwritten.Enqueue(_store.AppendAsync(record));
                        while (unwritten.Count > (_target.IsRemote ? 0 : Ahead)) await unwritten.Dequeue();
                        count.Done(record);
                    }
                    finally
                    {
                        _limit.Exit();
                    }

                    if (_clock.GetElapsedTime(Interlocked.Read(ref _noted)) > s_noteInterval) await NoteAsync();
                }

                await Task.WhenAll(unwritten);
            }
            catch
            {
                await stop.CancelAsync();
                throw;
            }
        }

        Sample? Next()
        {
            string id = evaluation.Evaluation.Card.Id;
            lock (drawing)
            {
                stop.Token.ThrowIfCancellationRequested();
                while (samples.MoveNext())
                {
                    if (!((_store.Resumed && _store.Contains(id, samples.Current.Id)) || _knocked == (id, samples.Current.Id))) return samples.Current;
                    count.Seen(id);
                }

                return null;
            }
        }
    }

    /// <summary>What the session has used so far, so that a killed process leaves a true record.</summary>
    private Task NoteAsync()
    {
        Interlocked.Exchange(ref _noted, _clock.GetTimestamp());
        return _store.NoteAsync(new(_clock.GetElapsedTime(_started).TotalSeconds, _meter.Requests, _meter.Retries, Hosts(), [.. _target.Notes(), .. Notes()]));
    }

    private IReadOnlyList<HostContact> Hosts() =>
        [.. _target.Hosts().Concat(_judge?.Judge.Hosts() ?? []).GroupBy(h => h.Host, StringComparer.Ordinal).Select(g => new HostContact(g.Key, g.Sum(h => h.Requests)))];

    private IEnumerable<string> Notes()
    {
        if (_judge is not null)
        {
            foreach (string note in _judge.Judge.Notes()) yield return $"Judge: {note}";
            if (_judge.GivenUp is { } silent) yield return $"The judge was given up: {silent}";
        }

        if (_health.GivenUp is { } reason) yield return $"The target was given up: {reason}";
        if (_meter.Spent is { } spent) yield return $"Samples not asked by then are skipped: {spent}{(_meter.UnknownUsage > 0 ? ", partly by estimate, since the target does not state its usage" : "")}.";
    }

    /// <summary>One sample from question to row.</summary>
    private async Task<SampleRecord> AskAsync(PlannedEvaluation evaluation, Sample sample, bool knock, CancellationToken cancellationToken)
    {
        string id = evaluation.Evaluation.Card.Id;
        if (evaluation.SkipReason is null && _meter.Spent is { } spent) evaluation.Skip(spent);
        Answer? answer = null;
        Score score;
        LiveSession session = new(
            _target, _store, _options, _limit, _health, _meter, knock ? LiveSession.Retries(_options, _health, _clock, knock) : _retries, SeedOf(_store.Header.Seed, id, sample.Id));
        long started = _clock.GetTimestamp();
        if (evaluation.SkipReason is { } reason)
        {
            score = new(Outcome.Skipped, Reason: reason);
        }
        else
        {
            try
            {
                answer = await evaluation.Evaluation.SolveAsync(sample, session, cancellationToken);
                if (_judge is not null && sample.ToJudge is { } ask && string.IsNullOrEmpty(answer.Refusal) && !string.IsNullOrWhiteSpace(answer.Text))
                {
                    answer = answer with { Judgement = await _judge.AskAsync(ask(answer), _meter, session.Seed, knock, cancellationToken) };
                }

                score = Judge(sample, answer);
            }
            catch (SequenceScoringException e)
            {
                evaluation.Skip(e.Message);
                score = new(Outcome.Skipped, Reason: e.Message);
            }
            catch (BudgetSpentException e)
            {
                score = new(Outcome.Skipped, Reason: e.Message);
            }
            catch (TargetException e) when (e.Filtered)
            {
                score = Score.Refused(0, e.Message);
            }
            catch (TargetException e) when (!(knock && (e.Unreachable || e.Unauthorized)))
            {
                score = new(Outcome.Errored, Reason: e.Message);
            }
            catch (Exception e) when (e is not (TargetException or OperationCanceledException or IOException))
            {
                // A prompt that does not fit the context, a template that refuses the roles: that sample's failure, not the run's.
                score = new(Outcome.Errored, Reason: $"the target cannot take this sample: {e.Message}");
            }
        }

        return new()
        {
            Evaluation = id,
            Id = sample.Id,
            Family = sample.Family,
            Cluster = sample.Cluster,
            Category = sample.Category,
            Language = sample.Language,
            Prompt = sample.Prompt,
            Answer = answer is null ? "" : answer.Refusal is { Length: > 0 } refusal && answer.Text.Length == 0 ? refusal : answer.Text,
            Outcome = score.Outcome,
            Value = score.Value,
            Label = score.Label,
            Reason = score.Reason,
            Parts = WithUsage(score.Parts, answer?.Judgement),
            Cut = answer?.Cut ?? false,
            InputTokens = session.InputTokens,
            OutputTokens = session.OutputTokens,
            Seconds = _clock.GetElapsedTime(started).TotalSeconds,
            Attempts = session.Attempts,
            Warnings = answer?.Warnings ?? [],
        };
    }

    /// <summary>The parts with the judge's tokens, so that a resumed run knows what it has cost.</summary>
    private static IReadOnlyDictionary<string, double>? WithUsage(IReadOnlyDictionary<string, double>? parts, Judgement? judgement)
    {
        if (judgement is null or { Reply: "", InputTokens: null, OutputTokens: null }) return parts;
        Dictionary<string, double> all = new(parts ?? new Dictionary<string, double>());
        if (judgement is { InputTokens: null, OutputTokens: null }) all[RunMeter.JudgeUnknown] = 1;
        if (judgement.InputTokens is { } input) all[RunMeter.JudgeInput] = input;
        if (judgement.OutputTokens is { } output) all[RunMeter.JudgeOutput] = output;
        return all;
    }

    /// <summary>Outcomes that no scorer needs to see come first; a scorer that throws is a judge that failed.</summary>
    private static Score Judge(Sample sample, Answer answer)
    {
        if (sample.Queries.Count == 0)
        {
            if (answer.Refusal is { Length: > 0 } refusal) return Score.Refused(0, refusal);
            if (string.IsNullOrWhiteSpace(answer.Text))
            {
                return Score.Unparsable(answer.Cut ? "cut before the answer began; raise --max-tokens" : "the answer is empty");
            }
        }
        else if (answer.Scores.Any(s => double.IsNaN(s.LogProb)))
        {
            return new(Outcome.Errored, Reason: "the target gave a log-likelihood that is not a number");
        }

        try
        {
            return sample.Score(answer);
        }
        catch (JudgeException e)
        {
            return new(Outcome.Errored, Reason: e.Message);
        }
        catch (RegexMatchTimeoutException)
        {
            return new(Outcome.Errored, Reason: "the judge failed: its pattern took too long on this answer");
        }
    }

    /// <summary>The seed of a sample: a hash of the run's seed and the sample's name, so that order and concurrency change nothing.</summary>
    internal static ulong SeedOf(ulong run, string evaluation, string sample)
    {
        XxHash3 hash = new(unchecked((long)run));
        hash.Append(MemoryMarshal.AsBytes(evaluation.AsSpan()));
        hash.Append("/"u8);
        hash.Append(MemoryMarshal.AsBytes(sample.AsSpan()));
        return hash.GetCurrentHashAsUInt64();
    }
}

/// <summary>An evaluation with its samples and, once known, the reason why the target cannot serve it.</summary>
public sealed class PlannedEvaluation(Evaluation evaluation, SampleSet samples, int count)
{
    private string? _skipReason;

    /// <summary>An evaluation for which there is nothing to ask.</summary>
    public static PlannedEvaluation Absent(Evaluation evaluation, string reason)
    {
        PlannedEvaluation absent = new(evaluation, new(new("none", "", "", []), []), 0);
        absent.Skip(reason);
        return absent;
    }

    public Evaluation Evaluation { get; } = evaluation;

    public SampleSet Samples { get; } = samples;

    /// <summary>How many samples there are.</summary>
    public int Count { get; } = count;

    /// <summary>Why no further sample is asked; null while all is well.</summary>
    public string? SkipReason => Volatile.Read(ref _skipReason);

    /// <summary>Gives up on the evaluation; its remaining samples become Skipped with this reason. The first reason stands.</summary>
    public void Skip(string reason) => Interlocked.CompareExchange(ref _skipReason, reason, null);
}

/// <summary>A judge failed: its model did not answer, or answered in no form that it knows. Never a score.</summary>
public sealed class JudgeException : Exception
{
    public JudgeException(string message) : base(message) { }

    public JudgeException(string message, Exception inner) : base(message, inner) { }

    public JudgeException() { }
}

/// <summary>Counts rows for progress reports.</summary>
internal sealed class ProgressCount(IReadOnlyList<PlannedEvaluation> plan, IProgress<RunProgress>? progress)
{
    private readonly Lock _lock = new();
    private readonly int _all = plan.Sum(p => p.Count);
    private readonly Dictionary<string, int> _totals = plan.ToDictionary(p => p.Evaluation.Card.Id, p => p.Count);
    private string? _current;
    private int _done;
    private int _allDone;
    private double _sum;
    private int _valued;
    private OutcomeCounts _outcomes;

    public void Seen(string evaluation)
    {
        lock (_lock)
        {
            Turn(evaluation);
            _done++;
            _allDone++;
        }
    }

    public void Done(SampleRecord record)
    {
        RunProgress now;
        lock (_lock)
        {
            Turn(record.Evaluation);
            _done++;
            _allDone++;
            _outcomes = _outcomes.Plus(record.Outcome);
            if (record.Value is { } value) (_sum, _valued) = (_sum + value, _valued + 1);
            now = new(record.Evaluation, _done, _totals[record.Evaluation], _allDone, _all, _outcomes, _valued > 0 ? _sum / _valued : null);
        }

        progress?.Report(now);
    }

    private void Turn(string evaluation)
    {
        if (_current == evaluation) return;
        (_current, _done, _sum, _valued, _outcomes) = (evaluation, 0, 0, 0, default);
    }
}
