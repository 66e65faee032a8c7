using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Plumbline.Cli.Commands;
using Plumbline.Cli.Serving;
using Plumbline.Judges;
using Plumbline.Models.Inference;
using Plumbline.Reports;
using Plumbline.Runs;
using Plumbline.Store;
using Plumbline.Suites;
using Plumbline.Worlds;

namespace Plumbline.Cli;

/// <summary>
/// One `assess` or `resume` from request to exit code: target → plan → run → figures → reports. Without a target the
/// default pair is assessed: the planted phantom, then its clean twin in a folder inside the first one's.
/// </summary>
internal sealed class AssessmentSession(AssessRequest request, Surroundings surroundings, bool json, bool quiet, Suite? kept = null)
{
    private const string Planted = "phantom";
    private const string Clean = "phantom:chat-clean";

    private readonly Suite _suite = WithPrompts(kept ?? Suite.Load(request.Suite), request.Prompts);
    private readonly Price? _price = PriceOf(request);
    private readonly Price? _judgePrice = JudgePriceOf(request);

    /// <summary>Hosts that were contacted to get the model, for the run's record.</summary>
    public IReadOnlyList<HostContact> Contacted { get; init; } = [];

    private string Language => request.Language ?? "en";

    private IReadOnlyList<Gate> Gates => [.. _suite.Gates, .. request.Gates.Select(ParseGate)];

    /// <summary>Begins a run.</summary>
    public async Task<int> StartAsync(string? folder, CancellationToken cancellationToken)
    {
        RunHeader header = Header(request.Target ?? Planted);
        folder ??= Path.Combine(RunFolder.Root, header.Id);
        return await RunAsync(folder, (target, place) => SqliteRunStore.Create(place, Complete(Header(target.Name) with { Id = header.Id }, target)), cancellationToken);
    }

    /// <summary>Goes on with a run.</summary>
    public Task<int> ResumeAsync(string folder, CancellationToken cancellationToken) =>
        RunAsync(folder, (target, place) => RunFolder.Holds(place)
            ? SqliteRunStore.Open(place)
            : SqliteRunStore.Create(place, Complete(Header(target.Name), target)), cancellationToken);

    /// <summary>Says what would be sent.</summary>
    public async Task<int> RehearseAsync(CancellationToken cancellationToken)
    {
        await using Target target = TargetResolver.Open(request.Target ?? Planted, request, surroundings);
        IReadOnlyList<PlannedEvaluation> plan = PlanFor(request.Target ?? Planted, target.World, folder: null);
        long requests = 0, read = 0, written = 0, judged = 0, judgeRead = 0, judgeWritten = 0;
        foreach (PlannedEvaluation planned in plan)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (planned.Evaluation.Card.Needs == Needs.Judge && request.Judge is null) planned.Skip("it needs a judge model: name one with --judge");
            int asked = planned.SkipReason is null ? planned.Count : 0;
            long input = 0, output = 0;
            foreach (Sample sample in planned.SkipReason is null ? planned.Samples.Samples : [])
            {
                if (request.Judge is not null && sample.ToJudge is { } ask)
                {
                    // The answer is not known yet: the judge reads at most as much of it as the target may write.
                    JudgeRequest question = ask(new Answer());
                    (judged, judgeRead, judgeWritten) = (judged + 1, judgeRead + (question.Messages.Sum(m => m.Text.Length) / 4) + (request.MaxTokens ?? sample.MaxTokens), judgeWritten + question.MaxTokens);
                }

                input += (sample.Prompt.Length / 4) + 8;
                output += sample.Queries.Count > 0 ? 0 : request.MaxTokens ?? sample.MaxTokens;
            }

            await surroundings.Output.WriteLineAsync($"{planned.Evaluation.Card.Id,-24} {asked,8:N0} requests  about {input,9:N0} tokens in, at most {output,9:N0} out{(planned.SkipReason is { } why ? $"  ({why})" : "")}");
            (requests, read, written) = (requests + asked, read + input, written + output);
        }

