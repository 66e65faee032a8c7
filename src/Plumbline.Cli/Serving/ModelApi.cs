using System.Globalization;
using System.Net.Mime;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Plumbline.Models.Inference;
using Plumbline.Models.Templates;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Cli.Serving;

/// <summary>The routes of the OpenAI-compatible API over one model. Safe for concurrent use.</summary>
internal sealed class ModelApi(ServedModel model, ModelServerOptions options)
{
    private const int MostNesting = 64;

    private readonly byte[]? _key = options.Key is null ? null : SHA256.HashData(Encoding.UTF8.GetBytes(options.Key));
    private readonly long _started = options.Clock.GetUtcNow().ToUnixTimeSeconds();
    private long _requests;

    /// <summary>Answers a request; every failure before the first byte becomes an error object.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away; there is nobody to answer.
        }
        catch (Exception e) when (FaultOf(e, context.Request.Path) is { } fault)
        {
            if (context.Response.HasStarted)
            {
                await context.Response.Body.WriteAsync(Event(ServedJson.Fault(fault)));
                return;
            }

            context.Response.StatusCode = fault.Status;
            if (fault.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = "Bearer";
            await SendAsync(context, ServedJson.Fault(fault));
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        (string method, Func<HttpContext, Task> handle) = path switch
        {
            "/v1/models" => ("GET", ListAsync),
            "/v1/chat/completions" => ("POST", ChatAsync),
            "/v1/completions" => ("POST", CompleteAsync),
            _ when path.StartsWith("/v1/models/", StringComparison.Ordinal) => ("GET", (Func<HttpContext, Task>)DescribeAsync),
            _ => throw new ServerFault(StatusCodes.Status404NotFound, $"There is no {path} here; there are GET /v1/models, POST /v1/chat/completions and POST /v1/completions.", code: "unknown_url"),
        };
        if (context.Request.Method != method)
        {
            context.Response.Headers.Allow = method;
            throw new ServerFault(StatusCodes.Status405MethodNotAllowed, $"{path} takes {method}, not {context.Request.Method}.", code: "method_not_allowed");
        }

        Admit(context.Request);
        return handle(context);
    }

    private void Admit(HttpRequest request)
    {
        if (_key is null) return;
        string given = request.Headers.Authorization.ToString();
        const string Scheme = "Bearer ";
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? given[Scheme.Length..].Trim() : ""));
        if (!CryptographicOperations.FixedTimeEquals(hash, _key)) throw new ServerFault(StatusCodes.Status401Unauthorized, "The key is missing or wrong: send it as 'Authorization: Bearer KEY'.", code: "invalid_api_key");
    }

    private Task ListAsync(HttpContext context) => SendAsync(context, ServedJson.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("object", "list");
        json.WriteStartArray("data");
        ServedJson.Model(json, model.Name, _started);
        json.WriteEndArray();
        json.WriteEndObject();
    }));

    private Task DescribeAsync(HttpContext context)
    {
        Demand(context.Request.Path.Value!["/v1/models/".Length..]);
        return SendAsync(context, ServedJson.Write(json => ServedJson.Model(json, model.Name, _started)));
    }

    private async Task ChatAsync(HttpContext context)
    {
        using JsonDocument document = await BodyAsync(context);
        ServedChatRequest request = ServedChatRequest.Read(new(document.RootElement));
        Demand(request.Model);
        IChatClient chat = model.Chat ?? throw new ServerFault(StatusCodes.Status400BadRequest, $"The model '{model.Name}' has no chat template: use /v1/completions.", "model");
        ServedSampling sampling = Seeded(request.Sampling);
        ChatOptions settings = new()
        {
            MaxOutputTokens = sampling.MaxTokens ?? int.MaxValue,
            Temperature = (float)sampling.Temperature,
            TopP = (float)sampling.TopP,
            Seed = sampling.Seed,
            StopSequences = sampling.Stops.Count > 0 ? [.. sampling.Stops] : null,
            PresencePenalty = (float)sampling.PresencePenalty,
            FrequencyPenalty = (float)sampling.FrequencyPenalty,
        };
        if (request.Stream)
        {
            await StreamChatAsync(context, chat, request, settings);
            return;
        }

        ChatResponse response = await chat.GetResponseAsync(request.Messages, settings, context.RequestAborted);
        await SendAsync(context, ServedJson.ChatReply(Head("chatcmpl", "chat.completion"), response.Text, Finish(response.FinishReason), response.Usage));
    }

    private async Task StreamChatAsync(HttpContext context, IChatClient chat, ServedChatRequest request, ChatOptions settings)
    {
        ServedJson.Head head = Head("chatcmpl", "chat.completion.chunk");
        UsageDetails usage = new();
        string? finish = null;
        bool begun = false;
        await foreach (ChatResponseUpdate update in chat.GetStreamingResponseAsync(request.Messages, settings, context.RequestAborted))
        {
            // Before the first update a failure still has a status of its own.
            if (!begun) await BeginAsync();
            foreach (UsageContent part in update.Contents.OfType<UsageContent>()) usage.Add(part.Details);
            if (update.FinishReason is { } reason) finish = Finish(reason);
            if (update.Text.Length > 0) await PushAsync(context, ServedJson.ChatEvent(head, role: false, update.Text, null, request.IncludeUsage));
        }

        if (!begun) await BeginAsync();
        await PushAsync(context, ServedJson.ChatEvent(head, role: false, null, finish ?? "stop", request.IncludeUsage));
        if (request.IncludeUsage) await PushAsync(context, ServedJson.UsageEvent(head, usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0));
        await DoneAsync(context);

        Task BeginAsync()
        {
            begun = true;
            Stream(context);
            return PushAsync(context, ServedJson.ChatEvent(head, role: true, "", null, request.IncludeUsage));
        }
    }

    private async Task CompleteAsync(HttpContext context)
    {
        using JsonDocument document = await BodyAsync(context);
        ServedCompletionRequest request = ServedCompletionRequest.Read(new(document.RootElement));
        Demand(request.Model);
        ICompletionSource source = model.Completions ?? throw new ServerFault(StatusCodes.Status400BadRequest, $"The model '{model.Name}' serves chat only: use /v1/chat/completions.", "model");
        ServedSampling sampling = Seeded(request.Sampling);
        if (request.Stream)
        {
            await StreamCompletionAsync(context, source, request, sampling);
            return;
        }

        ServedCompletion[] choices = await Task.WhenAll(request.Prompts.Select(p => source.CompleteAsync(p, sampling, request.Echo, request.LogProbs, null, context.RequestAborted)));
        await SendAsync(context, ServedJson.Completion(Head("cmpl", "text_completion"), choices, request.Echo));
    }

    // Prompts one after another; with figures a choice comes whole, since its figures are known at its end.
    private async Task StreamCompletionAsync(HttpContext context, ICompletionSource source, ServedCompletionRequest request, ServedSampling sampling)
    {
        ServedJson.Head head = Head("cmpl", "text_completion");
        long promptTokens = 0, newTokens = 0;
        for (int i = 0; i < request.Prompts.Count; i++)
        {
            System.Threading.Channels.Channel<string> pieces = System.Threading.Channels.Channel.CreateUnbounded<string>();
            Task<ServedCompletion> completing = source.CompleteAsync(
                request.Prompts[i], sampling, request.Echo, request.LogProbs, request.LogProbs is null ? piece => pieces.Writer.TryWrite(piece) : null, context.RequestAborted);
            Task closed = completing.ContinueWith(_ => pieces.Writer.TryComplete(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            bool echoed = !request.Echo || request.LogProbs is not null;
            await foreach (string piece in pieces.Reader.ReadAllAsync(context.RequestAborted))
            {
                if (!context.Response.HasStarted) Stream(context);
                // A text's echo goes before its first piece; the echo of ids is known at the end only, when they are decoded.
                string echo = echoed || request.Prompts[i].Text is not { } prompt ? "" : prompt;
                echoed |= echo.Length > 0;
                if (request.Echo && !echoed) continue;
                await PushAsync(context, ServedJson.CompletionEvent(head, i, echo + piece, null, null, request.IncludeUsage));
            }

            await closed;
            ServedCompletion choice = await completing;
            if (!context.Response.HasStarted) Stream(context);
            string rest = request.LogProbs is not null ? (request.Echo ? choice.Prompt : "") + choice.Text : echoed ? "" : choice.Prompt + choice.Text;
            await PushAsync(context, ServedJson.CompletionEvent(head, i, rest, choice.Tokens, choice.Finish, request.IncludeUsage));
            (promptTokens, newTokens) = (promptTokens + choice.PromptTokens, newTokens + choice.NewTokens);
        }

        if (request.IncludeUsage) await PushAsync(context, ServedJson.UsageEvent(head, promptTokens, newTokens));
        await DoneAsync(context);
    }

    private void Demand(string asked)
    {
        if (!model.Answers(asked)) throw new ServerFault(StatusCodes.Status404NotFound, $"The model '{asked}' is not here; this server has '{model.Name}'.", "model", "model_not_found");
    }

    private ServedSampling Seeded(ServedSampling sampling) => sampling with { Seed = sampling.Seed ?? options.Seed + Interlocked.Increment(ref _requests) - 1 };

    private ServedJson.Head Head(string prefix, string kind) =>
        new($"{prefix}-{Guid.CreateVersion7(options.Clock.GetUtcNow()):N}", kind, options.Clock.GetUtcNow().ToUnixTimeSeconds(), model.Name);

    private static async Task<JsonDocument> BodyAsync(HttpContext context)
    {
        JsonDocument document;
        try
        {
            document = await JsonDocument.ParseAsync(context.Request.Body, new() { MaxDepth = MostNesting }, context.RequestAborted);
        }
        catch (JsonException e)
        {
            string where = e is { LineNumber: { } line, BytePositionInLine: { } column } ? string.Create(CultureInfo.InvariantCulture, $" (line {line + 1}, byte {column + 1})") : "";
            throw new ServerFault(StatusCodes.Status400BadRequest, $"The body is no valid JSON{where}.", code: "invalid_json");
        }

        if (document.RootElement.ValueKind == JsonValueKind.Object) return document;
        string kind = RequestBody.Kind(document.RootElement);
        document.Dispose();
        throw new ServerFault(StatusCodes.Status400BadRequest, $"The body must be a JSON object, not {kind}.", code: "invalid_type");
    }

    private static ServerFault? FaultOf(Exception e, PathString path) => e switch
    {
        ServerFault fault => fault,
        BadHttpRequestException bad => new(bad.StatusCode, bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The body is larger than this server takes." : bad.Message, code: "bad_request"),
        MemoryLimitException memory => ServerFault.TooLong(path == "/v1/chat/completions" ? "messages" : "prompt", Plain(memory)),
        ArgumentException { ParamName: "messages" } argument => ServerFault.TooLong("messages", Plain(argument)),
        ArgumentException argument => new(StatusCodes.Status400BadRequest, Plain(argument)),
        ChatTemplateException template => new(StatusCodes.Status400BadRequest, $"The model's chat template refuses the conversation: {template.Message}", "messages", "chat_template"),
        NotSupportedException unsupported => new(StatusCodes.Status400BadRequest, unsupported.Message),
        TokenizationException tokens => new(StatusCodes.Status400BadRequest, tokens.Message),
        SequenceScoringException scoring => new(StatusCodes.Status400BadRequest, scoring.Message),
        TargetException target => new(StatusCodes.Status500InternalServerError, target.Message),
        _ => null,
    };

    // Without " (Parameter 'messages')", which says nothing to a client.
    private static string Plain(ArgumentException e)
    {
        int end = e.Message.IndexOf(" (Parameter '", StringComparison.Ordinal);
        return end < 0 ? e.Message : e.Message[..end];
    }

    private static string Finish(ChatFinishReason? reason) => reason?.Value ?? "stop";

    private static async Task SendAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        context.Response.ContentType = MediaTypeNames.Application.Json;
        context.Response.ContentLength = json.Length;
        await context.Response.Body.WriteAsync(json, context.RequestAborted);
    }

    private static void Stream(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
    }

    private static async Task PushAsync(HttpContext context, ReadOnlyMemory<byte> json)
    {
        await context.Response.Body.WriteAsync(Event(json), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static async Task DoneAsync(HttpContext context) => await context.Response.Body.WriteAsync("data: [DONE]\n\n"u8.ToArray(), context.RequestAborted);

    private static byte[] Event(ReadOnlyMemory<byte> json) => [.. "data: "u8, .. json.Span, .. "\n\n"u8];
}
