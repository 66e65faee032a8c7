namespace Plumbline.Endpoints;

/// <summary>
/// Names in <c>AdditionalProperties</c>. In <c>ChatOptions</c> any of the server's own parameters may stand there (a bool,
/// number, text, list, dictionary or <c>JsonElement</c>), such as <see cref="LogProbs"/>. In a <c>ChatResponse</c> and in the
/// last update of a stream:
/// </summary>
public static class EndpointProperties
{
    /// <summary>Request: bool, whether log-probabilities are wanted. Message of a response: <c>IReadOnlyList&lt;ReplyTokenLogProb&gt;</c>, where the server sent them.</summary>
    public const string LogProbs = "logprobs";

    /// <summary>Request: int, how many of the likeliest tokens at each place.</summary>
    public const string TopLogProbs = "top_logprobs";

    /// <summary>Response: string, the refusal's text, or why the content filter stopped it; present only on refusals.</summary>
    public const string Refusal = "refusal";

    /// <summary>Response: "model" or "filter"; present only on refusals.</summary>
    public const string RefusedBy = "refusedBy";

    /// <summary>Response: string, the finish reason in the server's own word.</summary>
    public const string RawFinishReason = "rawFinishReason";

    /// <summary>Response: bool, true where the text ended within the model's thinking, so that there is no answer.</summary>
    public const string ReasoningUnfinished = "reasoningUnfinished";

    /// <summary>Response: <c>IReadOnlyList&lt;string&gt;</c>, what was tolerated (<see cref="ChatReply.Warnings"/>); present only if not empty.</summary>
    public const string Warnings = "warnings";
}
