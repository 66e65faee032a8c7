using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Plumbline.Models.Hooks;

/// <summary>The values kept from a run, by hook name, in the order in which they came. Only to be read; safe from several threads.</summary>
public sealed class ActivationCache : IReadOnlyDictionary<string, HookTensor>
{
    private readonly Dictionary<string, HookTensor> _values = new(StringComparer.Ordinal);
    private readonly List<string> _names = [];

    internal ActivationCache()
    {
    }

    /// <inheritdoc/>
    public int Count => _names.Count;

    /// <inheritdoc/>
    public IEnumerable<string> Keys => _names;

    /// <inheritdoc/>
    public IEnumerable<HookTensor> Values => _names.Select(name => _values[name]);

    /// <inheritdoc/>
    /// <exception cref="KeyNotFoundException">It was not kept.</exception>
    public HookTensor this[string key] => _values.TryGetValue(key, out HookTensor? value) ? value
        : throw new KeyNotFoundException($"{key} was not kept. {(_names.Count == 0 ? "Nothing was" : $"{_names.Count} values were, among them {string.Join(", ", HookCatalog.Near(key, _names))}")}; name it in HookRun.Keep.");

    /// <inheritdoc/>
    public bool ContainsKey(string key) => _values.ContainsKey(key);

    /// <inheritdoc/>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out HookTensor value) => _values.TryGetValue(key, out value);

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, HookTensor>> GetEnumerator() => _names.Select(name => KeyValuePair.Create(name, _values[name])).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal void Add(string name, HookTensor value)
    {
        _values.Add(name, value);
        _names.Add(name);
    }
}
