using static TorchSharp.torch;

namespace Plumbline.Torch.Tests;

[Collection("torch")]
public sealed class TorchRuntimeTests
{
    [Fact]
    public void EnsureLoaded_Twice_GivesOneLibraryThatComputes()
    {
        TorchLibrary library = TorchRuntime.EnsureLoaded();
        Assert.Same(library, TorchRuntime.EnsureLoaded());
        if (library.Mended) Assert.Contains(Path.Combine("plumbline", "native"), library.Path, StringComparison.Ordinal);
        using var a = tensor([1f, 2, 3, 4], [2, 2]);
        using var product = a.matmul(a);
        Assert.Equal([7f, 10, 15, 22], product.data<float>().ToArray());
    }
}
