namespace Plumbline.Models.Files;

/// <summary>Where a model's tokenizer is to be read from.</summary>
/// <param name="Kind">What lies there.</param>
/// <param name="Path">tokenizer.json, vocab.txt's folder, llama2.c's vocabulary, or the GGUF itself.</param>
/// <param name="Metadata">GGUF's metadata, where <paramref name="Kind"/> is Gguf.</param>
public sealed record TokenizerSource(TokenizerKind Kind, string Path, IReadOnlyDictionary<string, object>? Metadata = null);

/// <summary>Forms of a tokenizer: tokenizer.json, GGUF metadata, llama2.c's vocabulary file; None where the model came without one.</summary>
public enum TokenizerKind { None, HuggingFace, Gguf, Llama2C }
