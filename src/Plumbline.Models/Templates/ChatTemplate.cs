using System.Text.Json;

namespace Plumbline.Models.Templates;

/// <summary>
/// The chat templates of Hugging Face and GGUF models: a sandboxed subset of Jinja2 with trim_blocks and lstrip_blocks,
/// loop controls, the generation tag, <c>raise_exception</c>, <c>strftime_now</c> and Python's semantics of values.
/// Templates are untrusted: they see nothing but their variables, change nothing, and run within bounds.
/// Immutable; safe for concurrent use.
/// </summary>
public sealed class ChatTemplate : IChatTemplate
{
    private static readonly TextValue s_role = new("role"), s_content = new("content");

    private readonly Statement _root;
    private readonly string[] _symbols;
    private readonly ChatTemplateOptions _options;

    private ChatTemplate(Statement root, string[] symbols, ChatTemplateOptions options) => (_root, _symbols, _options) = (root, symbols, options);

    /// <summary>Parses a template.</summary>
    /// <param name="source">The text of the template, as the model's files hold it.</param>
    /// <param name="options">Clock and bounds; by default those of <see cref="ChatTemplateOptions"/>.</param>
    /// <exception cref="ChatTemplateException">The source is no template, or exceeds the bounds.</exception>
    public static ChatTemplate Parse(string source, ChatTemplateOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        options ??= new ChatTemplateOptions();
        if (source.Length > options.MaxSourceLength) throw Fault.TooBig("a source", options.MaxSourceLength);
        (Statement root, string[] symbols) = Parser.Parse(source, options);
        return new ChatTemplate(root, symbols, options);
    }

    /// <inheritdoc/>
    public string Render(JsonElement variables)
    {
        if (variables.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined))
        {
            throw new ArgumentException($"The variables of a template are a JSON object, not {variables.ValueKind}.", nameof(variables));
        }

        return Run((evaluator, name) => variables.ValueKind == JsonValueKind.Object && variables.TryGetProperty(name, out JsonElement element)
            ? JsonValues.ToValue(evaluator, element, 0)
            : null);
    }

    /// <summary>Renders a plain conversation; <c>tools</c> and <c>documents</c> are none.</summary>
    /// <param name="messages">The conversation, oldest message first.</param>
    /// <param name="addGenerationPrompt">Whether the prompt ends with the header of the assistant's answer.</param>
    /// <param name="bosToken">The model's beginning-of-sequence token; undefined in the template where null.</param>
    /// <param name="eosToken">The model's end-of-sequence token; undefined in the template where null.</param>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, or exceeds its bounds.</exception>
    public string Render(IReadOnlyList<ChatTurn> messages, bool addGenerationPrompt, string? bosToken = null, string? eosToken = null)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return Run((_, name) => name switch
        {
            "messages" => new ListValue([.. messages.Select(ToValue)]),
            "add_generation_prompt" => BoolValue.Of(addGenerationPrompt),
            "bos_token" => bosToken is null ? null : new TextValue(bosToken),
            "eos_token" => eosToken is null ? null : new TextValue(eosToken),
            "tools" or "documents" => NoneValue.Instance,
            _ => null,
        });
    }

    private static DictValue ToValue(ChatTurn turn)
    {
        DictValue message = new(2);
        message.Set(s_role, new TextValue(turn.Role));
        message.Set(s_content, new TextValue(turn.Content));
        return message;
    }

    private string Run(Func<Evaluator, string, Value?> variable)
    {
        Evaluator evaluator = new(_options, _symbols, variable);
        try
        {
            _root.Execute(new Scope(evaluator, parent: null));
            return evaluator.Output.ToString();
        }
        catch (ChatTemplateException e) when (e.Line is null && evaluator.Line > 0)
        {
            throw new ChatTemplateException(e.Kind, e.Message, evaluator.Line);
        }
    }
}
