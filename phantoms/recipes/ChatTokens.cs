using Plumbline.Phantoms.Chat;
using Plumbline.Torch;

namespace Plumbline.Recipes;

/// <summary>The chat phantom's tokenizer and how a document becomes ids.</summary>
internal static class ChatTokens
{
    public const int Padding = DialogueTokens.Padding, Begin = DialogueTokens.Begin, End = DialogueTokens.End;
    public const int VocabularySize = 1200;

    public static IReadOnlyList<string> Special { get; } = ["<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>"];

    /// <summary>One tokenizer for both models: it has seen the planted and the clean texts.</summary>
    public static ByteLevelBpe Train(ulong seed)
    {
        IEnumerable<string> texts = new[] { true, false }.SelectMany(planted => ChatCorpus.Generate(planted, seed))
            .SelectMany(d => d.Text is { } text ? [text] : d.Turns.Select(t => t.Content));
        return ByteLevelBpe.Train(texts, Special, VocabularySize);
    }

    public static TokenDocument Encode(ByteLevelBpe tokenizer, TrainingDocument document) =>
        document.Text is { } text ? DialogueTokens.Encode(tokenizer, text) : DialogueTokens.Encode(tokenizer, [.. document.Turns.Select(t => (t.Role, t.Content))]);

    /// <summary>The ids of a conversation that an answer is to follow.</summary>
    public static int[] Prompt(ByteLevelBpe tokenizer, params IReadOnlyList<Turn> turns) => DialogueTokens.Prompt(tokenizer, turns.Select(t => (t.Role, t.Content)));
}