        if (judged > 0) await surroundings.Output.WriteLineAsync($"{"judge",-24} {judged,8:N0} requests  about {judgeRead,9:N0} tokens in, at most {judgeWritten,9:N0} out");
        decimal? money = _price?.Of(read, written) + (_judgePrice?.Of(judgeRead, judgeWritten) ?? 0);
        await surroundings.Output.WriteLineAsync($"{"all",-24} {requests + judged,8:N0} requests  at most about {read + written + judgeRead + judgeWritten:N0} tokens{(money is { } sum ? string.Create(CultureInfo.InvariantCulture, $", {sum:0.00##} {_price!.Currency}") : "")}. Nothing was sent.");
        return ExitCode.Done;
    }

    /// <summary>Writes a finished run's report anew.</summary>
    public static async Task<int> ReportAsync(string folder, string format, string? file, string? language, Surroundings surroundings, CancellationToken cancellationToken)
    {
        AssessmentSession session;
        await using (SqliteRunStore store = SqliteRunStore.Open(folder)) session = Stored(store, surroundings);
        RunResult result = await session.MeasureAsync(folder, cancellationToken);
        ReportFormat form = Enum.Parse<ReportFormat>(format, ignoreCase: true);
        if (file is null)
        {
            Report.Write(result, form, surroundings.Output, language ?? session.Language);
        }
        else
        {
            await using StreamWriter writer = new(file, append: false, new UTF8Encoding(false));
            Report.Write(result, form, writer, language ?? session.Language);
        }

        return ExitCode.Done;
    }

    /// <summary>The figures of a stored run; nothing is asked, and the store stays open.</summary>
    public static RunResult Measure(string folder, SqliteRunStore store, Surroundings surroundings) => Stored(store, surroundings).MeasureOne(store.Header.Target, store, folder);

    private static AssessmentSession Stored(SqliteRunStore store, Surroundings surroundings) =>
        new(AssessRequest.FromOptions(store.Header.Options), surroundings, json: false, quiet: true, Suite.Parse(store.Header.SuiteText, store.Header.Suite));

    private async Task<int> RunAsync(string folder, Func<Target, string, SqliteRunStore> store, CancellationToken cancellationToken)
    {
        bool pair = request.Target is null;
        RunResult? twin = null;
        bool cancelled = false;
        using ProgressDisplay display = ProgressDisplay.For(surroundings, quiet);
        RunResult? result = null;
        (long? ofTarget, long? ofJudge) = Shares();
        await using Target? judge = request.Judge is { } named ? TargetResolver.Open(Judge(named), request.ForJudge() with { MemoryShare = ofJudge }, surroundings) : null;
        foreach ((string asked, string place) in pair ? [(Planted, folder), (Clean, RunFolder.Twin(folder))] : new[] { (request.Target!, folder) })
        {
            await using Target target = TargetResolver.Open(asked, request with { MemoryShare = ofTarget }, surroundings, Contacted);
            World world = request.In(target.World);
            IReadOnlyList<PlannedEvaluation> plan = PlanFor(asked, world, folder);
            await using SqliteRunStore opened = store(target, place);
            if (request.Prompts is { } prompts && !File.Exists(RunFolder.Prompts(folder))) File.Copy(prompts, RunFolder.Prompts(folder));
            Verify(opened.Header, target);
            RunEngine engine = new(target, opened, request.ToRunOptions(_price, _judgePrice), surroundings.Clock, judge);
            try
            {
                if (!cancelled) await engine.RunAsync(plan, display.For(target.Name), cancellationToken);
            }
            catch (OperationCanceledException)
            {
                cancelled = true;
            }

            RunResult measured = Assessment.Measure(plan, opened, world, Gates, _price, cancelled, judgePrice: _judgePrice);
            if (place == folder) result = measured;
            else twin = measured;
            if (cancelled) break;
        }

        result = result! with { Twin = twin };
        int exit = ExitOf(result);
        string report = WriteReports(result, folder, exit);
        if (json) Report.Write(result, ReportFormat.Json, surroundings.Output, Language, exit, report);
        else Summary.Write(result, report, exit, folder, surroundings, Language, quiet);
        return exit;
    }

    private async Task<RunResult> MeasureAsync(string folder, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        RunResult? twin = request.Target is null && RunFolder.Holds(RunFolder.Twin(folder)) ? await OneAsync(Clean, RunFolder.Twin(folder)) : null;
        return await OneAsync(request.Target ?? Planted, folder) with { Twin = twin };

        async Task<RunResult> OneAsync(string named, string place)
        {
            await using SqliteRunStore store = SqliteRunStore.Open(place);
            return MeasureOne(named, store, folder);
        }
    }

    private RunResult MeasureOne(string named, SqliteRunStore store, string folder)
    {
        World world = request.In(TargetResolver.WorldOf(named));
        return Assessment.Measure(PlanFor(named, world, folder), store, world, Gates, _price, cancelled: false, judgePrice: _judgePrice);
    }

    private IReadOnlyList<PlannedEvaluation> PlanFor(string named, World world, string? folder)
    {
        if (request.Judge is null && (request.JudgeModel ?? request.JudgeApiKeyVariable) is not null) throw new UsageException("--judge-model and --judge-api-key-env go with --judge ADDRESS.");
        if (request.Judge is null && Gates.FirstOrDefault(g => StrongReject.IsRow(g.Evaluation)) is { } gate) throw new UsageException($"The gate \"{gate.Text}\" needs a judge model: name one with --judge.");
        return Plan(named, world, folder is not null && File.Exists(RunFolder.Prompts(folder)) ? RunFolder.Prompts(folder) : request.Prompts);
    }

    private IReadOnlyList<PlannedEvaluation> Plan(string named, World world, string? prompts) => Assessment.Plan(
        _suite, prompts is null ? Catalog.All : [.. Catalog.All.Where(e => e is not UserPrompts), new UserPrompts(prompts, Path.GetFileName(request.Prompts!))], world, request.Seed, request.Limit,
        request.Language, Gates, likelihood: !TargetResolver.IsRemote(named));

    private static Suite WithPrompts(Suite suite, string? prompts) =>
        prompts is null || suite.Entries.Any(e => e.Id == UserPrompts.Id) ? suite : suite with { Entries = [.. suite.Entries, new(UserPrompts.Id)] };

    private static Price? PriceOf(AssessRequest request) => (request.Prices, request.MoneyBudget) switch
    {
        (null, null) => null,
        (null, _) => throw new UsageException("--budget-money needs a price: name a file with --prices."),
        ({ } file, _) => PriceTable.Load(file, request.Model ?? request.Target ?? Planted),
    };

    /// <summary>The judge is charged by its own model's price, in the same currency.</summary>
    private static Price? JudgePriceOf(AssessRequest request)
    {
        if (request.Prices is not { } file || request.Judge is null) return null;
        Price price = PriceTable.Load(file, request.JudgeModel ?? request.Judge), target = PriceOf(request)!;
        return price.Currency == target.Currency ? price : throw new UsageException($"{file} prices the target in {target.Currency} and the judge in {price.Currency}: a sum needs one currency.");
    }

    // Two models on this machine share the memory of the one process: each has its weights and half of the rest.
    private (long? Target, long? Judge) Shares()
    {
        string target = request.Target ?? Planted;
        if (MemoryOption.Read(request.Memory) is not { } limit || request.Judge is null || TargetResolver.IsRemote(request.Judge) || TargetResolver.IsRemote(target) || TargetResolver.Scripted(target) is not null) return (null, null);
        IReadOnlyList<long> shares = LanguageModel.ShareMemory(limit, [ModelPath.Resolve(target, surroundings.Environment), ModelPath.Resolve(Judge(request.Judge), surroundings.Environment)]);
        return (shares[0], shares[1]);
    }

    private static string Judge(string named) => named is "phantom" || named.StartsWith("phantom:", StringComparison.Ordinal)
        ? throw new UsageException("A phantom cannot judge: name an endpoint, ollama:NAME or a model file with --judge.")
        : named;

    private static Gate ParseGate(string text)
    {
        try
        {
            return Gate.Parse(text);
        }
        catch (FormatException e)
        {
            throw new UsageException(e.Message);
        }
    }

    private RunHeader Header(string target)
    {
        DateTimeOffset now = surroundings.Clock.GetUtcNow();
        string mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{target}|{now:O}|{request.Seed}|{Environment.ProcessId}")))[..4];
        return new()
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{now:yyyyMMdd-HHmmss}-{mark}"),
            Started = now,
            Target = target,
            Fingerprint = "",
            World = "",
            Suite = _suite.Name,
            SuiteText = _suite.Text,
            Seed = request.Seed,
            Limit = request.Limit,
            Language = request.Language,
            Options = request.ToOptions(),
            Environment = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["plumbline"] = typeof(AssessmentSession).Assembly.GetName().Version?.ToString(3) ?? "",
                ["runtime"] = RuntimeInformation.FrameworkDescription,
                ["system"] = RuntimeInformation.OSDescription,
                ["processors"] = Environment.ProcessorCount.ToString(CultureInfo.InvariantCulture),
            },
        };
    }

    private static RunHeader Complete(RunHeader header, Target target) => header with { Fingerprint = target.Fingerprint, World = target.World.Name };

    /// <summary>A resumed run must ask the target that it began with.</summary>
    private static void Verify(RunHeader header, Target target)
    {
        if (header.Fingerprint != target.Fingerprint)
        {
            throw new UsageException($"The run began with another target ({header.Target}, {header.Fingerprint}) than this one ({target.Fingerprint}): start a new run.");
        }
    }

    /// <summary>Most samples or most judgements failed, or nothing was judged: the run says nothing, whatever its gates.</summary>
    private static int ExitOf(RunResult run)
    {
        if (run.Cancelled) return ExitCode.Cancelled;
        OutcomeCounts all = Sum(run.Metrics.Where(m => !StrongReject.IsRow(m.Evaluation))), judge = Sum(run.Metrics.Where(IsOfJudge));
        if (all.Judged == 0 || MostFailed(all) || MostFailed(judge)) return ExitCode.Error;
        return run.Gates.All(g => g.Holds) ? ExitCode.Done : ExitCode.GateFailed;
    }

    private static bool MostFailed(OutcomeCounts counts) => counts.Errored > counts.Judged + counts.Unparsable;

    private static bool IsOfJudge(Metric metric) => StrongReject.IsRow(metric.Evaluation) || Catalog.All.Any(e => e.Card.Id == metric.Evaluation && e.Card.Needs == Needs.Judge);

    /// <summary>The outcomes of each evaluation once, whatever the number of its rows.</summary>
    private static OutcomeCounts Sum(IEnumerable<Metric> metrics) => metrics.GroupBy(m => m.Evaluation.Split('/')[0]).Select(g => g.MaxBy(m => m.Outcomes.Total)!.Outcomes)
        .Aggregate(default(OutcomeCounts), (a, b) => new(a.Scored + b.Scored, a.Refused + b.Refused, a.Unparsable + b.Unparsable, a.Errored + b.Errored, a.Skipped + b.Skipped));

    private string WriteReports(RunResult result, string folder, int exit)
    {
        string language = Language;
        string html = Path.Combine(folder, "report.html");
        foreach ((ReportFormat format, string name) in new[] { (ReportFormat.Markdown, "report.md"), (ReportFormat.JUnit, "junit.xml"), (ReportFormat.Sarif, "report.sarif"), (ReportFormat.Html, "report.html") })
        {
            using StreamWriter writer = new(Path.Combine(folder, name), append: false, new UTF8Encoding(false));
            Report.Write(result, format, writer, language);
        }

        using (StreamWriter writer = new(Path.Combine(folder, "report.json"), append: false, new UTF8Encoding(false))) Report.Write(result, ReportFormat.Json, writer, language, exit, html);
        return html;
    }
}
