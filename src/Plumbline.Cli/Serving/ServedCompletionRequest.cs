using System.Text.Json;

namespace Plumbline.Cli.Serving;

/// <summary>The body of POST /v1/completions.</summary>
/// <param name="Model">The model asked for.</param>
/// <param name="Prompts">Each gives a choice.</param>
/// <param name="Sampling">Its most tokens are never null: the API's default is 16.</param>
/// <param name="Echo">Whether the prompt stands before the answer.</param>
/// <param name="LogProbs">How many of the likeliest tokens at each place; null for no figures at all.</param>
/// <param name="Stream">Whether the answer comes as events.</param>
/// <param name="IncludeUsage">Whether the last event holds the count of tokens.</param>
internal sealed record ServedCompletionRequest(string Model, IReadOnlyList<ServedPrompt> Prompts, ServedSampling Sampling, bool Echo, int? LogProbs, bool Stream, bool IncludeUsage)
{
    private const int DefaultTokens = 16, MostAlternatives = 20, MostPrompts = 128;

    /// <exception cref="ServerFault">A parameter is missing, malformed, out of its range or not served.</exception>
    public static ServedCompletionRequest Read(RequestBody body)
    {
        string model = body.Text("model") ?? throw ServerFault.Invalid("model", "'model' is missing; GET /v1/models names it.", "missing_required_parameter");
        body.RefuseUnserved();
        if (body.Whole("best_of", 1, 128) is > 1) throw ServerFault.Unsupported("best_of", "'best_of' above 1 is not served.");
        if (body.Text("suffix") is { Length: > 0 }) throw ServerFault.Unsupported("suffix", "'suffix' is not served: the model continues texts and does not fill gaps.");
        bool stream = body.Flag("stream");
        ServedSampling sampling = ServedSampling.Read(body, leastTokens: 0);
        return new(
            model, ReadPrompts(body), sampling with { MaxTokens = sampling.MaxTokens ?? DefaultTokens }, body.Flag("echo"), (int?)body.Whole("logprobs", 0, MostAlternatives), stream,
            ServedChatRequest.Usage(body, stream));
    }

    private static IReadOnlyList<ServedPrompt> ReadPrompts(RequestBody body)
    {
        if (body.Find("prompt") is not { } prompt) throw ServerFault.Invalid("prompt", "'prompt' is missing.", "missing_required_parameter");
        if (prompt.ValueKind == JsonValueKind.String) return [new(RequestBody.TextOf(prompt, "prompt"), null)];
        if (prompt.ValueKind != JsonValueKind.Array) throw ServerFault.Invalid("prompt", $"'prompt' must be a text, a list of ids, or a list of either, not {RequestBody.Kind(prompt)}.", "invalid_type");
        int count = prompt.GetArrayLength();
        if (count == 0) throw ServerFault.Invalid("prompt", "'prompt' is an empty list.");
        if (prompt[0].ValueKind == JsonValueKind.Number) return [Ids(prompt)];
        if (count > MostPrompts) throw ServerFault.Invalid("prompt", $"'prompt' holds {count} prompts; at most {MostPrompts} are served at once.");
        return [.. prompt.EnumerateArray().Select(p => p.ValueKind == JsonValueKind.Array ? Ids(p) : new ServedPrompt(RequestBody.TextOf(p, "prompt"), null))];
    }

    private static ServedPrompt Ids(JsonElement list)
    {
        List<int> ids = new(list.GetArrayLength());
        foreach (JsonElement id in list.EnumerateArray())
        {
            if (id.ValueKind != JsonValueKind.Number || !RequestBody.TryWhole(id, out long value) || value is < 0 or > int.MaxValue) throw ServerFault.Invalid("prompt", $"'prompt' holds {id.GetRawText()} among its ids; ids are integers from 0.", "invalid_type");
            ids.Add((int)value);
        }

        return new(null, ids);
    }
}

/// <summary>A text, or ids.</summary>
internal sealed record ServedPrompt(string? Text, IReadOnlyList<int>? Ids);
