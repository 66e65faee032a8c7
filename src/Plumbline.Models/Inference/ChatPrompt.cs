using System.Buffers;
using System.Text.Json;
using Plumbline.Models.Templates;
using Plumbline.Models.Tokenizers;

namespace Plumbline.Models.Inference;

/// <summary>
/// A conversation as the ids of a prompt. The template's own special tokens become those tokens; special tokens that
/// stand in a message's text stay text, so that nobody can close a turn from within. The beginning-of-sequence token
/// stands in front once, whether the template writes it or the tokenizer asks for it.
/// </summary>
internal static class ChatPrompt
{
    /// <param name="model">A model with tokenizer and template.</param>
    /// <param name="messages">Roles and texts, oldest first.</param>
    /// <param name="addGenerationPrompt">Whether the answer's header ends the prompt.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation.</exception>
    public static IReadOnlyList<int> Encode(LanguageModel model, IReadOnlyList<ChatTurn> messages, bool addGenerationPrompt)
    {
        ITokenizer tokenizer = model.Tokenizer ?? throw new InvalidOperationException($"{model.Path} has no tokenizer, which a chat needs; put its tokenizer.json beside it.");
        IChatTemplate template = model.Template ?? throw new InvalidOperationException($"{model.Path} has no chat template; it is no chat model, so continue texts instead.");
        foreach (ChatTurn message in messages)
        {
            if (HoldsSpecial(tokenizer, message.Role)) throw new ArgumentException($"The role \"{message.Role}\" holds a special token.", nameof(messages));
        }

        string text = Render(model, template, messages, addGenerationPrompt);
        if (!messages.Any(message => HoldsSpecial(tokenizer, message.Content))) return model.WithBos(tokenizer.Encode(text));

        // Rendered once more with marks in place of such texts; what lies between the marks is the template's.
        char mark = Enumerable.Range(0xE000, 0x1900).Select(c => (char)c).First(c => !text.Contains(c));
        List<string> contents = [];
        ChatTurn[] marked = [.. messages.Select(message =>
        {
            if (!HoldsSpecial(tokenizer, message.Content)) return message;
            contents.Add(message.Content);
            return message with { Content = $"{mark}{contents.Count - 1}{mark}" };
        })];
        string[] pieces = Render(model, template, marked, addGenerationPrompt).Split(mark);
        // Many templates trim a text, which cannot be seen through a mark.
        if (!Filled(pieces, contents).Equals(text, StringComparison.Ordinal))
        {
            List<string> trimmed = [.. contents.Select(content => content.Trim())];
            if (Filled(pieces, trimmed).Equals(text, StringComparison.Ordinal)) contents = trimmed;
        }

        List<int> ids = [];
        for (int i = 0; i < pieces.Length; i++)
        {
            ids.AddRange(i % 2 == 0 ? tokenizer.Encode(pieces[i]) : tokenizer.Encode(contents[int.Parse(pieces[i])], parseSpecial: false));
        }

        return model.WithBos(ids);
    }

    private static bool HoldsSpecial(ITokenizer tokenizer, string text) => !tokenizer.Encode(text, parseSpecial: true).SequenceEqual(tokenizer.Encode(text, parseSpecial: false));

    private static string Filled(string[] pieces, List<string> contents) => string.Concat(pieces.Select((piece, i) => i % 2 == 0 ? piece : contents[int.Parse(piece)]));

    private static string Render(LanguageModel model, IChatTemplate template, IReadOnlyList<ChatTurn> messages, bool addGenerationPrompt)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter writer = new(buffer))
        {
            writer.WriteStartObject();
            writer.WriteStartArray("messages");
            foreach (ChatTurn message in messages)
            {
                writer.WriteStartObject();
                writer.WriteString("role", message.Role);
                writer.WriteString("content", message.Content);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteBoolean("add_generation_prompt", addGenerationPrompt);
            if (model.Config.BosId is { } bos) writer.WriteString("bos_token", model.Tokenizer!.Decode([bos], keepSpecial: true));
            if (model.Config.EosIds.Count > 0) writer.WriteString("eos_token", model.Tokenizer!.Decode([model.Config.EosIds[0]], keepSpecial: true));
            writer.WriteEndObject();
        }

        using JsonDocument variables = JsonDocument.Parse(buffer.WrittenMemory);
        return template.Render(variables.RootElement);
    }
}
