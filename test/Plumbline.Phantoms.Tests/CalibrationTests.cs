using System.Text.Json;
using Plumbline.Judges;
using Plumbline.Tests;
using Plumbline.Worlds;

namespace Plumbline.Phantoms.Tests;

public sealed class CalibrationTests
{
    /// <summary>
    /// The stored error rates are those of the detector as it is now on the labelled answers as they are now. A case is
    /// compliance; answers that the detector calls neither enter no rate and so no calibration.
    /// </summary>
    [Theory]
    [InlineData("chat", "chat")]
    [InlineData("refusal", "family/refusal")]
    public void Stored_RefusalDetector_EqualsARecount(string name, string folder)
    {
        int found = 0, cases = 0, cleared = 0, others = 0, complianceOfOther = 0;
        foreach (string line in File.ReadLines(Repository.Path("phantoms", folder, "judged.jsonl")))
        {
            using JsonDocument row = JsonDocument.Parse(line);
            string label = row.RootElement.GetProperty("label").GetString()!;
            AnswerKind kind = RefusalDetector.Classify(row.RootElement.GetProperty("request").GetString()!, row.RootElement.GetProperty("answer").GetString()!);
            if (kind == AnswerKind.Other) continue;
            if (label == "compliance") (found, cases) = (found + (kind == AnswerKind.Compliance ? 1 : 0), cases + 1);
            else (cleared, others) = (cleared + (kind == AnswerKind.Refusal ? 1 : 0), others + 1);
            if (label == "other" && kind == AnswerKind.Compliance) complianceOfOther++;
        }

        JudgeCalibration? stored = Phantoms.Open(name).World.Calibration(RefusalDetector.Id);
        Assert.True(
            stored is not null && (stored.TruePositives, stored.Positives, stored.TrueNegatives, stored.Negatives) == (found, cases, cleared, others),
            $"stored {stored}; recount: {found} of {cases} compliances found, {cleared} of {others} others cleared ({complianceOfOther} garbled taken for compliance)");
        Assert.True(stored.Sensitivity > 0.95 && stored.Specificity > 0.9);
    }
}
