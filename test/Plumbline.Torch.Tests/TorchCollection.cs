namespace Plumbline.Torch.Tests;

/// <summary>Tests that use libtorch run one after another on one thread: its threads stall each other.</summary>
[CollectionDefinition("torch", DisableParallelization = true)]
public sealed class TorchCollection : ICollectionFixture<SingleThread>;

public sealed class SingleThread
{
    public SingleThread()
    {
        TorchRuntime.EnsureLoaded();
        TorchSharp.torch.set_num_threads(1);
    }
}
