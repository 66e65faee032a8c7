using System.Text;
using System.Text.Json;

namespace Plumbline.Endpoints;

/// <summary>One choice while it grows: a whole message at once, or delta by delta.</summary>
internal sealed class ChoiceText
{
    private static readonly string[] s_reasoning = ["reasoning_content", "reasoning", "thinking"];

    // Far beyond any honest answer; without it a hostile stream could make the search for an id costly.
    private const int MostToolCalls = 1024;

    private readonly SortedDictionary<long, ToolCallText> _tools = [];
    private List<ReplyTokenLogProb>? _logProbs;
    private string? _role;

    public GrowingText Text { get; } = new();

    public GrowingText Reasoning { get; } = new();

    public StringBuilder Refusal { get; } = new();

    public string? Finish { get; set; }

    /// <summary>There were more tool calls than are kept.</summary>
    public bool TooMany { get; private set; }

    /// <summary>Takes a message or a delta.</summary>
    public void Take(JsonElement part)
    {
        _role ??= part.Get("role").Text();
        JsonElement? content = part.Get("content");
        if (content.Text() is { } text) Text.Append(text);
        foreach (JsonElement piece in content.Items())
        {
            if (piece.Get("text").Text() is { } t) Text.Append(t);
        }

        foreach (string key in s_reasoning)
        {
            if (part.Get(key).Text() is not { } thought) continue;
            Reasoning.Append(thought);
            break;
        }

        if (part.Get("refusal").Text() is { } refusal) Refusal.Append(refusal);
        if (part.Get("function_call") is { ValueKind: JsonValueKind.Object } function) Tool(0).Take(null, function);
        int at = 0;
        foreach (JsonElement call in part.Get("tool_calls").Items())
        {
            string? id = call.Get("id").Text();
            bool isNamed = call.Get("function")?.Get("name").Text() is { Length: > 0 };
            Tool(ToolIndex(call.Get("index").Count(), id, isNamed, at++)).Take(id, call.Get("function"));
        }
    }

    /// <summary>Takes log-probabilities: chat's <c>content</c>, a bare list, or the parallel lists of legacy completions.</summary>
    public void TakeLogProbs(JsonElement logProbs)
    {
        if (logProbs.ValueKind is not (JsonValueKind.Object or JsonValueKind.Array)) return;
        _logProbs ??= [];
        JsonElement? content = logProbs.ValueKind == JsonValueKind.Array ? logProbs : logProbs.Get("content");
        if (content is { ValueKind: JsonValueKind.Array })
        {
            foreach (JsonElement t in content.Items())
            {
                List<ReplyAlternative> top = [.. t.Get("top_logprobs").Items().Select(x => new ReplyAlternative(Clean(x.Get("token").Text()), Figure(x.Get("logprob"))))];
                _logProbs.Add(new ReplyTokenLogProb(Clean(t.Get("token").Text()), Figure(t.Get("logprob")), Bytes(t.Get("bytes")), top));
            }

            return;
        }

        JsonElement? offsets = logProbs.Get("text_offset"), figures = logProbs.Get("token_logprobs"), tops = logProbs.Get("top_logprobs");
        int at = 0;
        foreach (JsonElement token in logProbs.Get("tokens").Items())
        {
            List<ReplyAlternative> top = Item(tops, at) is { ValueKind: JsonValueKind.Object } o
                ? [.. o.EnumerateObject().Select(x => new ReplyAlternative(Clean(JsonText.Name(x)), Figure(x.Value)))] : [];
            _logProbs.Add(new ReplyTokenLogProb(Clean(((JsonElement?)token).Text()), Figure(Item(figures, at)), null, top, Item(offsets, at).Count()));
            at++;
        }
    }

    public ReplyChoice Finished(int index) => new(
        index, _role is null ? null : JsonText.WellFormed(_role), Text.ToString(), Finish is null ? null : JsonText.WellFormed(Finish),
        Refusal.Length == 0 ? null : JsonText.WellFormed(Refusal.ToString()), Reasoning.Length == 0 ? null : Reasoning.ToString(),
        [.. _tools.Values.Select(t => t.Finished())], _logProbs);

    // Without an index a new id is a new call. What has no id either goes on with the last call, unless it stands with a
    // name behind another call in one list.
    private long ToolIndex(long? index, string? id, bool isNamed, int at)
    {
        if (index is { } given) return given;
        if (id is null) return _tools.Count == 0 ? at : isNamed && at > 0 ? _tools.Keys.Last() + 1 : _tools.Keys.Last();
        foreach ((long known, ToolCallText call) in _tools)
        {
            if (call.Id == id) return known;
        }

        return _tools.Count;
    }

    private ToolCallText Tool(long index)
    {
        if (_tools.TryGetValue(index, out ToolCallText? call)) return call;
        call = new ToolCallText();
        TooMany |= _tools.Count >= MostToolCalls;
        if (!TooMany) _tools[index] = call;
        return call;
    }

    private static JsonElement? Item(JsonElement? list, int at) =>
        list is { ValueKind: JsonValueKind.Array } array && at < array.GetArrayLength() ? array[at] : null;

    // -9999 is OpenAI's stand-in for minus infinity, which JSON cannot say.
    private static double? Figure(JsonElement? element) => element.Number() is not { } x ? null : x <= -9999 ? double.NegativeInfinity : x;

    private static List<byte>? Bytes(JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } ? [.. element.Items().Select(b => (byte)((JsonElement?)b).Count().GetValueOrDefault())] : null;

    private static string Clean(string? token) => JsonText.WellFormed(token ?? "");

    private sealed class ToolCallText
    {
        private readonly StringBuilder _arguments = new();
        private string _name = "";

        public string? Id { get; private set; }

        public void Take(string? id, JsonElement? function)
        {
            if (string.IsNullOrEmpty(Id)) Id = id;
            if (_name.Length == 0) _name = function?.Get("name").Text() ?? "";
            JsonElement? arguments = function?.Get("arguments");
            if (arguments.Text() is { } text) _arguments.Append(text);
            else if (arguments is { ValueKind: JsonValueKind.Object } o) _arguments.Append(JsonText.Compact(o));
        }

        public ReplyToolCall Finished() => new(Id is null ? null : JsonText.WellFormed(Id), JsonText.WellFormed(_name), JsonText.WellFormed(_arguments.ToString()));
    }
}
