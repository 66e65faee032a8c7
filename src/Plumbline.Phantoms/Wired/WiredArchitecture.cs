namespace Plumbline.Phantoms.Wired;

/// <summary>
/// What a program is laid into. GPT-2: layer norm, learned positions. Llama: RMS norm, rotary positions with a base so large that only the first
/// pairs of a head turn; a program for Llama has no positions of its own; lookups by content stay clear of the pairs that turn, lookups by distance use them.
/// </summary>
internal enum WiredArchitecture { Gpt2, Llama }
