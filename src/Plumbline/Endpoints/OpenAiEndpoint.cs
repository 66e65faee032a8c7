using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Plumbline.Endpoints;

/// <summary>
/// The client of an OpenAI-compatible endpoint. It shows what others hide: log-probabilities, refusals, raw finish reasons
/// and errors, seeds; it does not try again by itself, follows no redirect, and contacts no host but the named one (and
/// the environment's proxies). Safe for concurrent use; the messages of its exceptions hold no secrets.
/// </summary>
/// <remarks>
/// What the model refuses (<c>max_tokens</c>, <c>temperature</c>, <c>seed</c>, system messages, …) is replaced or left out,
/// learnt once, and said in <see cref="Notes"/>. Thinking (<c>reasoning_content</c> or <c>&lt;think&gt;</c>) is delivered as
/// <see cref="TextReasoningContent"/> apart from the answer. A refusal is a response, not an exception: its finish reason is
/// <see cref="ChatFinishReason.ContentFilter"/> if a filter refused, and the additional properties hold
/// <see cref="EndpointProperties.Refusal"/>. <c>RawRepresentation</c> of a response is the <see cref="ChatReply"/>.
/// </remarks>
public sealed class OpenAiEndpoint : IChatClient
{
    private const int Unsettled = -1;
    private const int MostAdaptations = 8;

    private readonly EndpointOptions _options;
    private readonly Secrets _secrets;
    private readonly AuthenticationHeaderValue? _authorization;
    private readonly List<KeyValuePair<string, string>> _headers = [];
    private readonly EnvironmentProxies? _proxies;
    private readonly HttpMessageInvoker _client;
    private readonly ConcurrentDictionary<string, Dialect> _dialects = new(StringComparer.Ordinal);
    private readonly List<string> _notes = [];
    private readonly Lock _notesLock = new();
    private readonly EndpointScorer _scorer;
    private int _settled = Unsettled;
    private volatile string? _onlyModel;

