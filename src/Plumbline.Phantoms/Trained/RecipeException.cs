namespace Plumbline.Phantoms.Trained;

/// <summary>A recipe cannot be read or followed; the message says where and what to do.</summary>
internal sealed class RecipeException(string message) : Exception(message);
