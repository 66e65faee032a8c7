namespace Plumbline.Phantoms.Wired;

/// <summary>A direction in the named coordinates of a program, or a linear function of them: sparse, immutable.</summary>
internal sealed class Vector
{
    private readonly (int At, double Value)[] _terms;

    private Vector(IEnumerable<(int At, double Value)> terms) =>
        _terms = [.. terms.GroupBy(t => t.At).Select(g => (g.Key, g.Sum(t => t.Value))).Where(t => t.Item2 != 0).OrderBy(t => t.Key)];

    public static Vector Zero { get; } = new([]);

    /// <summary>Coordinates and their values, in the coordinates' order.</summary>
    public IReadOnlyList<(int At, double Value)> Terms => _terms;

    public static Vector operator +(Vector a, Vector b) => new(a._terms.Concat(b._terms));

    public static Vector operator -(Vector a, Vector b) => a + (-1 * b);

    public static Vector operator *(double factor, Vector a) => new(a._terms.Select(t => (t.At, factor * t.Value)));

    /// <summary>One coordinate.</summary>
    public static Vector Unit(int at) => new([(at, 1)]);

    /// <summary>The sum of products with a state.</summary>
    public double Of(ReadOnlySpan<double> state)
    {
        double sum = 0;
        foreach ((int at, double value) in _terms) sum += value * state[at];
        return sum;
    }

    /// <summary>state += amount · this.</summary>
    public void AddTo(Span<double> state, double amount)
    {
        foreach ((int at, double value) in _terms) state[at] += amount * value;
    }
}
