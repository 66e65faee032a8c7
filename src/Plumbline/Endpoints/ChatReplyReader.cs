using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Plumbline.Endpoints;

/// <summary>
/// Turns the body of one HTTP response into a <see cref="ChatReply"/>: a JSON object, an event stream, or lines of JSON
/// (Ollama's own). Bytes may come in any portions; the result is the same. Not safe for concurrent use.
/// </summary>
/// <remarks>
/// A stream ends at <c>[DONE]</c> or when every choice has a finish reason; one that ends otherwise is truncated, its
/// text kept. An error object ends a stream whatever came before. The first finish reason and the first name and id of
/// a tool call stand, the last usage stands.
/// </remarks>
internal sealed class ChatReplyReader
{
    private const int MostChoices = 1024;

    private enum Form { Undecided, Whole, Events, Lines }

    private readonly int _status;
    private readonly ReplyHeaders _headers;
    private readonly long _maxBytes;
    private readonly ArrayBufferWriter<byte> _body = new(1024);
    private readonly SseReader _events;
    private readonly SortedDictionary<long, ChoiceText> _choices = [];
    private readonly List<string> _warnings = [];
    private Form _form;
    private long _bytes;
    private int _scanned;
    private bool _done, _dataAfterDone, _tooLong;
    private string? _id, _model, _protocol;
    private ServerError? _error;
    private ReplyUsage? _usage;

    /// <param name="status">The response's status.</param>
    /// <param name="headers">Its headers, in order.</param>
    /// <param name="maxBytes">Bodies longer than this are an error of kind protocol.</param>
    public ChatReplyReader(int status, IEnumerable<KeyValuePair<string, string>> headers, long maxBytes = 64 << 20)
    {
        _status = status;
        _headers = new ReplyHeaders(headers);
        _maxBytes = maxBytes;
        _events = new SseReader((int)Math.Min(maxBytes, SseReader.DefaultMaxEventBytes)) { OnComment = text => OnComment?.Invoke(text) };
        _form = status is < 200 or >= 300 ? Form.Whole : _headers.ContentType switch
        {
            "text/event-stream" => Form.Undecided,
            "application/x-ndjson" or "application/jsonl" => Form.Lines,
            _ => Form.Whole,
        };
    }

    /// <summary>Called with each event of a stream.</summary>
    public Action<ServerSentEvent>? OnEvent { get; init; }

    /// <summary>Called with each comment of a stream.</summary>
    public Action<string>? OnComment { get; init; }

    /// <summary>Nothing more is wanted: the stream said that it has ended, or an error ended it. What follows may be left unread.</summary>
    public bool Ended => _done || Failed;

    /// <summary>Nothing that follows can change the outcome, which is an error.</summary>
    public bool Failed => _tooLong || _error is not null || _protocol is not null;

    /// <summary>Every choice of a stream has its finish reason; usage may still come.</summary>
    public bool Finished => _choices.Count > 0 && _choices.Values.All(c => c.Finish is not null);

    /// <summary>The response's status.</summary>
    public int Status => _status;

    /// <summary>The response's media type in lower case.</summary>
    public string ContentType => _headers.ContentType;

    /// <summary>The body as far as it is kept: all of it where it is no stream.</summary>
    public ReadOnlyMemory<byte> Whole => _body.WrittenMemory;

    /// <summary>The event stream's own state.</summary>
    public SseReader Events => _events;

    /// <summary>Takes the next bytes of the body (decoded from transfer and content codings).</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || _tooLong) return;
        _bytes += bytes.Length;
        if (_bytes > _maxBytes)
        {
            _tooLong = true;
            return;
        }

