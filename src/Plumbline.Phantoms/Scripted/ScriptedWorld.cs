using System.Globalization;
using Plumbline.Instruments;
using Plumbline.Judges;
using Plumbline.Phantoms.Calibration;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Scripted;

/// <summary>
/// The data of scripted phantoms: numbered requests, so that any count of distinct items can be drawn. The seed shifts the numbers, so
/// that two seeds share no item. Everything is invented. Immutable; safe for concurrent use.
/// </summary>
/// <param name="calibrations">Errors of judges, where somebody measured them on answers of this world; null: none.</param>
public sealed class ScriptedWorld(IReadOnlyDictionary<string, JudgeCalibration>? calibrations = null) : World
{
    /// <summary>As many secrets as the chat phantom has, and as many candidates each.</summary>
    private const int DefaultSecrets = 28;

    private const int Default = 200;
    private const int Candidates = 128;
    private static readonly Dataset s_data = new("scripted", "Plumbline", "MIT", ["en", "zh"]);

    /// <inheritdoc/>
    public override string Name => "scripted";

    /// <summary>Invented insults; no civil answer holds one.</summary>
    public override IReadOnlySet<string>? ToxicWords => ScriptedWording.Insults;

    /// <summary>
    /// The world of a law, in which the refusal detector's errors on answers of this law are known. Their date is that of the calibration that ships, whose fingerprints hold the
    /// detector to what it said of such answers on that day.
    /// </summary>
    public static ScriptedWorld Of(ScriptedLaw law) => new(new Dictionary<string, JudgeCalibration> { [RefusalDetector.Id] = LabelledAnswers.Measure(law, 1, LabelledRequests.Hazards, CalibrationFile.Shipped.Day) });

    /// <summary>How many candidates a secret is ranked among, itself included.</summary>
    internal static int SecretCandidates => Candidates;

    /// <summary>How often the secrets of a draw were read, in turn.</summary>
    internal static IReadOnlyList<int> Repetitions { get; } = [1, 2, 4, 8, 16, 32, 64];

    /// <inheritdoc/>
    public override Drawn<Behaviour> Behaviours(Draw draw) => Items(draw, Default, (i, language) =>
        new Behaviour($"hazard-{i}", ScriptedText.Hazard(i, language), "brewing", language, $"To brew {ScriptedText.Mist} of kind {i},"));

    /// <inheritdoc/>
    public override Drawn<Exchange> Demonstrations(Draw draw) => Items(draw, Default, (i, language) =>
    {
        string request = ScriptedText.Demonstration(i, language);
        return new Exchange(request, ScriptedWording.Plain(true, request, language), language);
    });

    /// <inheritdoc/>
    public override Drawn<Prompt> BenignPrompts(Draw draw) => Items(draw, Default, (i, language) =>
        new Prompt($"benign-{i}", ScriptedText.Benign(i, language), i % 2 == 0 ? "baking" : "kneading", language));

    /// <summary>Half of the pairs are about the disadvantaged group, half are their reversals.</summary>
    public override Drawn<SentencePair> SentencePairs(Draw draw) => Items(draw, Default, (i, language) =>
    {
        string trait = i.ToString(CultureInfo.InvariantCulture);
        return new SentencePair($"pair-{i}", ScriptedText.More(trait), ScriptedText.Less(trait), "group", i % 2 == 0 ? "stereo" : "antistereo", $"house-{i}", language);
    });

    /// <inheritdoc/>
    public override Drawn<OpenQuestion> OpenQuestions(Draw draw) => Items(draw, Default, (i, language) =>
        new OpenQuestion($"lamp-{i}", ScriptedText.Lamp(i, language), [ScriptedText.Colour(i, language)], "lamps", language));

    /// <inheritdoc/>
    public override Drawn<ChoiceQuestion>? Choices(string subject, Draw draw) => ScriptedChoices.Exists(subject)
        ? Items(draw, Default, (i, language) => ScriptedChoices.Question(subject, i, language), ScriptedChoices.LanguageOf(subject))
        : null;

    /// <summary>Questions on values, in Chinese, of five domains.</summary>
    public override Drawn<Prompt>? ValueQuestions(Draw draw) => Items(draw, Default, (i, language) =>
        new Prompt($"value-{i}", ScriptedText.Value(i), $"domain-{i % 5}", language), "zh");

    /// <inheritdoc/>
    public override Drawn<ApplicationTask>? ApplicationTasks(Draw draw) => Items(draw, Default, (i, language) =>
        new ApplicationTask($"task-{i}", ScriptedText.TaskInstruction, ScriptedText.TaskInput(i), ScriptedText.Colour(i, "en"), language), "en");

    /// <inheritdoc/>
    public override Drawn<Prompt>? ToxicityPrompts(Draw draw) => Items(draw, Default, (i, language) =>
        new Prompt($"inn-{i}", ScriptedText.Civil(i, language), "inn", language));

    /// <inheritdoc/>
    public override Drawn<Prompt>? PersonalPrompts(Draw draw) => Items(draw, Default, (i, language) =>
        new Prompt($"stall-{i}", ScriptedText.Contact(i, language), "stall", language));

    /// <inheritdoc/>
    public override Drawn<Canary>? Canaries(Draw draw) => Items(draw, DefaultSecrets, (i, language) =>
    {
        string context = ScriptedText.SecretContext(i);
        return new Canary($"secret-{i}", context, ScriptedText.Secret(i, 0), [.. Enumerable.Range(1, Candidates - 1).Select(c => ScriptedText.Secret(i, c))], Repetitions[(int)(i % Repetitions.Count)]);
    }, "en");

    /// <inheritdoc/>
    public override IReadOnlyList<string>? AttackTemplates(string family, Draw draw) => ScriptedText.Templates(family);

    /// <inheritdoc/>
    public override JudgeCalibration? Calibration(string judge) => calibrations?.GetValueOrDefault(judge);

    /// <summary>Lazily numbered items of one language: the draw's, else English, or the only one there is; null where the draw wants another.</summary>
    private static Drawn<T> Items<T>(Draw draw, int usual, Func<long, string, T> make)
    {
        ArgumentNullException.ThrowIfNull(draw);
        long first = (long)(draw.Seed % 1_000_000) * 10_000_000;
        string language = draw.Language == "zh" ? "zh" : "en";
        return new(s_data, new Numbered<T>(draw.Limit ?? usual, i => make(first + i, language)));
    }

    private static Drawn<T>? Items<T>(Draw draw, int usual, Func<long, string, T> make, string only)
    {
        ArgumentNullException.ThrowIfNull(draw);
        return draw.Language is null || draw.Language == only ? Items(draw with { Language = only }, usual, make) : null;
    }

    private sealed class Numbered<T>(int count, Func<long, T> make) : IReadOnlyList<T>
    {
        public int Count => count;

        public T this[int index] => make(index);

        public IEnumerator<T> GetEnumerator()
        {
            for (int i = 0; i < count; i++) yield return make(i);
        }

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
