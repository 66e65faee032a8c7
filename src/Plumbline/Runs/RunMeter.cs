namespace Plumbline.Runs;

/// <summary>What a session of a run has used, against its budgets. Safe for concurrent use.</summary>
public sealed class RunMeter(RunOptions options)
{
    private long _requests;
    private long _retries;
    private long _input;
    private long _output;
    private long _unknown;

    public long Requests => Interlocked.Read(ref _requests);

    public long Retries => Interlocked.Read(ref _retries);

    public long InputTokens => Interlocked.Read(ref _input);

    public long OutputTokens => Interlocked.Read(ref _output);

    /// <summary>Answers whose usage the target did not state.</summary>
    public long UnknownUsage => Interlocked.Read(ref _unknown);

    /// <summary>Why no further request may be sent; null while budgets last.</summary>
    public string? Spent =>
        options.TokenBudget is { } tokens && InputTokens + OutputTokens >= tokens
            ? $"the budget of {tokens:N0} tokens is spent"
            : options is { MoneyBudget: { } money, Price: { } price } && price.Of(InputTokens, OutputTokens) >= money
                ? $"the budget of {money} {price.Currency} is spent"
                : null;

    internal void Sent(bool again)
    {
        Interlocked.Increment(ref _requests);
        if (again) Interlocked.Increment(ref _retries);
    }

    internal void Received(Answer answer)
    {
        if (answer.InputTokens is null && answer.OutputTokens is null) Interlocked.Increment(ref _unknown);
        Interlocked.Add(ref _input, answer.InputTokens ?? 0);
        Interlocked.Add(ref _output, answer.OutputTokens ?? 0);
    }
}

/// <summary>A budget ran out in the middle of a sample.</summary>
internal sealed class BudgetSpentException(string message) : Exception(message);
