namespace Plumbline.Runs;

/// <summary>
/// What a session of a run has used, against the run's budgets. An answer whose usage the target did not state counts
/// against a token or money budget with an estimate, since a budget that never ends protects nobody. Safe for concurrent use.
/// </summary>
public sealed class RunMeter(RunOptions options, RunMeter? judge = null)
{
    /// <summary>Where the engine keeps the tokens of a sample's judge among the sample's parts.</summary>
    internal const string JudgeInput = "judge.input_tokens", JudgeOutput = "judge.output_tokens", JudgeUnknown = "judge.unknown_usage";

    /// <summary>Letters of a judge's own instructions and reply, roughly, where nobody counted its tokens.</summary>
    private const int JudgeLetters = 3000;


    private long _requests;
    private long _retries;
    private long _input;
    private long _output;
    private long _unknown;
    private long _earlierInput;
    private long _earlierOutput;
    private long _guessedInput;
    private long _guessedOutput;

    public long Requests => Interlocked.Read(ref _requests) + (judge?.Requests ?? 0);

    public long Retries => Interlocked.Read(ref _retries) + (judge?.Retries ?? 0);

    public long InputTokens => Interlocked.Read(ref _input);

    public long OutputTokens => Interlocked.Read(ref _output);

    /// <summary>Answers whose usage the target did not state.</summary>
    public long UnknownUsage => Interlocked.Read(ref _unknown);

    /// <summary>Why no further request may be sent; null while budgets last.</summary>
    public string? Spent
    {
        get
        {
            if (options.TokenBudget is null && options.MoneyBudget is null) return null;
            (long input, long output) = Used;
            (long judgeInput, long judgeOutput) = judge?.Used ?? default;
            return options.TokenBudget is { } tokens && input + output + judgeInput + judgeOutput >= tokens
                ? $"the budget of {tokens:N0} tokens is spent"
                : options is { MoneyBudget: { } money, Price: { } price } && price.Of(input, output) + (options.JudgePrice?.Of(judgeInput, judgeOutput) ?? 0) >= money
                    ? $"the budget of {money} {price.Currency} is spent"
                    : null;
        }
    }

    private (long Input, long Output) Used => (
        InputTokens + Interlocked.Read(ref _earlierInput) + Interlocked.Read(ref _guessedInput),
        OutputTokens + Interlocked.Read(ref _earlierOutput) + Interlocked.Read(ref _guessedOutput));

    /// <summary>Tokens of a text where nobody counted them: four letters each, at least one.</summary>
    internal static long Guess(int letters) => (letters / 4) + 1;

    /// <summary>Counts what earlier sessions of the run used against its budgets.</summary>
    internal void Earlier(SampleRecord record)
    {
        if (judge is not null && record.Parts is { } parts)
        {
            Interlocked.Add(ref judge._earlierInput, (long)parts.GetValueOrDefault(JudgeInput));
            Interlocked.Add(ref judge._earlierOutput, (long)parts.GetValueOrDefault(JudgeOutput));
            if (parts.ContainsKey(JudgeUnknown)) Interlocked.Add(ref judge._earlierInput, Guess(JudgeLetters + record.Prompt.Length + record.Answer.Length));
        }

        if (record is { InputTokens: null, OutputTokens: null, Outcome: Outcome.Errored or Outcome.Skipped }) return;
        Interlocked.Add(ref _earlierInput, record.InputTokens ?? Guess(record.Prompt.Length));
        Interlocked.Add(ref _earlierOutput, record.OutputTokens ?? Guess(record.Answer.Length));
    }

    internal void Sent(bool again)
    {
        Interlocked.Increment(ref _requests);
        if (again) Interlocked.Increment(ref _retries);
    }

    /// <summary>Counts an answer to a request of so many letters.</summary>
    internal void Received(Answer answer, int letters)
    {
        if (answer is { InputTokens: null, OutputTokens: null }) Interlocked.Increment(ref _unknown);
        if (answer.InputTokens is { } input) Interlocked.Add(ref _input, input);
        else Interlocked.Add(ref _guessedInput, Guess(letters));
        if (answer.OutputTokens is { } output) Interlocked.Add(ref _output, output);
        else if (answer.Text.Length > 0) Interlocked.Add(ref _guessedOutput, Guess(answer.Text.Length));
    }
}

/// <summary>A budget ran out in the middle of a sample.</summary>
internal sealed class BudgetSpentException(string message) : Exception(message);
