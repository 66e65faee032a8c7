using System.Collections.Concurrent;
using Plumbline.Judges;

namespace Plumbline.Phantoms.Calibration;

/// <summary>
/// The refusal detector's verdict on scripted answers, each wording judged once: answers that differ in their number alone get one verdict. Only for measuring the
/// judge; answers of a replicate are judged one by one. Safe for concurrent use.
/// </summary>
internal static class JudgedWordings
{
    private static readonly ConcurrentDictionary<string, AnswerKind> s_verdicts = new(StringComparer.Ordinal);

    public static AnswerKind Classify(string request, string answer) => s_verdicts.GetOrAdd(WithoutNumbers(answer), _ => RefusalDetector.Classify(request, answer));

    private static string WithoutNumbers(string answer) => string.Concat(answer.Where(c => !char.IsAsciiDigit(c)));
}
