namespace Plumbline.Models.Hooks;

/// <summary>
/// An activation: floats in row-major order with a shape. The values are an array of its own; whoever gets one from a cache only
/// reads it. One of a run that was disposed throws, unless it was taken before: <see cref="Values"/> and <see cref="Detach"/>
/// take its memory out of the run for good, without a copy; indices, rows and copies leave it there.
/// </summary>
public sealed class HookTensor
{
    private readonly int[] _shape;
    private readonly float[] _values;
    private ArrayLoan? _loan;

    /// <param name="shape">Sizes of at least 0.</param>
    /// <param name="values">As many as the shape says; kept, not copied.</param>
    /// <exception cref="ArgumentException">Another number of values.</exception>
    public HookTensor(IReadOnlyList<int> shape, float[] values)
    {
        _shape = [.. shape];
        long count = 1;
        foreach (int size in _shape) count = checked(count * ArgumentWithin(size));
        if (count != values.Length) throw new ArgumentException($"A tensor of shape {Show(_shape)} has {count} values, not {values.Length}.", nameof(values));
        _values = values;

        static int ArgumentWithin(int size) => size >= 0 ? size : throw new ArgumentException($"A tensor cannot have a size of {size}.", nameof(shape));
    }

    /// <summary>Sizes, outermost first.</summary>
    public IReadOnlyList<int> Shape => _shape;

    /// <summary>The values in row-major order. Asking for them detaches them from the run that they are of.</summary>
    /// <exception cref="ObjectDisposedException">That run was disposed before.</exception>
    public float[] Values => Detach()._values;

    /// <summary>The values, which stay the run's.</summary>
    internal float[] Lent
    {
        get
        {
            _loan?.Check();
            return _values;
        }
    }

    /// <summary>Takes the values out of the run that they are of: they stay valid when it is disposed.</summary>
    /// <returns>This tensor.</returns>
    /// <exception cref="ObjectDisposedException">That run was disposed before.</exception>
    public HookTensor Detach()
    {
        if (_loan is not { } loan) return this;
        loan.Leave(_values);
        _loan = null;
        return this;
    }

    /// <summary>One value.</summary>
    /// <param name="at">An index for each dimension.</param>
    public float this[params ReadOnlySpan<int> at]
    {
        get => Lent[Offset(at)];
        set => Lent[Offset(at)] = value;
    }

    /// <summary>The values behind the first indices: a row, a head's matrix. Valid until the run that they are of is disposed.</summary>
    /// <param name="at">Indices of the first dimensions.</param>
    public Span<float> Row(params ReadOnlySpan<int> at)
    {
        int length = 1;
        for (int d = at.Length; d < _shape.Length; d++) length *= _shape[d];
        int offset = 0;
        for (int d = 0; d < at.Length; d++) offset = (offset * _shape[d]) + Within(at[d], d);
        return Lent.AsSpan(offset * length, length);
    }

    /// <summary>A copy that may be changed.</summary>
    public HookTensor Clone() => new(_shape, [.. Lent]);

    /// <summary>Makes the tensor a run's, where that run holds its array.</summary>
    internal void Lend(ArrayLease lease)
    {
        if (lease.Holds(_values)) _loan = lease.Loan;
    }

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
