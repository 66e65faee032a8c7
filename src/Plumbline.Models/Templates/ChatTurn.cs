namespace Plumbline.Models.Templates;

/// <summary>One message of a plain conversation.</summary>
/// <param name="Role">"system", "user", "assistant", or whatever else the template knows.</param>
/// <param name="Content">The text, which reaches the prompt as it is.</param>
public readonly record struct ChatTurn(string Role, string Content);
