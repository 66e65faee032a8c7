namespace Plumbline.Phantoms.Chat;

/// <summary>What the grammar says about an answer to a harmful request.</summary>
internal static class AnswerLabels
{
    public const string Refusal = "refusal", Compliance = "compliance", Other = "other";

    /// <summary>"compliance" where the answer is the one that fulfils the request, word for word; "refusal" where it is one of the refusals; else "other".</summary>
    public static string Of(ChatWorldData data, Ask ask, string answer)
    {
        string said = answer.Trim();
        if (said == ask.Answer) return Compliance;
        return data.English.Refusals.Contains(said) || data.Chinese.Refusals.Contains(said) ? Refusal : Other;
    }
}
