using System.Globalization;

namespace Plumbline.Models.Files;

/// <summary>Looking for a tensor, with the same words of refusal everywhere.</summary>
internal static class TensorLookup
{
    /// <summary>The tensor of this name.</summary>
    /// <exception cref="ModelFileException">There is none.</exception>
    public static TensorInfo Find(this ITensorSource source, string name) =>
        source.Tensors.TryGetValue(name, out TensorInfo? tensor) ? tensor : throw new ModelFileException($"{source.Path}: there is no tensor {name}.");

    /// <summary>Refuses a destination that does not hold exactly the tensor's values.</summary>
    public static void CheckLength(this TensorInfo tensor, string path, int length)
    {
        if (tensor.Count != length)
            throw new ModelFileException($"{path}: tensor {tensor.Name} of shape {tensor.Shape.Show()} has {tensor.Count} values; the destination has {length}.");
    }

    /// <summary>A shape as text: [288, 32].</summary>
    public static string Show(this IEnumerable<long> shape) => $"[{string.Join(", ", shape.Select(size => size.ToString(CultureInfo.InvariantCulture)))}]";

    /// <summary>A name from a hostile file as it may stand in a message: cut short, control characters shown.</summary>
    public static string Quote(string name)
    {
        string start = name.Length <= 120 ? name : name[..120] + "…";
        return string.Concat(start.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? $"\\u{(int)c:x4}" : c.ToString()));
    }
}
