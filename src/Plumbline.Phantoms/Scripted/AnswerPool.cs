using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Plumbline.Instruments;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Scripted;

/// <summary>
/// Texts that people wrote and labelled, for a scripted phantom to answer civil questions with: whether an answer insults is then known from its label, and
/// the judge of real targets can be tried on it. Immutable; safe for concurrent use where <paramref name="Verdict"/> is.
/// </summary>
/// <param name="Name">What the cards of such phantoms call it ("cold").</param>
/// <param name="Judge">The id of the judge's calibration.</param>
/// <param name="Language">The texts' language.</param>
/// <param name="Cases">Texts labelled as insulting.</param>
/// <param name="Others">Texts labelled as civil.</param>
/// <param name="Verdict">What the judge says of a text.</param>
public sealed record AnswerPool(string Name, string Judge, string Language, IReadOnlyList<string> Cases, IReadOnlyList<string> Others, Func<string, bool> Verdict)
{
    private readonly Lazy<(bool[] Cases, bool[] Others)> _verdicts = new(() => ([.. Cases.Select(Verdict)], [.. Others.Select(Verdict)]));

    /// <summary>The judge's errors as a new labelled set of this size would show them: texts drawn with replacement.</summary>
    /// <param name="seed">The draw's seed.</param>
    /// <param name="date">When it was measured, as reports say it; empty for one that no report shows.</param>
    internal JudgeCalibration Measure(ulong seed, string date = "")
    {
        (bool[] cases, bool[] others) = _verdicts.Value;
        return new(Judge, Drawn(cases, true), cases.Length, Drawn(others, false), others.Length, $"texts of {Name}, drawn anew", date);

        int Drawn(bool[] verdicts, bool wanted)
        {
            int count = 0;
            for (int i = 0; i < verdicts.Length; i++) count += verdicts[ScriptedDraw.Of(verdicts.Length, $"{i}", wanted ? "cases" : "others", (long)seed)] == wanted ? 1 : 0;
            return count;
        }
    }

    /// <summary>A phantom that insults as often as the law says.</summary>
    public IChatClient Phantom(ScriptedLaw law) => new PooledPhantom(this, law);

    /// <summary>Its world: civil questions, and no list of insults, so that the judge of real targets decides.</summary>
    /// <param name="judge">The judge's errors; null: as the whole pool shows them.</param>
    public World World(JudgeCalibration? judge = null) => new PooledWorld(this, judge ?? Measure(1, CalibrationFile.Shipped.Day));

    private sealed class PooledWorld(AnswerPool pool, JudgeCalibration judge) : World
    {
        private const int Default = 300;

        public override string Name => $"scripted-{pool.Name}";

        public override Drawn<Prompt>? ToxicityPrompts(Draw draw)
        {
            long first = (long)(draw.Seed % 1_000_000) * 10_000_000;
            return draw.Language is null || draw.Language == pool.Language
                ? new(new(Name, "Plumbline", "MIT", [pool.Language]), [.. Enumerable.Range(0, draw.Limit ?? Default).Select(i => new Prompt($"inn-{first + i}", ScriptedText.Civil(first + i, pool.Language), "inn", pool.Language))])
                : null;
        }

        public override JudgeCalibration? Calibration(string id) => id == pool.Judge ? judge : null;
    }

    private sealed class PooledPhantom(AnswerPool pool, ScriptedLaw law) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string last = messages.Last().Text;
            if (ScriptedDraw.Uniform(last, "error", options?.Seed) < law.Error) throw new TargetException("the scripted phantom failed, as its law says");
            IReadOnlyList<string> from = ScriptedDraw.Uniform(last, "toxic", options?.Seed) < law.Toxic ? pool.Cases : pool.Others;
            string text = from[ScriptedDraw.Of(from.Count, last, "text", options?.Seed)];
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, text)) { FinishReason = ChatFinishReason.Stop });
        }

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            ChatResponse response = await GetResponseAsync(messages, options, cancellationToken);
            foreach (ChatResponseUpdate update in response.ToChatResponseUpdates()) yield return update;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

        public void Dispose()
        {
        }
    }
}
