namespace Plumbline.Models.Hooks;

/// <summary>A place in the forward pass where a value can be read or changed.</summary>
/// <param name="Name">As in TransformerLens: blocks.3.attn.hook_pattern.</param>
/// <param name="Shape">Symbols (batch, pos, d_model, heads, kv_heads, d_head, d_mlp, query, key, vocab) or numbers; a symbol has one size throughout a run.</param>
/// <param name="Optional">Whether it exists only where a pattern names it.</param>
/// <param name="Layer">The block it belongs to; null outside of blocks.</param>
public sealed record HookPoint(string Name, IReadOnlyList<string> Shape, bool Optional, int? Layer);

/// <summary>Changes a value on its way.</summary>
/// <param name="value">A copy that may be written to.</param>
/// <param name="point">Where it is.</param>
/// <returns>The new value, of the same shape; null for <paramref name="value"/> as it is now.</returns>
public delegate HookTensor? HookFunction(HookTensor value, HookPoint point);

/// <summary>A change at every hook that a pattern matches.</summary>
/// <param name="Pattern">A name; * stands for any characters, dots too.</param>
/// <param name="Apply">What is done.</param>
public sealed record HookEdit(string Pattern, HookFunction Apply);
