using System.Globalization;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Plumbline.Torch;

/// <summary>
/// Where torch computes. The processor is the default and what everything is tested on; a CUDA card needs the application to bring libtorch's
/// CUDA build (a package libtorch-cuda-… of the version <see cref="TorchNatives.TorchVersion"/>) in place of the processor's.
/// </summary>
/// <threadsafety>All members are safe for concurrent use.</threadsafety>
public static class TorchDevices
{
    /// <summary>The name of the processor.</summary>
    public const string Processor = "cpu";

    /// <summary>Opens a device by name, and loads libtorch.</summary>
    /// <param name="name">"cpu", "cuda" for the first card, or "cuda:N".</param>
    /// <exception cref="TorchDeviceException">The name is none of these, or there is no such card.</exception>
    /// <exception cref="DllNotFoundException">libtorch is missing.</exception>
    public static Device Open(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        int card = Card(name);
        TorchRuntime.EnsureLoaded();
        if (card < 0) return CPU;
        string cuda = Path.Combine(Path.GetDirectoryName(TorchNatives.Look().Torch)!, OperatingSystem.IsWindows() ? "torch_cuda.dll" : "libtorch_cuda.so");
        if (!File.Exists(cuda)) throw new TorchDeviceException($"There is no device {name}: the libtorch in {Path.GetDirectoryName(cuda)} is the build without CUDA. Reference a package libtorch-cuda-… {TorchNatives.TorchVersion} in place of {TorchNatives.Package}, or compute on {Processor}.");
        NativeLibrary.Load(cuda);
        int cards = cuda_is_available() ? TorchSharp.torch.cuda.device_count() : 0;
        return card < cards ? new Device(TorchSharp.DeviceType.CUDA, card) : throw new TorchDeviceException($"There is no device {name}: libtorch sees {cards} CUDA cards.");
    }

    /// <summary>The number of the card; -1 for the processor.</summary>
    internal static int Card(string name) => name switch
    {
        Processor => -1,
        "cuda" => 0,
        _ when name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out int card) && card <= 255 => card,
        _ => throw new TorchDeviceException($"'{name}' is no device: {Processor}, cuda, or cuda:N with the number of the card."),
    };
}

/// <summary>A device that there is not. The message says what there is, or what is missing.</summary>
public sealed class TorchDeviceException(string message) : InvalidOperationException(message);
