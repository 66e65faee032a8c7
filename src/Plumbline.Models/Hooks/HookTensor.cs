namespace Plumbline.Models.Hooks;

/// <summary>An activation: floats in row-major order with a shape. The values are an array of its own; whoever gets one from a cache only reads it.</summary>
public sealed class HookTensor
{
    private readonly int[] _shape;

    /// <param name="shape">Sizes of at least 0.</param>
    /// <param name="values">As many as the shape says; kept, not copied.</param>
    /// <exception cref="ArgumentException">Another number of values.</exception>
    public HookTensor(IReadOnlyList<int> shape, float[] values)
    {
        _shape = [.. shape];
        long count = 1;
        foreach (int size in _shape) count = checked(count * ArgumentWithin(size));
        if (count != values.Length) throw new ArgumentException($"A tensor of shape {Show(_shape)} has {count} values, not {values.Length}.", nameof(values));
        Values = values;

        static int ArgumentWithin(int size) => size >= 0 ? size : throw new ArgumentException($"A tensor cannot have a size of {size}.", nameof(shape));
    }

    /// <summary>Sizes, outermost first.</summary>
    public IReadOnlyList<int> Shape => _shape;

    /// <summary>The values in row-major order.</summary>
    public float[] Values { get; }

    /// <summary>One value.</summary>
    /// <param name="at">An index for each dimension.</param>
    public float this[params ReadOnlySpan<int> at]
    {
        get => Values[Offset(at)];
        set => Values[Offset(at)] = value;
    }

    /// <summary>The values behind the first indices: a row, a head's matrix.</summary>
    /// <param name="at">Indices of the first dimensions.</param>
    public Span<float> Row(params ReadOnlySpan<int> at)
    {
        int length = 1;
        for (int d = at.Length; d < _shape.Length; d++) length *= _shape[d];
        int offset = 0;
        for (int d = 0; d < at.Length; d++) offset = (offset * _shape[d]) + Within(at[d], d);
        return Values.AsSpan(offset * length, length);
    }

    /// <summary>A copy that may be changed.</summary>
    public HookTensor Clone() => new(_shape, [.. Values]);

    internal static string Show(IEnumerable<int> shape) => $"[{string.Join(", ", shape)}]";

    private int Offset(ReadOnlySpan<int> at)
    {
        if (at.Length != _shape.Length) throw new ArgumentException($"A tensor of shape {Show(_shape)} takes {_shape.Length} indices, not {at.Length}.", nameof(at));
        int offset = 0;
        for (int d = 0; d < at.Length; d++) offset = (offset * _shape[d]) + Within(at[d], d);
        return offset;
    }

    private int Within(int index, int dimension) => (uint)index < (uint)_shape[dimension] ? index
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"Dimension {dimension} of {Show(_shape)} has indices from 0 to {_shape[dimension] - 1}.");
}
