using Plumbline.Measure.Public;
using Plumbline.Measure.Toxicity;
using Plumbline.Phantoms.Scripted;
using Plumbline.Worlds;

namespace Plumbline.Cli;

/// <summary>
/// The comments of COLD's test set, labelled by people as offensive or not, and the toxicity classifier's verdict on them. Three in ten of them were among the texts that trained
/// it, so that it errs a little less here than on new ones.
/// </summary>
internal static class ColdPool
{
    private const string Before = "评论：";

    private static readonly Lazy<AnswerPool> s_shipped = new(() =>
    {
        ChoiceQuestion[] comments = [.. new PublicWorld().Choices("offence", new Draw(1))!.Items];
        ILookup<bool, string> texts = comments.ToLookup(c => c.Facts!["kind"] is "1" or "2", c => c.Context![Before.Length..]);
        return new("cold", ToxicityErrors.Judge("zh"), "zh", [.. texts[true]], [.. texts[false]], text => ToxicityClassifier.Shipped.IsToxic(text));
    });

    /// <summary>The pool.</summary>
    public static AnswerPool Shipped => s_shipped.Value;
}
