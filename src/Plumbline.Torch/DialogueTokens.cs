namespace Plumbline.Torch;

/// <summary>
/// Dialogues and free texts as ids: begin, then for each turn its role, its text and end; or begin, the text and end. Of a dialogue only the
/// last turn counts in the loss.
/// </summary>
public static class DialogueTokens
{
    /// <summary>The id of empty places.</summary>
    public const int Padding = 0;

    /// <summary>The id before every document.</summary>
    public const int Begin = 1;

    /// <summary>The id after every turn and text.</summary>
    public const int End = 2;

    /// <summary>Special tokens in the order of their ids; roles are system, user, assistant and tool.</summary>
    public static IReadOnlyList<string> Special { get; } = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>", "<|tool|>"];

    /// <summary>Messages as ids are written, in the language of Hugging Face's templates.</summary>
    public const string Template =
        "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    /// <summary>A dialogue whose last turn is learnt.</summary>
    public static TokenDocument Encode(ByteLevelBpe tokenizer, IReadOnlyList<(string Role, string Content)> turns)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(turns);
        var ids = new List<int> { Begin };
        int learnt = 0;
        foreach ((string role, string content) in turns)
        {
            ids.Add(Role(tokenizer, role));
            learnt = ids.Count;
            ids.AddRange([.. tokenizer.Encode(content), End]);
        }

        return new TokenDocument([.. ids], [.. Enumerable.Range(0, ids.Count).Select(i => i >= learnt)]);
    }

    /// <summary>A text that is learnt whole.</summary>
    public static TokenDocument Encode(ByteLevelBpe tokenizer, string text)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        int[] ids = [Begin, .. tokenizer.Encode(text), End];
        return new TokenDocument(ids, [.. ids.Select((_, i) => i > 0)]);
    }

    /// <summary>The ids of a conversation that an answer is to follow.</summary>
    public static int[] Prompt(ByteLevelBpe tokenizer, IEnumerable<(string Role, string Content)> turns)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        return [Begin, .. turns.SelectMany(t => (int[])[Role(tokenizer, t.Role), .. tokenizer.Encode(t.Content), End]), Role(tokenizer, "assistant")];
    }

    private static int Role(ByteLevelBpe tokenizer, string role)
    {
        for (int i = 0; i < tokenizer.Special.Count; i++)
            if (tokenizer.Special[i] == $"<|{role}|>") return i;
        throw new ArgumentException($"The tokenizer has no token for the role {role}.", nameof(role));
    }
}
