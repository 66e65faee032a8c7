namespace Plumbline.Phantoms.Wired;

/// <summary>A named group of neighbouring coordinates of a program's residual stream.</summary>
/// <param name="Name">What it holds.</param>
/// <param name="First">Its first coordinate; 0 is the constant one, so that it is at least 1.</param>
/// <param name="Width">How many there are.</param>
internal sealed record Space(string Name, int First, int Width)
{
    /// <summary>One of its coordinates.</summary>
    public Vector this[int i] => (uint)i < (uint)Width ? Vector.Unit(First + i) : throw new ArgumentOutOfRangeException(nameof(i), i, $"{Name} has {Width} coordinates.");

    /// <summary>A direction inside it.</summary>
    public Vector Of(params IReadOnlyList<double> values) =>
        values.Count == Width ? values.Select((v, i) => v * this[i]).Aggregate(Vector.Zero, (a, b) => a + b) : throw new ArgumentException($"{Name} has {Width} coordinates, not {values.Count}.", nameof(values));

    /// <summary>
    /// A number in binary, 1 for a set bit and -1 for a clear one: the product of two codes is the width where they are equal and
    /// at least two less where they are not, so that attention finds the equal one. All zero means unset.
    /// </summary>
    public Vector Code(int number) =>
        number >= 0 && number >> Width == 0 ? Of([.. Enumerable.Range(0, Width).Select(bit => (number >> bit & 1) == 1 ? 1.0 : -1.0)]) : throw new ArgumentOutOfRangeException(nameof(number), number, $"{Name} has {Width} bits.");
}
