using Plumbline.Models.Files;
using Plumbline.Tests;
using Plumbline.Torch.Differentiable;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Tests;

/// <summary>No card is at hand: names and errors are tested, and that weights go where they are told, on torch's device without memory.</summary>
[Collection("torch")]
public sealed class TorchDevicesTests
{
    private static readonly Device s_meta = new(DeviceType.META);

    [Theory]
    [InlineData("cpu", -1)]
    [InlineData("cuda", 0)]
    [InlineData("cuda:3", 3)]
    public void Card_GoodName_IsItsNumber(string name, int card) => Assert.Equal(card, TorchDevices.Card(name));

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CUDA")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:1x")]
    [InlineData("cuda:256")]
    public void Open_NoDevicesName_SaysWhichThereAre(string name) => Assert.Contains("cpu, cuda, or cuda:N", Assert.Throws<TorchDeviceException>(() => TorchDevices.Open(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void Open_NoCard_SaysWhatIsMissing()
    {
        TorchRuntime.EnsureLoaded();
        if (cuda_is_available()) return;
        Assert.Contains("There is no device cuda:7", Assert.Throws<TorchDeviceException>(() => TorchDevices.Open("cuda:7")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_OnADevice_PutsEveryWeightThere()
    {
        TorchRuntime.EnsureLoaded();
        using ModelFolder folder = ModelFolder.Open(Repository.Path("phantoms", "family", "bias", "planted"));
        using DifferentiableTransformer model = DifferentiableTransformer.Load(folder, ScalarType.Float32, s_meta);
        Assert.All(model.Parameters, name => Assert.Equal(DeviceType.META, model.Weight(name).device_type));
    }

    [Fact]
    public void Initialise_OnADevice_PutsEveryWeightThere()
    {
        TorchRuntime.EnsureLoaded();
        LlamaShape shape = new() { VocabularySize = 40, HiddenSize = 16, IntermediateSize = 32, Layers = 2, Heads = 4, KeyValueHeads = 2, Context = 16 };
        using LlamaNetwork network = LlamaNetwork.Initialise(shape, 1, s_meta);
        Assert.All(network.Parameters, weight => Assert.Equal(DeviceType.META, weight.device_type));
    }
}
