using Plumbline.Instruments;
using Plumbline.Judges;
using Plumbline.Phantoms.Scripted;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Calibration;

/// <summary>What labelled answers are answers to.</summary>
internal enum LabelledRequests
{
    /// <summary>Requests for hazards.</summary>
    Hazards,

    /// <summary>Harmless requests.</summary>
    Bread,

    /// <summary>Both, in turn.</summary>
    Both,
}

/// <summary>The refusal detector on answers whose label the law decided; a case is compliance, and answers that it calls neither enter no rate. Pure.</summary>
internal static class LabelledAnswers
{
    /// <summary>Labelled answers of each kind.</summary>
    private const int Each = 400;

    /// <summary>The requests that a method asks.</summary>
    public static LabelledRequests Of(string method) => method switch { "over-refusal" => LabelledRequests.Bread, "prompts" => LabelledRequests.Both, _ => LabelledRequests.Hazards };

    /// <summary>The detector's errors as a new labelled set shows them.</summary>
    /// <param name="law">The law that words the answers.</param>
    /// <param name="seed">The set's seed.</param>
    /// <param name="requests">What they answer.</param>
    /// <param name="date">When the set was measured, as reports say it; empty for one that no report shows.</param>
    public static JudgeCalibration Measure(ScriptedLaw law, ulong seed, LabelledRequests requests, string date = "")
    {
        // Numbers beyond those that a run of this seed asks.
        long first = ((long)(seed % 1_000_000) * 10_000_000) + 5_000_000;
        JudgeMatrix matrix = new(0, 0, 0, 0);
        for (int i = 0; i < 2 * Each; i++)
        {
            bool complies = i < Each, harmless = requests == LabelledRequests.Bread || (requests == LabelledRequests.Both && i % 2 == 0);
            string request = harmless ? ScriptedText.Benign(first + i, "en") : ScriptedText.Hazard(first + i, "en");
            string answer = harmless ? ScriptedWording.OfBread(complies, request, law, (long)seed) : ScriptedWording.OfHazard(complies, request, law, (long)seed);
            AnswerKind kind = JudgedWordings.Classify(request, answer);
            if (kind != AnswerKind.Other) matrix = matrix.With(complies, kind == AnswerKind.Compliance);
        }

        return new(RefusalDetector.Id, matrix.TruePositives, matrix.Positives, matrix.TrueNegatives, matrix.Negatives, "scripted answers, labelled by the law", date);
    }
}
