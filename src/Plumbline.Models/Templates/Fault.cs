namespace Plumbline.Models.Templates;

/// <summary>Makes the errors of a template, named as the reference engine names them.</summary>
internal static class Fault
{
    public static ChatTemplateException Syntax(string message, int line) => new("TemplateSyntaxError", $"{message} (line {line})", line);

    public static ChatTemplateException Assertion(string message, int line) => new("TemplateAssertionError", $"{message} (line {line})", line);

    public static ChatTemplateException Runtime(string message) => new("TemplateRuntimeError", message);

    public static ChatTemplateException Undefined(string message) => new("UndefinedError", message);

    public static ChatTemplateException Security(string message) => new("SecurityError", message);

    public static ChatTemplateException Type(string message) => new("TypeError", message);

    public static ChatTemplateException Value(string message) => new("ValueError", message);

    public static ChatTemplateException Index(string message) => new("IndexError", message);

    public static ChatTemplateException Key(string message) => new("KeyError", message);

    public static ChatTemplateException Overflow(string message) => new("OverflowError", message);

    public static ChatTemplateException ZeroDivision(string message) => new("ZeroDivisionError", message);

    public static ChatTemplateException Argument(string message) => new("FilterArgumentError", message);

    public static ChatTemplateException Raised(string message) => new("RaisedByTemplate", message);

    public static ChatTemplateException TooBig(string what, long limit) =>
        new("MemoryError", $"The template builds {what} beyond the limit of {limit}; raise the limit in ChatTemplateOptions if it can be trusted.");

    public static ChatTemplateException TooLong(long limit) =>
        new("TimeoutError", $"The template takes more than {limit} steps; raise {nameof(ChatTemplateOptions.MaxSteps)} if it can be trusted.");

    public static ChatTemplateException TooDeep(string what, int limit) =>
        new("RecursionError", $"The template's {what} go deeper than {limit} levels.");
}
