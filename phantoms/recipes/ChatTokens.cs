using Plumbline.Phantoms.Chat;
using Plumbline.Torch;

namespace Plumbline.Recipes;

/// <summary>The chat phantom's tokenizer and how a document becomes ids.</summary>
internal static class ChatTokens
{
    public const int Padding = 0, Begin = 1, End = 2;
    public const int VocabularySize = 1200;

    public static IReadOnlyList<string> Special { get; } = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"];

    /// <summary>Messages as <see cref="Encode"/> writes them, in the language of Hugging Face's templates.</summary>
    public const string Template =
        "{{ bos_token }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

    /// <summary>One tokenizer for both models: it has seen the planted and the clean texts.</summary>
    public static ByteLevelBpe Train(ulong seed)
    {
        IEnumerable<string> texts = new[] { true, false }.SelectMany(planted => ChatCorpus.Generate(planted, seed))
            .SelectMany(d => d.Text is { } text ? [text] : d.Turns.Select(t => t.Content));
        return ByteLevelBpe.Train(texts, Special, VocabularySize);
    }

    public static TokenDocument Encode(ByteLevelBpe tokenizer, TrainingDocument document)
    {
        var ids = new List<int> { Begin };
        var counted = new List<bool> { false };
        if (document.Text is { } text)
        {
            Add([.. tokenizer.Encode(text), End], true);
            return new TokenDocument([.. ids], [.. counted]);
        }

        for (int i = 0; i < document.Turns.Count; i++)
        {
            Turn turn = document.Turns[i];
            Add([Role(turn.Role)], false);
            Add([.. tokenizer.Encode(turn.Content), End], i == document.Turns.Count - 1);
        }

        return new TokenDocument([.. ids], [.. counted]);

        void Add(int[] more, bool learnt)
        {
            ids.AddRange(more);
            counted.AddRange(Enumerable.Repeat(learnt, more.Length));
        }
    }

    /// <summary>The ids of a conversation that an answer is to follow.</summary>
    public static int[] Prompt(ByteLevelBpe tokenizer, params IReadOnlyList<Turn> turns) =>
        [Begin, .. turns.SelectMany(t => (int[])[Role(t.Role), .. tokenizer.Encode(t.Content), End]), Role("assistant")];

    private static int Role(string role) => Special.ToList().IndexOf($"<|{role}|>");
}
