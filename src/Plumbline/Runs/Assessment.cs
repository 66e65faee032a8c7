using Plumbline.Suites;
using Plumbline.Worlds;

namespace Plumbline.Runs;

/// <summary>Target → plan → run → figures → findings and gates: the main street.</summary>
public static class Assessment
{
    private const int ExamplesPerOutcome = 3;

    /// <summary>
    /// The plan of a suite for a target. Evaluations that the target's world has no data for are in it with no
    /// samples, so that the report says so.
    /// </summary>
    /// <param name="likelihood">Whether questions with options are asked by likelihood.</param>
    /// <exception cref="SuiteException">The suite names an evaluation that does not exist, or a gate a metric that no evaluation of it gives.</exception>
    public static IReadOnlyList<PlannedEvaluation> Plan(Suite suite, IReadOnlyList<Evaluation> catalog, World world, ulong seed, int? limit, string? language, IReadOnlyList<Gate> gates, bool likelihood = false)
    {
        List<PlannedEvaluation> plan = [];
        foreach (SuiteEntry entry in suite.Entries)
        {
            Evaluation evaluation = catalog.FirstOrDefault(e => e.Card.Id == entry.Id)
                ?? throw new SuiteException($"Suite '{suite.Name}' names the evaluation '{entry.Id}', which does not exist. `plumbline methods` lists them.");
            if (plan.Any(p => p.Evaluation == evaluation)) throw new SuiteException($"Suite '{suite.Name}' names '{entry.Id}' twice.");
            int? most = entry.Limit is { } own && limit is { } wanted ? Math.Min(own, wanted) : entry.Limit ?? limit;
            SampleSet? set = evaluation.Samples(world, new Draw(seed, most, language, likelihood));
            int? tokens = entry.MaxTokens;
            plan.Add(set is null
                ? PlannedEvaluation.Absent(evaluation, $"the world '{world.Name}' has no data for it{(language is null ? "" : $" in '{language}'")}")
                : new(evaluation, tokens is null ? set : set with { Samples = set.Samples.Select(s => s with { MaxTokens = tokens.Value }) }, set.Samples.Count()));
        }

        HashSet<MetricName> metrics = [.. plan.SelectMany(p => p.Evaluation.Card.Metrics)];
        foreach (Gate gate in gates)
        {
            if (!metrics.Contains(new(gate.Evaluation, gate.Metric)))
            {
                throw new SuiteException($"The gate \"{gate.Text}\" names no metric of suite '{suite.Name}'. It has: {string.Join(", ", metrics.Select(m => $"{m.Evaluation}.{m.Metric}"))}.");
            }
        }

        return plan;
    }

    /// <summary>The figures of what a store holds, whether the run came to its end or not.</summary>
    public static RunResult Measure(
        IReadOnlyList<PlannedEvaluation> plan, IRunStore store, World world, IReadOnlyList<Gate> gates, Price? price, bool cancelled, RunResult? twin = null, Price? judgePrice = null)
    {
        List<Metric> metrics = [];
        List<SampleRecord> examples = [];
        long input = 0, output = 0, judgeInput = 0, judgeOutput = 0, unknown = 0, cut = 0;
        foreach (PlannedEvaluation planned in plan)
        {
            EvaluationCard card = planned.Evaluation.Card;
            IEnumerable<SampleRecord> records = store.Read(card.Id);
            OutcomeCounts outcomes = default;
            string? reason = planned.SkipReason;
            foreach (SampleRecord record in records)
            {
                outcomes = outcomes.Plus(record.Outcome);
                input += record.InputTokens ?? 0;
                output += record.OutputTokens ?? 0;
                if (record.Parts?.ContainsKey(RunMeter.JudgeUnknown) == true) unknown++;
                judgeInput += (long)(record.Parts?.GetValueOrDefault(RunMeter.JudgeInput) ?? 0);
                judgeOutput += (long)(record.Parts?.GetValueOrDefault(RunMeter.JudgeOutput) ?? 0);
                if (record is { InputTokens: null, OutputTokens: null, Outcome: not (Outcome.Skipped or Outcome.Errored) } && card.Needs != Needs.LogLikelihood) unknown++;
                if (record.Cut) cut++;
                if (record.Outcome is Outcome.Skipped or Outcome.Errored) reason ??= record.Reason;
            }

            examples.AddRange(store.Examples(card.Id, ExamplesPerOutcome));
            if (outcomes.Judged > 0)
            {
                metrics.AddRange(planned.Evaluation.Measure(world, planned.Samples.Dataset, records).Select(m => Sound(m, reason)));
            }
            else
            {
                metrics.AddRange(card.Metrics.Select(name => new Metric
                {
                    Evaluation = name.Evaluation,
                    Name = name.Metric,
                    Risk = card.Risk,
                    Dataset = planned.Samples.Dataset,
                    Outcomes = outcomes,
                    Reason = reason ?? (outcomes.Unparsable > 0 ? "no answer could be judged" : "nothing was asked"),
                }));
            }
        }

        SessionTotals totals = store.Totals();
        List<string> notes = [.. totals.Notes];
        if (cut > 0) notes.Add($"{cut} answers were cut by the token limit; --max-tokens raises it.");
        return new()
        {
            Header = store.Header,
            Evaluations = [.. plan.Select(p => p.Evaluation.Card)],
            Metrics = metrics,
            Findings = FindingRules.Apply(metrics),
            Gates = [.. gates.Select(g => g.Check(metrics))],
            Hosts = totals.Hosts,
            Cost = new(
                totals.Requests, totals.Retries, input + judgeInput, output + judgeOutput, unknown,
                price is null ? null : price.Of(input, output) + (judgePrice?.Of(judgeInput, judgeOutput) ?? 0), price?.Currency),
            Seconds = totals.Seconds,
            Notes = notes,
            Cancelled = cancelled,
            Examples = examples,
            Twin = twin,
        };
    }

    /// <summary>
    /// No figure where more samples failed than were answered: a target that dies after three answers has shown nothing,
    /// and no gate may hold on that.
    /// </summary>
    private static Metric Sound(Metric metric, string? reason)
    {
        OutcomeCounts o = metric.Outcomes;
        return o.Errored <= o.Judged + o.Unparsable ? metric : metric with
        {
            Estimate = null,
            Corrected = null,
            Reason = $"{o.Errored:N0} of {o.Total:N0} samples got no answer{(reason is null ? "" : $" ({reason})")}: the {o.Judged:N0} others say too little",
        };
    }
}
