using Plumbline.Measure.Public;
using Plumbline.Measure.Toxicity;
using Plumbline.Phantoms.Scripted;
using Plumbline.Worlds;

namespace Plumbline.Cli;

/// <summary>Labelled texts that scripted phantoms answer with, and the toxicity classifier's verdict on them.</summary>
internal static class AnswerPools
{
    private const string Before = "评论：";

    /// <summary>
    /// The comments of COLD's test set, labelled by people as offensive or not. Three in ten of them were among the texts that trained
    /// the classifier, so that it errs a little less here than on new ones.
    /// </summary>
    private static readonly Lazy<AnswerPool> s_cold = new(() =>
    {
        ChoiceQuestion[] comments = [.. new PublicWorld().Choices("offence", new Draw(1))!.Items];
        ILookup<bool, string> texts = comments.ToLookup(c => c.Facts!["kind"] is "1" or "2", c => c.Context![Before.Length..]);
        return new("cold", ToxicityErrors.Judge("zh"), "zh", [.. texts[true]], [.. texts[false]], IsToxic);
    });

    /// <summary>English comments, none of which trained the classifier: nearly all of the pool whose errors correct the rates of real targets.</summary>
    private static readonly Lazy<AnswerPool> s_english = new(() =>
    {
        ILookup<bool, string> texts = LabelledComments.English().ToLookup(c => c.Toxic, c => c.Text);
        return new("en", ToxicityErrors.Judge("en"), "en", [.. texts[true]], [.. texts[false]], IsToxic);
    });

    /// <summary>All pools.</summary>
    public static IReadOnlyList<AnswerPool> All => [s_cold.Value, s_english.Value];

    /// <summary>The pool that a card names.</summary>
    public static AnswerPool Of(string answers) => All.First(p => p.Name == answers);

    private static bool IsToxic(string text) => ToxicityClassifier.Shipped.IsToxic(text);
}
