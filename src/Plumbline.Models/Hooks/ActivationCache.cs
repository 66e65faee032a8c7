using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Numerics.Tensors;

namespace Plumbline.Models.Hooks;

/// <summary>
/// The values kept from a run, by hook name, in the order in which they came. Only to be read; safe from several threads.
/// What is held in f16 is widened anew each time that it is asked for. Once the run's output is disposed it throws.
/// </summary>
public sealed class ActivationCache : IReadOnlyDictionary<string, HookTensor>
{
    private readonly Dictionary<string, Held> _values = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];
    private ArrayLoan? _loan;

    internal ActivationCache()
    {
    }

    /// <inheritdoc/>
    public int Count => Checked(_names).Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => Checked(_names);

    /// <inheritdoc/>
    public IEnumerable<HookTensor> Values => Checked(_names).Select(name => _values[name].Value);

    /// <inheritdoc/>
    /// <exception cref="KeyNotFoundException">It was not kept.</exception>
    /// <exception cref="ObjectDisposedException">The run's output was disposed.</exception>
    public HookTensor this[string key] => Checked(_values).TryGetValue(key, out Held? held) ? held.Value
        : throw new KeyNotFoundException($"{key} was not kept. {(_names.Count == 0 ? "Nothing was" : $"{_names.Count} values were, among them {string.Join(", ", HookCatalog.Near(key, _names))}")}; name it in HookRun.Keep.");

    /// <inheritdoc/>
    public bool ContainsKey(string key) => Checked(_values).ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out HookTensor value)
    {
        value = Checked(_values).TryGetValue(key, out Held? held) ? held.Value : null;
        return value is not null;
    }

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, HookTensor>> GetEnumerator() => Checked(_names).Select(name => KeyValuePair.Create(name, _values[name].Value)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Bytes of all values, those that two names share counted once.</summary>
    public long Bytes => Checked(_values).Values.DistinctBy(held => held.Memory).Sum(held => held.Bytes);

    internal void Add(string name, HookTensor value, CachePrecision precision)
    {
        _values.Add(name, precision == CachePrecision.Half ? new Halves(value) : new Singles(value));
        _names.Add(name);
    }

    internal void Lend(ArrayLease lease)
    {
        _loan = lease.Loan;
        foreach (Held held in _values.Values) held.Lend(lease);
    }

    private T Checked<T>(T part)
    {
        _loan?.Check();
        return part;
    }

    private abstract class Held
    {
        public abstract HookTensor Value { get; }

        public abstract Array Memory { get; }

        public abstract long Bytes { get; }

        public abstract void Lend(ArrayLease lease);
    }

    private sealed class Singles(HookTensor value) : Held
    {
        public override HookTensor Value => value;

        public override Array Memory => value.Lent;

        public override long Bytes => ArrayRecycler.BytesOf(value.Lent);

        public override void Lend(ArrayLease lease) => value.Lend(lease);
    }

    private sealed class Halves : Held
    {
        private readonly IReadOnlyList<int> _shape;
        private readonly Half[] _halves;

        public Halves(HookTensor value)
        {
            _shape = value.Shape;
            _halves = new Half[value.Values.Length];
            TensorPrimitives.ConvertToHalf(value.Values, _halves);
        }

        public override HookTensor Value
        {
            get
            {
                float[] values = new float[_halves.Length];
                TensorPrimitives.ConvertToSingle(_halves, values);
                return new HookTensor(_shape, values);
            }
        }

        public override Array Memory => _halves;

        public override long Bytes => 2L * _halves.Length;

        public override void Lend(ArrayLease lease)
        {
            // Halves are no arrays of the run's.
        }
    }
}
