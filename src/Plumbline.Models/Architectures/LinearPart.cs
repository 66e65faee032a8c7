namespace Plumbline.Models.Architectures;

/// <summary>Rows of a weight tensor (name.weight, and name.bias where it has one).</summary>
/// <param name="Name">The tensor without ".weight"; "{0}" stands for the layer.</param>
/// <param name="Rows">Outputs taken from it.</param>
/// <param name="What">What the config calls its rows, all of the tensor's.</param>
/// <param name="Source">Which of its rows is each output; null for the same order.</param>
/// <param name="Transposed">Stored [in, out].</param>
/// <param name="Bias">Whether it has a bias.</param>
internal sealed record LinearPart(string Name, int Rows, string What, Func<int, int>? Source = null, bool Transposed = false, bool Bias = false);
