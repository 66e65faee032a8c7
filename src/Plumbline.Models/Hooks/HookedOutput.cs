namespace Plumbline.Models.Hooks;

/// <summary>What a forward pass gave.</summary>
/// <param name="Logits">[batch, pos, vocab], zero at padding, or [batch, 1, vocab] where only the last position was asked for; null for a run that stops before or asked for none, or a model without a head.</param>
/// <param name="Residual">The residual stream [batch, pos, d_model] where the run ended: before block StopAtLayer, or after the last block and before the final norm.</param>
/// <param name="Cache">The values that were kept.</param>
public sealed record HookedOutput(HookTensor? Logits, HookTensor Residual, ActivationCache Cache)
{
    private readonly ArrayRecycler? _recycler;
    private float[][]? _own;

    internal HookedOutput(HookTensor? logits, HookTensor residual, ActivationCache cache, ArrayRecycler recycler, float[][] own)
        : this(logits, residual, cache) => (_recycler, _own) = (recycler, own);

    /// <summary>
    /// Gives the memory of all values to the model's next runs, which then need no fresh one: a full cache of four prompts of
    /// 256 tokens is 2 GB for a small model. No value of this output may be read afterwards; without this call the garbage
    /// collector takes them. The model keeps the memory until it is disposed.
    /// </summary>
    public void Recycle()
    {
        if (Interlocked.Exchange(ref _own, null) is not { } own) return;
        Cache.Clear();
        _recycler!.Return(own);
    }
}
