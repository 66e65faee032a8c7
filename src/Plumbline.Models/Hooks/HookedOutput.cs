namespace Plumbline.Models.Hooks;

/// <summary>What a forward pass gave.</summary>
/// <param name="Logits">[batch, pos, vocab], zero at padding, or [batch, 1, vocab] where only the last position was asked for; null for a run that stops before or asked for none, or a model without a head.</param>
/// <param name="Residual">The residual stream [batch, pos, d_model] where the run ended: before block StopAtLayer, or after the last block and before the final norm.</param>
/// <param name="Cache">The values that were kept.</param>
public sealed record HookedOutput(HookTensor? Logits, HookTensor Residual, ActivationCache Cache);
