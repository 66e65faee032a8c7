using Plumbline.Models.Hooks;
using Plumbline.Torch;
using Plumbline.Torch.Differentiable;

namespace Plumbline.Cli.Commands;

/// <summary>A forward pass by libtorch, for `--device`. Apart from the commands, so that without the option nothing of torch is loaded.</summary>
internal static class TorchForward
{
    /// <summary>Logits, null where the model has no head, and the values at hooks; 0 at padding.</summary>
    /// <exception cref="UsageException">There is no such device or hook, or the ids do not fit.</exception>
    /// <exception cref="DllNotFoundException">libtorch is missing.</exception>
    public static (HookTensor? Logits, IReadOnlyCollection<KeyValuePair<string, HookTensor>> Kept) Run(string path, TokenBatch batch, string[] keep, string device)
    {
        try
        {
            return ModelCommand.Guarded(() =>
            {
                using DifferentiableTransformer model = DifferentiableTransformer.Load(path, device: device);
                return model.Values(batch, keep);
            });
        }
        catch (TorchDeviceException e)
        {
            throw new UsageException(e.Message);
        }
    }
}
