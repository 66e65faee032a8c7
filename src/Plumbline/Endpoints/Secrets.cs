using System.Text;

namespace Plumbline.Endpoints;

/// <summary>
/// Values that must reach no message, report, log or store: the key, header values from the environment, passwords of
/// addresses. Immutable.
/// </summary>
internal sealed class Secrets
{
    /// <summary>What stands in a secret's place.</summary>
    public const string Mask = "[redacted]";

    // Keys for local servers are often words ("none", "ollama", "EMPTY"): hiding words of up to seven letters would edit answers.
    private const int ShortestInAnswers = 8;
    private const int ShortestInMessages = 3;

    private readonly string[] _inMessages;
    private readonly string[] _inAnswers;

    public Secrets(IEnumerable<string> values)
    {
        HashSet<string> forms = new(StringComparer.Ordinal);
        foreach (string value in values)
        {
            string v = value.Trim();
            if (v.Length < ShortestInMessages) continue;
            forms.Add(v);
            forms.Add(Uri.EscapeDataString(v));
            forms.Add(v.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("/", "\\/", StringComparison.Ordinal));
            forms.Add(Convert.ToBase64String(Encoding.UTF8.GetBytes(v)));
            // "Bearer abc" in a header of the user's own is a secret by its second half, too.
            int space = v.LastIndexOf(' ');
            if (space > 0 && v.Length - space - 1 >= ShortestInAnswers) forms.Add(v[(space + 1)..]);
        }

        _inMessages = [.. forms.OrderByDescending(f => f.Length)];
        _inAnswers = [.. _inMessages.Where(f => f.Length >= ShortestInAnswers)];
    }

    /// <summary>A message without secrets.</summary>
    public string Hide(string text) => Replace(text, _inMessages);

    /// <summary>The error without secrets.</summary>
    public ReplyError Hide(ReplyError error) => error with
    {
        Message = HideOrNull(error.Message),
        Code = HideOrNull(error.Code),
        Type = HideOrNull(error.Type),
        Param = HideOrNull(error.Param),
        Location = HideOrNull(error.Location),
        Detail = HideOrNull(error.Detail),
    };

    /// <summary>The reply without secrets; a choice whose text held one loses its log-probabilities, whose tokens spell it.</summary>
    public ChatReply Hide(ChatReply reply)
    {
        if (_inMessages.Length == 0) return reply;
        List<string> warnings = [.. reply.Warnings];
        List<ReplyChoice> choices = new(reply.Choices.Count);
        foreach (ReplyChoice choice in reply.Choices)
        {
            ReplyChoice hidden = choice with
            {
                Text = Replace(choice.Text, _inAnswers),
                Refusal = HideOrNull(choice.Refusal),
                Reasoning = choice.Reasoning is null ? null : Replace(choice.Reasoning, _inAnswers),
                ToolCalls = [.. choice.ToolCalls.Select(t => t with { Arguments = Replace(t.Arguments, _inAnswers) })],
            };
            if (!string.Equals(hidden.Text, choice.Text, StringComparison.Ordinal))
            {
                hidden = hidden with { LogProbs = null };
                if (!warnings.Contains("secret-in-answer")) warnings.Add("secret-in-answer");
            }

            choices.Add(hidden);
        }

        return reply with
        {
            Choices = choices,
            Warnings = warnings,
            Id = HideOrNull(reply.Id),
            Model = HideOrNull(reply.Model),
            Error = reply.Error is null ? null : Hide(reply.Error),
        };
    }

    /// <summary>Hides secrets in a text that comes in pieces.</summary>
    public Stream StartStream() => new(_inAnswers);

    private string? HideOrNull(string? text) => text is null ? null : Hide(text);

    private static string Replace(string text, string[] secrets)
    {
        foreach (string secret in secrets) text = text.Replace(secret, Mask, StringComparison.Ordinal);
        return text;
    }

    /// <summary>Holds back an end that may be the beginning of a secret.</summary>
    internal sealed class Stream(string[] secrets)
    {
        private string _held = "";

        public string Push(string piece, bool final = false)
        {
            if (secrets.Length == 0) return piece;
            string text = Replace(_held + piece, secrets);
            int keep = final ? 0 : secrets.Max(s => LongestOverlap(text, s));
            _held = text[^keep..];
            return text[..^keep];
        }

        private static int LongestOverlap(string text, string secret)
        {
            for (int length = Math.Min(text.Length, secret.Length - 1); length > 0; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(secret.AsSpan(0, length))) return length;
            }

            return 0;
        }
    }
}
