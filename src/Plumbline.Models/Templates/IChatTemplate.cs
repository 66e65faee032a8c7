using System.Text.Json;

namespace Plumbline.Models.Templates;

/// <summary>A chat template: conversation to prompt text. Immutable; safe for concurrent use.</summary>
public interface IChatTemplate
{
    /// <summary>Renders the template with the variables of a JSON object (messages, tools, add_generation_prompt, bos_token, …).</summary>
    /// <exception cref="ChatTemplateException">The template is wrong, refuses the conversation, or exceeds its bounds.</exception>
    string Render(JsonElement variables);
}

/// <summary>A chat template cannot be parsed or rendered; <see cref="Kind"/> is the reference engine's name for the fault.</summary>
public sealed class ChatTemplateException : Exception
{
    public ChatTemplateException(string kind, string message, int? line = null) : base(message) => (Kind, Line) = (kind, line);

    public ChatTemplateException(string message) : base(message) { }

    public ChatTemplateException(string message, Exception inner) : base(message, inner) { }

    public ChatTemplateException() { }

    /// <summary>TemplateSyntaxError, UndefinedError, TemplateError, TypeError, …</summary>
    public string Kind { get; } = "TemplateError";

    /// <summary>The line of the template, counted from 1, where known.</summary>
    public int? Line { get; }
}
