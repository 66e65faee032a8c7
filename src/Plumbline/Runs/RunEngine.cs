using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Plumbline.Runs;

/// <summary>
/// Asks a target every sample of a plan, once, and appends each outcome to the store. Samples flow one way: drawn
/// lazily, at most <see cref="RunOptions.Concurrency"/> under way, each row durable before its place is given to the
/// next. So memory is bounded, and a process that dies at any instant owes at most the requests then under way.
/// </summary>
public sealed class RunEngine(Target target, IRunStore store, RunOptions options, TimeProvider clock)
{
    private readonly AdaptiveLimit _limit = new(options.Concurrency ?? target.Concurrency, clock);
    private readonly RunMeter _meter = new(options);
    private (string Evaluation, string Sample)? _knocked;

    /// <summary>Requests, tokens and retries of this session.</summary>
    public RunMeter Meter => _meter;

    /// <summary>Runs the plan to its end; on cancellation what was under way is left for a resume.</summary>
    /// <exception cref="TargetException">The first request found nobody at the address, or the key is wrong.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the store holds what was done.</exception>
    public async Task RunAsync(IReadOnlyList<PlannedEvaluation> plan, IProgress<RunProgress>? progress, CancellationToken cancellationToken)
    {
        long started = clock.GetTimestamp();
        try
        {
            if (target.IsRemote) await KnockAsync(plan, cancellationToken);
            ProgressCount count = new(plan, progress);
            foreach (PlannedEvaluation evaluation in plan) await RunAsync(evaluation, count, cancellationToken);
        }
        finally
        {
            await store.NoteAsync(new(clock.GetElapsedTime(started).TotalSeconds, _meter.Requests, _meter.Retries, target.Hosts(), target.Notes()));
        }
    }

    /// <summary>The first request of a run goes out alone and is not retried where nobody answers: the user hears within seconds.</summary>
    private async Task KnockAsync(IReadOnlyList<PlannedEvaluation> plan, CancellationToken cancellationToken)
    {
        foreach (PlannedEvaluation evaluation in plan)
        {
            Sample? first = evaluation.Samples.Samples.FirstOrDefault(s => s.Messages.Count > 0 && !store.Contains(evaluation.Evaluation.Card.Id, s.Id));
            if (first is null) continue;
            await AskAsync(evaluation, first, knock: true, cancellationToken);
            _knocked = (evaluation.Evaluation.Card.Id, first.Id);
            return;
        }
    }

    private async Task RunAsync(PlannedEvaluation evaluation, ProgressCount count, CancellationToken cancellationToken)
    {
        string id = evaluation.Evaluation.Card.Id;
        if (evaluation.Evaluation.Card.Needs == Needs.LogLikelihood && target.Scorer is null) evaluation.Skip("the target gives no log-likelihoods");

        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        List<Task> underWay = [];
        try
        {
            foreach (Sample sample in evaluation.Samples.Samples)
            {
                if ((store.Resumed && store.Contains(id, sample.Id)) || _knocked == (id, sample.Id))
                {
                    count.Seen(id);
                    continue;
                }

                await _limit.EnterAsync(stop.Token);
                underWay.RemoveAll(t => t.IsCompletedSuccessfully);
                underWay.Add(Task.Run(() => SettleAsync(evaluation, sample, count, stop), CancellationToken.None));
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A task failed and stopped the others; its exception surfaces below.
        }
        finally
        {
            await Task.WhenAll(underWay);
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task SettleAsync(PlannedEvaluation evaluation, Sample sample, ProgressCount count, CancellationTokenSource stop)
    {
        try
        {
            SampleRecord record = await AskAsync(evaluation, sample, knock: false, stop.Token);
            count.Done(record);
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
        finally
        {
            _limit.Exit();
        }
    }

    /// <summary>One sample from question to durable row.</summary>
    private async Task<SampleRecord> AskAsync(PlannedEvaluation evaluation, Sample sample, bool knock, CancellationToken cancellationToken)
    {
        string id = evaluation.Evaluation.Card.Id;
        if (evaluation.SkipReason is null && _meter.Spent is { } spent) evaluation.Skip(spent);
        Answer? answer = null;
        Score score;
        LiveSession session = new(target, store, options, _limit, _meter, clock, SeedOf(store.Header.Seed, id, sample.Id), knock);
        long started = clock.GetTimestamp();
        if (evaluation.SkipReason is { } reason)
        {
            score = new(Outcome.Skipped, Reason: reason);
        }
        else
        {
            try
            {
                answer = await evaluation.Evaluation.SolveAsync(sample, session, cancellationToken);
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
        }

        SampleRecord record = new()
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
            Parts = score.Parts,
            Cut = answer?.Cut ?? false,
            InputTokens = answer?.InputTokens,
            OutputTokens = answer?.OutputTokens,
            Seconds = clock.GetElapsedTime(started).TotalSeconds,
            Attempts = session.Attempts,
            Warnings = answer?.Warnings ?? [],
        };
        await store.AppendAsync(record);
        return record;
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

        try
        {
            return sample.Score(answer);
        }
        catch (JudgeException e)
        {
            return new(Outcome.Errored, Reason: e.Message);
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
