namespace Plumbline.Models.Hooks;

/// <summary>
/// What a forward pass gave. Disposing it gives the memory of its values to the model's next runs, which then need no fresh one:
/// a full cache of four prompts of 256 tokens is 2 GB for a small model. From then on its values throw, except those that were
/// taken: a tensor whose <see cref="HookTensor.Values"/> were asked for, or that was detached, keeps its memory for good
/// (<see cref="HookTensor.Detach"/>). One that is not disposed is left to the garbage collector. Safe from several threads as
/// long as none disposes it.
/// </summary>
public sealed class HookedOutput : IDisposable
{
    private readonly HookTensor? _logits;
    private readonly HookTensor _residual;
    private readonly ActivationCache _cache;
    private readonly ArrayLease _lease;

    internal HookedOutput(HookTensor? logits, HookTensor residual, ActivationCache cache, ArrayLease lease)
    {
        (_logits, _residual, _cache, _lease) = (logits, residual, cache, lease);
        logits?.Lend(lease);
        residual.Lend(lease);
        cache.Lend(lease);
    }

    /// <summary>[batch, pos, vocab], zero at padding, or [batch, 1, vocab] where only the last position was asked for; null for a run that stops before or asked for none, or a model without a head.</summary>
    /// <exception cref="ObjectDisposedException">The output was disposed.</exception>
    public HookTensor? Logits
    {
        get
        {
            _lease.Loan.Check();
            return _logits;
        }
    }

    /// <summary>The residual stream [batch, pos, d_model] where the run ended: before block StopAtLayer, or after the last block and before the final norm.</summary>
    /// <exception cref="ObjectDisposedException">The output was disposed.</exception>
    public HookTensor Residual
    {
        get
        {
            _lease.Loan.Check();
            return _residual;
        }
    }

    /// <summary>The values that were kept.</summary>
    /// <exception cref="ObjectDisposedException">The output was disposed.</exception>
    public ActivationCache Cache
    {
        get
        {
            _lease.Loan.Check();
            return _cache;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.End();
}
