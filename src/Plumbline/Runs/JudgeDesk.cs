using Polly;

namespace Plumbline.Runs;

/// <summary>
/// Where answers are judged by a model. The judge has its own limit, health and retries, so that a slow judge does not
/// throttle the target; its paid replies go into the same journal, and its tokens count against the same budgets. A judge
/// that fails gives a judgement with a problem, never a score. Safe for concurrent use.
/// </summary>
internal sealed class JudgeDesk
{
    private readonly Target _judge;
    private readonly IRunStore _store;
    private readonly RunOptions _options;
    private readonly TimeProvider _clock;
    private readonly AdaptiveLimit _limit;
    private readonly TargetHealth _health;
    private readonly ResiliencePipeline _retries;

    public JudgeDesk(Target judge, IRunStore store, RunOptions options, TimeProvider clock)
    {
        // What shapes the target's answers does not shape the judge's; its price is its own.
        _options = options with { System = null, MaxTokens = null, Temperature = 0, Price = options.JudgePrice };
        (_judge, _store, _clock) = (judge, store, clock);
        int concurrency = options.Concurrency ?? judge.Concurrency;
        _limit = new(concurrency, clock);
        _health = new(concurrency);
        Meter = new(_options);
        _retries = LiveSession.Retries(_options, _health, clock, knock: false);
    }

    /// <summary>The judge.</summary>
    public Target Judge => _judge;

    /// <summary>What the judge has used; part of the run's own meter.</summary>
    public RunMeter Meter { get; }

    /// <summary>Why nothing more is sent to the judge; null while there is hope.</summary>
    public string? GivenUp => _health.GivenUp;

    /// <summary>Asks the judge.</summary>
    /// <exception cref="TargetException">With <paramref name="knock"/>: nobody answers at the judge's address, or its key is wrong.</exception>
    public async Task<Judgement> AskAsync(JudgeRequest request, RunMeter run, ulong seed, bool knock, CancellationToken cancellationToken)
    {
        if (run.Spent is { } spent) return new("", spent, Skipped: true);
        await _limit.EnterAsync(cancellationToken);
        try
        {
            LiveSession session = new(_judge, _store, _options, _limit, _health, Meter, knock ? LiveSession.Retries(_options, _health, _clock, knock) : _retries, seed);
            Answer reply = await session.AskAsync(request.Messages, request.MaxTokens, cancellationToken);
            string? problem = reply.Refusal is { Length: > 0 } refusal ? $"the judge would not judge: {refusal}"
                : !string.IsNullOrWhiteSpace(reply.Text) ? null
                : reply.Cut ? "the judge's reply was cut before it began" : "the judge's reply is empty";
            return new(reply.Text, problem) { InputTokens = reply.InputTokens, OutputTokens = reply.OutputTokens };
        }
        catch (TargetException e) when (knock && (e.Unreachable || e.Unauthorized))
        {
            throw new TargetException($"The judge cannot be asked: {e.Message}", e) { Unreachable = e.Unreachable, Unauthorized = e.Unauthorized };
        }
        catch (TargetException e)
        {
            return new("", $"the judge gave no reply: {e.Message}");
        }
        catch (BudgetSpentException e)
        {
            return new("", e.Message, Skipped: true);
        }
        catch (Exception e) when (e is not (OperationCanceledException or IOException))
        {
            // A reply that no client can read, an answer that does not fit the judge's context: that judgement's failure, not the run's.
            return new("", $"the judge cannot take this answer: {e.Message}");
        }
        finally
        {
            _limit.Exit();
        }
    }
}