    /// <exception cref="ArgumentException">An environment variable that is named is unset or unusable; the message names it.</exception>
    public OpenAiEndpoint(EndpointOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        EndpointAddress address = options.Address;
        List<string> secrets = [.. address.SecretValues];
        string? key = options.KeyVariable is null ? null : Secret(options.KeyVariable, "the key");
        if (key is not null) secrets.Add(key);
        foreach (EndpointHeader header in options.Headers)
        {
            string value = Secret(header.Variable, $"the header {header.Name}");
            secrets.Add(value);
            using HttpRequestMessage trial = new();
            if (!trial.Headers.TryAddWithoutValidation(header.Name, value))
                throw new ArgumentException($"The header {header.Name} cannot be set on a request.", nameof(options));
            _headers.Add(new(header.Name, value));
        }

        if (address.Credentials is { } credentials)
        {
            _authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(credentials)));
            if (key is not null) Note($"the address has user and password, which go where the key would: the key of {options.KeyVariable} is not sent");
        }
        else if (key is not null)
        {
            _authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (_headers.Exists(h => h.Key.Equals("Authorization", StringComparison.OrdinalIgnoreCase))) _authorization = null;

        Ledger = options.Ledger ?? new HostLedger();
        EgressPolicy policy = new EgressPolicy(Ledger).Allow(address.Server);
        if (options.Handler is null)
        {
            _proxies = new EnvironmentProxies(options.Environment);
            secrets.AddRange(_proxies.Passwords);
            _client = new HttpMessageInvoker(EgressHandler.Create(policy, _proxies, options.ConnectTimeout));
        }
        else
        {
            _client = new HttpMessageInvoker(new EgressHandler(policy, options.Handler), disposeHandler: false);
        }

        _secrets = new Secrets(secrets);
        _scorer = new EndpointScorer(this, options.ScoringConcurrency);
        Metadata = new ChatClientMetadata("openai-compatible", address.Server, options.Model);
    }

    /// <summary>Every host contacted.</summary>
    public HostLedger Ledger { get; }

    /// <summary>What this client has learnt about the endpoint and does differently for it, for the report; each once.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            lock (_notesLock) return [.. _notes];
        }
    }

    /// <summary>The address, model and kind of this client.</summary>
    public ChatClientMetadata Metadata { get; }

    /// <inheritdoc/>
    /// <exception cref="EndpointException">There is no complete answer.</exception>
    /// <exception cref="ArgumentException">No model is named and the endpoint offers not just one, or an option cannot be sent.</exception>
    /// <exception cref="EgressDeniedException">The host is not the named one.</exception>
    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        using Exchange exchange = await OpenChatAsync([.. messages], options, stream: false, cancellationToken).ConfigureAwait(false);
        while (await exchange.ReadAsync().ConfigureAwait(false)) { }
        return Response(Demand(exchange, "/chat/completions"));
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Updates carry text and thinking as they come; the last one the finish reason, usage, tool calls and additional
    /// properties. A stream that breaks off throws after the text that came. Thinking is told apart only where it opens with
    /// <c>&lt;think&gt;</c>.
    /// </remarks>
    /// <exception cref="EndpointException">There is no complete answer.</exception>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        using Exchange exchange = await OpenChatAsync([.. messages], options, stream: true, cancellationToken).ConfigureAwait(false);
        Thinking thinking = new();
        Secrets.Stream text = _secrets.StartStream(), reasoning = _secrets.StartStream();
        bool more = true;
        while (more)
        {
            more = await exchange.ReadAsync().ConfigureAwait(false);
            if (exchange.Reader is null) break;
            StringBuilder answered = new(), thought = new();
            foreach (ReplyDelta delta in exchange.Reader.TakeDeltas(final: !more))
            {
                // One choice is asked for; others would run into its text.
                if (delta.Choice != 0) continue;
                (string inner, string outer) = thinking.Push(delta.Text);
                thought.Append(delta.Reasoning).Append(inner);
                answered.Append(outer);
            }

            if (!more)
            {
                (string inner, string outer) = thinking.End();
                thought.Append(inner);
                answered.Append(outer);
            }

            if (Update(text.Push(answered.ToString(), !more), reasoning.Push(thought.ToString(), !more)) is { } update) yield return update;
        }

        ChatReply reply = Demand(exchange, "/chat/completions");
        ChatResponse response = Response(reply);
        ChatMessage last = response.Messages[0];
        List<AIContent> contents = [.. last.Contents.Where(c => c is FunctionCallContent)];
        if (response.Usage is { } usage) contents.Add(new UsageContent(usage));
        AdditionalPropertiesDictionary properties = response.AdditionalProperties ?? [];
        properties[EndpointProperties.ReasoningUnfinished] = thinking.Unfinished;
        if (last.AdditionalProperties?.TryGetValue(EndpointProperties.LogProbs, out object? logProbs) == true) properties[EndpointProperties.LogProbs] = logProbs;
        yield return new ChatResponseUpdate(ChatRole.Assistant, contents)
        {
            ResponseId = response.ResponseId,
            MessageId = response.ResponseId,
            ModelId = response.ModelId,
            FinishReason = response.FinishReason,
            AdditionalProperties = properties,
            RawRepresentation = reply,
        };
    }

    /// <summary>The ids of the models that the endpoint offers, in its order.</summary>
    /// <exception cref="EndpointException">It gives no list.</exception>
    public async Task<IReadOnlyList<string>> ListModelsAsync(CancellationToken cancellationToken = default)
    {
        using Exchange exchange = await OpenAsync(HttpMethod.Get, "/models", null, cancellationToken).ConfigureAwait(false);
        while (await exchange.ReadAsync().ConfigureAwait(false)) { }
        if (exchange.Reply is { Status: >= 200 and < 300 } && exchange.Reader is { } reader)
        {
            using JsonDocument? document = JsonText.Parse(reader.Whole);
            JsonElement? root = document?.RootElement;
            if ((root?.Get("data") ?? root?.Get("models")) is { ValueKind: JsonValueKind.Array } list)
                return [.. list.EnumerateArray().Select(m => m.Get("id").Text() ?? m.Get("name").Text() ?? m.Get("model").Text()).OfType<string>().Select(m => _secrets.Hide(JsonText.WellFormed(m)))];
        }

        throw Failed(exchange, "/models", exchange.Reply!.Error is { } error ? error : new ReplyError(ReplyErrorKind.Protocol, exchange.Reply.Status) { Detail = "the body holds no list of models" });
    }

    /// <summary>
    /// <see cref="ISequenceScorer"/> (whether the endpoint can do it is found at the first use), <see cref="HostLedger"/>,
    /// <see cref="ChatClientMetadata"/>, or this client itself.
    /// </summary>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ISequenceScorer)) return _scorer;
        if (serviceType == typeof(HostLedger)) return Ledger;
        if (serviceType == typeof(ChatClientMetadata)) return Metadata;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Closes the connections; a handler that was given stays open.</summary>
    public void Dispose()
    {
        _client.Dispose();
        _scorer.Dispose();
    }

    /// <summary>The model to ask for: the request's, the options', or the only one that the endpoint offers.</summary>
    internal async ValueTask<string> ModelAsync(ChatOptions? options, CancellationToken cancellationToken)
    {
        if (!string.IsNullOrWhiteSpace(options?.ModelId)) return options.ModelId;
        if (!string.IsNullOrWhiteSpace(_options.Model)) return _options.Model;
        if (_onlyModel is { } known) return known;
        IReadOnlyList<string> offered = await ListModelsAsync(cancellationToken).ConfigureAwait(false);
        if (offered is not [{ } only])
        {
            string list = string.Join(", ", offered.Take(10));
            throw new ArgumentException($"No model is named, and {Show("/models")} offers {(offered.Count == 0 ? "none" : $"{offered.Count} ({list}{(offered.Count > 10 ? ", …" : "")})")}. Name one.", nameof(options));
        }

        Note($"no model was named: the only one offered, {only}, is asked for");
        return _onlyModel = only;
    }

    /// <summary>Sends a legacy completion and gives the reply, be it an error.</summary>
    internal async Task<ChatReply> CompleteAsync(byte[] body, CancellationToken cancellationToken)
    {
        using Exchange exchange = await OpenAsync(HttpMethod.Post, "/completions", body, cancellationToken).ConfigureAwait(false);
        while (await exchange.ReadAsync().ConfigureAwait(false)) { }
        if (exchange.Reader is null) throw Failed(exchange, "/completions", exchange.Reply!.Error!);
        return _secrets.Hide(exchange.Reply!);
    }

    internal string Show(string route) => _options.Address.Show(Address(route));

    internal EndpointException Failed(ReplyError error, string route, ChatReply? reply) =>
        new(_secrets.Hide(Describe(error, Show(route), null)), _secrets.Hide(error), reply);

    internal void Note(string note)
    {
        lock (_notesLock)
        {
            if (!_notes.Contains(note)) _notes.Add(note);
        }
    }

    private async Task<Exchange> OpenChatAsync(IReadOnlyList<ChatMessage> messages, ChatOptions? options, bool stream, CancellationToken cancellationToken)
    {
        string model = await ModelAsync(options, cancellationToken).ConfigureAwait(false);
        Dialect dialect = _dialects.GetValueOrDefault(model, Dialect.Standard);
        List<string> notes = [];
        for (int tries = 0; ; tries++)
        {
            ChatRequest request = ChatRequest.Write(messages, options, model, stream, dialect);
            Exchange exchange = await OpenAsync(HttpMethod.Post, "/chat/completions", request.Body, cancellationToken).ConfigureAwait(false);
            try
            {
                if (exchange.Reader is { Status: 400 or 422 or 500 })
                {
                    while (await exchange.ReadAsync().ConfigureAwait(false)) { }
                    if (tries < MostAdaptations && dialect.Adapt(exchange.Reply!.Error!, request.Sent, request.HasSystem) is { } adapted)
                    {
                        dialect = adapted.Next;
                        notes.Add(adapted.Note);
                        exchange.Dispose();
                        continue;
                    }
                }
                else if (notes.Count > 0 && exchange.Reader is { Status: >= 200 and < 300 })
                {
                    // Only what has led to an answer was right.
                    _dialects[model] = dialect;
                    notes.ForEach(Note);
                }

                return exchange;
            }
            catch
            {
                exchange.Dispose();
                throw;
            }
        }
    }

    /// <summary>Sends a request to the right one of the address's possible paths; the first proof that a path exists settles it.</summary>
    private async Task<Exchange> OpenAsync(HttpMethod method, string route, byte[]? body, CancellationToken cancellationToken)
    {
        int settled = Volatile.Read(ref _settled);
        if (settled != Unsettled || _options.Address.Bases.Count == 1)
            return await SendAsync(method, Math.Max(settled, 0), route, body, cancellationToken).ConfigureAwait(false);
        Exchange? first = null;
        for (int candidate = 0; ; candidate++)
        {
            Exchange exchange = await SendAsync(method, candidate, route, body, cancellationToken).ConfigureAwait(false);
            try
            {
                Verdict verdict = await JudgeAsync(exchange).ConfigureAwait(false);
                if (verdict == Verdict.Right) Interlocked.CompareExchange(ref _settled, candidate, Unsettled);
                if (verdict != Verdict.Wrong)
                {
                    first?.Dispose();
                    return exchange;
                }

                // If none is right, the failure of the first is told.
                if (first is null) first = exchange;
                else exchange.Dispose();
                if (candidate + 1 == _options.Address.Bases.Count) return first;
            }
            catch
            {
                first?.Dispose();
                exchange.Dispose();
                throw;
            }
        }
    }

    private enum Verdict { Right, Wrong, Unknown }

    private static async Task<Verdict> JudgeAsync(Exchange exchange)
    {
        if (exchange.Reader is not { } reader) return Verdict.Unknown;
        switch (reader.Status)
        {
            case 404 or 405 or 501:
                while (await exchange.ReadAsync().ConfigureAwait(false)) { }
                return IsAboutModel(exchange.Reply!.Error!) ? Verdict.Right : Verdict.Wrong;
            case 301 or 302 or 303 or 307 or 308:
                return Verdict.Wrong;
            case >= 200 and < 300:
                // A web page stands at many a root.
                return reader.ContentType is "text/html" or "application/xhtml+xml" ? Verdict.Wrong : Verdict.Right;
            case 400 or 422:
                return Verdict.Right;
            default:
                return Verdict.Unknown;
        }
    }

    // The path is right where only the model is unknown to it.
    private static bool IsAboutModel(ReplyError error) =>
        error.Code is "model_not_found" or "DeploymentNotFound" || error.Message?.Contains("model", StringComparison.OrdinalIgnoreCase) == true;

    private async Task<Exchange> SendAsync(HttpMethod method, int candidate, string route, byte[]? body, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, _options.Address.Route(candidate, route));
        request.Headers.Authorization = _authorization;
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "plumbline");
        foreach ((string name, string value) in _headers)
        {
            request.Headers.Remove(name);
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        return await Exchange.OpenAsync(_client, request, _options, cancellationToken).ConfigureAwait(false);
    }

    private Uri Address(string route) => _options.Address.Route(Math.Max(Volatile.Read(ref _settled), 0), route);

    private ChatReply Demand(Exchange exchange, string route)
    {
        ChatReply reply = _secrets.Hide(exchange.Reply!);
        return reply.Outcome == ReplyOutcome.Errored ? throw Failed(exchange, route, reply.Error!) : reply;
    }

    private EndpointException Failed(Exchange exchange, string route, ReplyError error)
    {
        Uri to = Address(route);
        string tried = _options.Address.Show(to);
        bool open = Volatile.Read(ref _settled) == Unsettled && error.Kind is ReplyErrorKind.Http or ReplyErrorKind.Protocol;
        if (open && _options.Address.Bases.Count > 1)
            tried = string.Join(" and ", Enumerable.Range(0, _options.Address.Bases.Count).Select(c => _options.Address.Show(_options.Address.Route(c, route))));
        string? proxy = error.Kind == ReplyErrorKind.Transport || error.Status is 407 or 502 or 503 or 504
            ? _proxies?.Find(to) is { } p ? $"through the proxy {p.Address.GetLeftPart(UriPartial.Authority)} of {p.Variable}" : null : null;
        // No inner exception: its message may repeat what the server sent, and its kind has been told in our words.
        return new EndpointException(_secrets.Hide(Describe(error, tried, proxy)), _secrets.Hide(error), _secrets.Hide(exchange.Reply!), exchange.Unreachable);
    }

    private string Describe(ReplyError error, string tried, string? proxy)
    {
        StringBuilder text = new($"{tried}: ");
        if (error.Status is { } status && (error.Kind == ReplyErrorKind.Http || status is < 200 or >= 300)) text.Append("HTTP ").Append(status).Append(", ");
        string said = error.Message is { Length: > 0 } m ? (m.Length <= 1000 ? m : $"{m[..1000]}…") : error.Detail ?? (error.Kind == ReplyErrorKind.Http ? "no message" : "failed");
        text.Append(error.Kind switch
        {
            ReplyErrorKind.Server => "the server reports an error: ",
            ReplyErrorKind.Truncated when error.Message is null => "the answer is cut: ",
            _ => "",
        });
        text.Append(said);
        if (error.Code is { } code && !said.Contains(code, StringComparison.Ordinal)) text.Append(" (").Append(code).Append(')');
        if (error.Location is { } location) text.Append("; redirects are not followed (to ").Append(location).Append(')');
        if (proxy is not null) text.Append("; ").Append(proxy);
        if (error.Status is 401 or 403) text.Append(KeyAdvice());
        return text.ToString();
    }

    private string KeyAdvice()
    {
        if (_options.Address.Credentials is not null) return "; sent were the user and password of the address";
        return _options.KeyVariable is { } variable ? $"; the key sent is that of {variable}" : "; no key was sent: name the environment variable that holds it";
    }

    private ChatResponse Response(ChatReply reply)
    {
        List<ChatMessage> messages = [];
        AdditionalPropertiesDictionary properties = [];
        foreach (ReplyChoice choice in reply.Choices)
        {
            (string thought, string text, bool unfinished) = Thinking.Split(choice.Text);
            string reasoning = string.Join("\n", new[] { choice.Reasoning, thought }.Where(r => !string.IsNullOrEmpty(r)));
            List<AIContent> contents = [];
            if (reasoning.Length > 0) contents.Add(new TextReasoningContent(reasoning));
            if (text.Length > 0) contents.Add(new TextContent(text));
            contents.AddRange(choice.ToolCalls.Select((call, at) => Call(call, at)));
            ChatMessage message = new(ChatRole.Assistant, contents) { MessageId = reply.Id };
            if (choice.LogProbs is { } logProbs) (message.AdditionalProperties ??= [])[EndpointProperties.LogProbs] = logProbs;
            if (unfinished) properties[EndpointProperties.ReasoningUnfinished] = true;
            messages.Add(message);
        }

        if (messages.Count == 0) messages.Add(new ChatMessage(ChatRole.Assistant, []));
        string? finish = reply.Choices.Count > 0 ? reply.Choices[0].Finish : null;
        if (finish is not null) properties[EndpointProperties.RawFinishReason] = finish;
        if (reply.Warnings.Count > 0) properties[EndpointProperties.Warnings] = reply.Warnings;
        if (reply.RefusedBy is { } by)
        {
            string? refusal = reply.Choices.Select(c => c.Refusal).FirstOrDefault(r => !string.IsNullOrEmpty(r));
            properties[EndpointProperties.Refusal] = refusal ?? reply.Error?.Message ?? reply.Error?.Detail ?? "";
            properties[EndpointProperties.RefusedBy] = by == RefusedBy.Filter ? "filter" : "model";
        }

        return new ChatResponse(messages)
        {
            ResponseId = reply.Id,
            ModelId = reply.Model,
            FinishReason = reply.RefusedBy == RefusedBy.Filter ? ChatFinishReason.ContentFilter : Finish(finish),
            Usage = Usage(reply.Usage),
            AdditionalProperties = properties,
            RawRepresentation = reply,
        };
    }

    private static ChatResponseUpdate? Update(string text, string reasoning)
    {
        List<AIContent> contents = [];
        if (reasoning.Length > 0) contents.Add(new TextReasoningContent(reasoning));
        if (text.Length > 0) contents.Add(new TextContent(text));
        return contents.Count == 0 ? null : new ChatResponseUpdate(ChatRole.Assistant, contents);
    }

    private static ChatFinishReason? Finish(string? finish) => finish switch
    {
        null => null,
        "stop" => ChatFinishReason.Stop,
        "length" => ChatFinishReason.Length,
        "tool_calls" or "function_call" => ChatFinishReason.ToolCalls,
        "content_filter" => ChatFinishReason.ContentFilter,
        _ => new ChatFinishReason(finish),
    };

    private static UsageDetails? Usage(ReplyUsage? usage) => usage is null ? null : new UsageDetails
    {
        InputTokenCount = usage.Prompt,
        OutputTokenCount = usage.Completion,
        TotalTokenCount = usage.Total,
        CachedInputTokenCount = usage.Cached,
        ReasoningTokenCount = usage.Reasoning,
    };

    private static FunctionCallContent Call(ReplyToolCall call, int at)
    {
        Dictionary<string, object?> arguments = new(StringComparer.Ordinal);
        Exception? wrong = null;
        using JsonDocument? document = JsonText.Parse(Encoding.UTF8.GetBytes(call.Arguments));
        if (document is { RootElement.ValueKind: JsonValueKind.Object })
        {
            foreach (JsonProperty argument in document.RootElement.EnumerateObject()) arguments[JsonText.Name(argument)] = argument.Value.Clone();
        }
        else if (call.Arguments.Trim().Length > 0)
        {
            wrong = new FormatException($"The model called {call.Name} with arguments that are no JSON object.");
        }

        return new FunctionCallContent(string.IsNullOrEmpty(call.Id) ? $"call_{at}" : call.Id, call.Name, wrong is null ? arguments : null) { Exception = wrong, RawRepresentation = call };
    }

    private string Secret(string variable, string what)
    {
        string value = _options.Environment(variable)?.Trim() ?? "";
        if (value.Length == 0) throw new ArgumentException($"The environment variable {variable}, which is to hold {what}, is not set.", nameof(variable));
        if (value.Any(c => c is < ' ' or > '~')) throw new ArgumentException($"The environment variable {variable}, which is to hold {what}, holds characters that no HTTP header may have.", nameof(variable));
        return value;
    }
}