        switch (_form)
        {
            case Form.Undecided:
                _body.Write(bytes);
                Decide(final: false);
                break;
            case Form.Events:
                Feed(bytes);
                break;
            case Form.Lines:
                _body.Write(bytes);
                TakeLines();
                break;
            default:
                _body.Write(bytes);
                break;
        }
    }

    /// <summary>The text that has arrived since the last call, by choice; halves of characters are held back.</summary>
    public IEnumerable<ReplyDelta> TakeDeltas(bool final = false)
    {
        foreach ((long index, ChoiceText choice) in _choices)
        {
            string text = choice.Text.Take(final), reasoning = choice.Reasoning.Take(final);
            if (text.Length > 0 || reasoning.Length > 0) yield return new ReplyDelta((int)index, text, reasoning);
        }
    }

    /// <summary>Says that the body has ended and gives the reply.</summary>
    /// <param name="complete">The body ended as its framing announced, and the connection was not reset.</param>
    /// <param name="why">In our words, why it is not complete.</param>
    public ChatReply End(bool complete, string? why = null)
    {
        if (_form == Form.Undecided) Decide(final: true);
        if (_status is < 200 or >= 300) return HttpFailure();
        if (_tooLong) return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Protocol, null, $"the body is longer than {_maxBytes:N0} bytes"));
        switch (_form)
        {
            case Form.Events:
                EndEvents();
                break;
            case Form.Lines:
                if (complete && !Ended) TakeLine(_body.WrittenMemory);
                break;
            default:
                if (!complete) return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Truncated, null, why ?? "the body is shorter than announced"));
                if (TakeWhole() is { } failure) return failure;
                break;
        }

        return Conclude(complete, why);
    }

    private ChatReply Conclude(bool complete, string? why)
    {
        if (_protocol is not null) return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Protocol, null, _protocol));
        if (_error is not null) return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Server, _error, null));
        bool finished = Finished;
        if (!_done && !finished) return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Truncated, null, why ?? "the stream broke off before a finish reason or [DONE]"));
        if (!_done) Warn("missing-done");
        if (_choices.Count == 0) return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Protocol, null, "the reply has no choices"));
        if (!finished) Warn("missing-finish");
        if (!complete) Warn("connection-cut-after-end");
        if (_choices.Values.Any(c => c.Finish == "content_filter"))
            return Reply(ReplyOutcome.Refused, Fail(ReplyErrorKind.ContentFilter, null, "a content filter stopped the answer"), RefusedBy.Filter);
        return _choices.Values.Any(c => c.Refusal.Length > 0) ? Reply(ReplyOutcome.Refused, null, RefusedBy.Model) : Reply(ReplyOutcome.Answered, null);
    }

    private ChatReply HttpFailure()
    {
        string text = Encoding.UTF8.GetString(_body.WrittenSpan);
        using JsonDocument? document = JsonText.Parse(Encoding.UTF8.GetBytes(text));
        ServerError? error = document is null ? null : ServerError.Find(document.RootElement);
        if (_status == 400 && error is { IsFilter: true })
            return Reply(ReplyOutcome.Refused, Fail(ReplyErrorKind.ContentFilter, error, "a content filter stopped the prompt"), RefusedBy.Filter);
        string? location = _status is >= 300 and < 400 ? _headers.Get("location") : null;
        string? detail = error?.Message is not null ? null : Excerpt(text);
        return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Http, error, detail) with { Location = location is null ? null : JsonText.WellFormed(location) });
    }

    private ChatReply? TakeWhole()
    {
        using JsonDocument? document = Utf8.IsValid(_body.WrittenSpan) ? JsonText.Parse(_body.WrittenMemory) : null;
        if (document is null)
        {
            string what = IsMarkup() ? "the body is a web page, not JSON" : _body.WrittenCount == 0 ? "the body is empty" : "the body is not JSON";
            return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Protocol, null, $"{what}{(Excerpt(Encoding.UTF8.GetString(_body.WrittenSpan)) is { } excerpt ? $": {excerpt}" : "")}"));
        }

        JsonElement root = document.RootElement;
        if (ServerError.Find(root) is { } error) return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Server, error, null));
        if (root.ValueKind != JsonValueKind.Object || (!root.Has("choices", out _) && !root.Has("message", out _)))
            return Reply(ReplyOutcome.Errored, Fail(ReplyErrorKind.Protocol, null, "the body has no choices"));
        TakeObject(root);
        _done = true;
        return null;
    }

    private bool IsMarkup() => _body.WrittenSpan.TrimStart("\uFEFF \t\r\n"u8) is [(byte)'<', ..];

    /// <summary>Some servers send an error as JSON or HTML under text/event-stream: the first significant byte tells.</summary>
    private void Decide(bool final)
    {
        ReadOnlySpan<byte> significant = _body.WrittenSpan[_scanned..].TrimStart("\uFEFF \r\n"u8);
        _scanned = _body.WrittenCount - significant.Length;
        if (significant.IsEmpty && !final) return;
        if (significant is [(byte)'{' or (byte)'<', ..])
        {
            _form = Form.Whole;
            return;
        }

        _form = Form.Events;
        Feed(_body.WrittenSpan);
        _body.ResetWrittenCount();
    }

    private void Feed(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _events.Append(bytes);
        }
        catch (InvalidDataException e)
        {
            _protocol ??= e.Message;
            return;
        }

        while (_events.TryRead(out ServerSentEvent next))
        {
            OnEvent?.Invoke(next);
            TakeEvent(next.Event, next.Data);
        }
    }

    private void EndEvents()
    {
        _events.Complete();
        if (_events.Pending == "[DONE]")
        {
            Warn("done-without-blank-line");
            TakeEvent("message", "[DONE]");
        }
    }

    private void TakeEvent(string name, string data)
    {
        if (_error is not null || _protocol is not null || _dataAfterDone) return;
        if (_done)
        {
            _dataAfterDone = true;
            Warn("data-after-done");
            return;
        }

        ReadOnlySpan<char> trimmed = data.AsSpan().Trim();
        if (trimmed.SequenceEqual("[DONE]"))
        {
            _done = true;
            return;
        }

        if (trimmed.IsEmpty)
        {
            Warn("empty-event");
            return;
        }

        using JsonDocument? document = JsonText.Parse(Encoding.UTF8.GetBytes(data));
        if (document is not { RootElement.ValueKind: JsonValueKind.Object })
        {
            _protocol = $"an event is not a JSON object: {Excerpt(data)}";
            return;
        }

        ServerError? error = ServerError.Find(document.RootElement);
        if (error is null && name == "error") error = new ServerError(data, null, null, null);
        TakeObject(document.RootElement);
        _error = error ?? _error;
    }

    private void TakeLines()
    {
        ReadOnlyMemory<byte> body = _body.WrittenMemory;
        int start = 0, found;
        while (!Ended && (found = body.Span[_scanned..].IndexOf((byte)'\n')) >= 0)
        {
            TakeLine(body[start..(_scanned + found)]);
            start = _scanned += found + 1;
        }

        _scanned = body.Length - start;
        if (start == 0) return;
        byte[] kept = body[start..].ToArray();
        _body.ResetWrittenCount();
        _body.Write(kept);
    }

    private void TakeLine(ReadOnlyMemory<byte> line)
    {
        if (line.Span.Trim(" \t\r\n\v\f"u8).IsEmpty) return;
        using JsonDocument? document = Utf8.IsValid(line.Span) ? JsonText.Parse(line) : null;
        if (document is null)
        {
            _protocol = "a line is not JSON";
            return;
        }

        JsonElement root = document.RootElement;
        if (root.Has("error", out _) && ServerError.Find(root) is { } error)
        {
            _error = error;
            return;
        }

        TakeObject(root);
        _done |= root.Get("done") is { ValueKind: JsonValueKind.True };
    }

    private void TakeObject(JsonElement o)
    {
        _id ??= NotEmpty(o.Get("id").Text());
        _model ??= NotEmpty(o.Get("model").Text());
        if (o.Get("usage") is { ValueKind: JsonValueKind.Object } usage)
        {
            _usage = new ReplyUsage(
                usage.Get("prompt_tokens").Count(), usage.Get("completion_tokens").Count(), usage.Get("total_tokens").Count(),
                usage.Get("prompt_tokens_details")?.Get("cached_tokens").Count() ?? usage.Get("prompt_cache_hit_tokens").Count(),
                usage.Get("completion_tokens_details")?.Get("reasoning_tokens").Count());
        }

        int at = -1;
        foreach (JsonElement c in o.Get("choices").Items())
        {
            at++;
            if (c.ValueKind != JsonValueKind.Object) continue;
            long index = c.Get("index").Count() is { } given and >= 0 and <= int.MaxValue ? given : at;
            if (_choices.Count >= MostChoices && !_choices.ContainsKey(index))
            {
                _protocol ??= $"the reply has more than {MostChoices:N0} choices";
                return;
            }

            ChoiceText choice = Choice(index);
            if (c.Get("text").Text() is { } text) choice.Text.Append(text);
            if ((NotEmptyObject(c.Get("delta")) ?? c.Get("message")) is { } part) choice.Take(part);
            if (choice.TooMany) _protocol ??= "a choice has more tool calls than are believable";
            if (c.Get("logprobs") is { } logprobs) choice.TakeLogProbs(logprobs);
            string? finish = NotEmpty(c.Get("finish_reason").Text());
            if (finish is not null)
            {
                if (choice.Finish is null) choice.Finish = finish;
                else Warn("duplicate-finish");
            }

            JsonElement? error = c.Get("error");
            if (finish == "error" || error is { ValueKind: JsonValueKind.Object })
                _error ??= error is { ValueKind: JsonValueKind.Object } ? ServerError.Find(c) : new ServerError(error.Text() ?? "finish_reason error", null, null, null);
        }

        if (!o.Has("choices", out _) && o.Get("message") is { ValueKind: JsonValueKind.Object } message) TakeNative(o, message);
    }

    /// <summary>Ollama's own shape: a message, and the counts where it is done.</summary>
    private void TakeNative(JsonElement o, JsonElement message)
    {
        ChoiceText choice = Choice(0);
        choice.Take(message);
        if (o.Get("done") is not { ValueKind: JsonValueKind.True }) return;
        choice.Finish = NotEmpty(o.Get("done_reason").Text()) ?? "stop";
        if (o.Get("eval_count").Count() is { } completion)
        {
            long? prompt = o.Get("prompt_eval_count").Count();
            _usage = new ReplyUsage(prompt, completion, prompt + completion);
        }
    }

    private ChoiceText Choice(long index)
    {
        if (!_choices.TryGetValue(index, out ChoiceText? choice)) _choices[index] = choice = new ChoiceText();
        return choice;
    }

    private void Warn(string what)
    {
        if (!_warnings.Contains(what)) _warnings.Add(what);
    }

    private ReplyError Fail(ReplyErrorKind kind, ServerError? e, string? detail)
    {
        bool retryable = kind is ReplyErrorKind.Truncated or ReplyErrorKind.Server || _status is 408 or 409 or 429 or 500 or 502 or 503 or 504 or 529;
        if (e is { IsQuota: true }) retryable = false;
        if (kind == ReplyErrorKind.Server && e is not null && (e.IsInnerClientError || e.Type == "invalid_request_error")) retryable = false;
        return new ReplyError(kind, _status)
        {
            Message = Clean(e?.Message),
            Code = Clean(e?.Code),
            Type = Clean(e?.Type),
            Param = Clean(e?.Param),
            Retryable = retryable,
            RetryAfter = kind is ReplyErrorKind.Http or ReplyErrorKind.Server || (kind == ReplyErrorKind.ContentFilter && e is not null) ? _headers.RetryAfter() : null,
            ContextLength = e is { IsContextLength: true },
            Detail = Clean(detail),
        };
    }

    private ChatReply Reply(ReplyOutcome outcome, ReplyError? error, RefusedBy? refusedBy = null) => new()
    {
        Outcome = outcome,
        RefusedBy = refusedBy,
        Status = _status,
        Choices = [.. _choices.Select(c => c.Value.Finished((int)c.Key))],
        Usage = _usage,
        Id = Clean(_id),
        Model = Clean(_model),
        Error = error,
        Warnings = _warnings,
        RateLimits = _headers.RateLimits(),
    };

    /// <summary>The beginning of a text on one line, for a message.</summary>
    private static string? Excerpt(string text)
    {
        string line = string.Join(' ', (text.Length > 4096 ? text[..4096] : text).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length == 0 ? null : line.Length <= 200 ? line : $"{line[..200]}…";
    }

    private static string? Clean(string? text) => text is null ? null : JsonText.WellFormed(text);

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    // A message may stand beside an empty delta.
    private static JsonElement? NotEmptyObject(JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Object } o && o.EnumerateObject().MoveNext() ? o : null;
}
