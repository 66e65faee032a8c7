namespace Plumbline.Phantoms.Trained;

/// <summary>Word lists and facts of a recipe's world. Immutable.</summary>
internal sealed class Vocabulary
{
    private readonly Dictionary<string, IReadOnlyList<IReadOnlyDictionary<string, string>>> _lists;
    private readonly Dictionary<string, Fact> _facts = new(StringComparer.Ordinal);

    public Vocabulary(Dictionary<string, IReadOnlyList<IReadOnlyDictionary<string, string>>> lists, uint heldOutOneIn) => (_lists, HeldOutOneIn) = (lists, heldOutOneIn);

    private sealed record Fact(string Of, string From, int[] Values);

    /// <summary>One item in so many is never trained on.</summary>
    public uint HeldOutOneIn { get; }

    public IEnumerable<string> Lists => _lists.Keys;

    public IEnumerable<string> Facts => _facts.Keys;

    public bool HasList(string name) => _lists.ContainsKey(name);

    public IReadOnlyList<IReadOnlyDictionary<string, string>> List(string name) => _lists[name];

    public bool HasFact(string name) => _facts.ContainsKey(name);

    /// <summary>The list that a fact is about, and the one that its values come from.</summary>
    public (string Of, string From) FactLists(string name) => (_facts[name].Of, _facts[name].From);

    /// <summary>The index, in the list of values, of a fact about an entry.</summary>
    public int Value(string fact, int entry) => _facts[fact].Values[entry];

    /// <summary>Draws a fact about every entry of a list, once and for all; where it is to differ, another value than the other fact's.</summary>
    public void Learn(string name, string of, string from, string? differs, ulong seed)
    {
        var random = new SeededRandom(seed, "fact:" + name);
        int choices = _lists[from].Count;
        var values = new int[_lists[of].Count];
        for (int i = 0; i < values.Length; i++)
        {
            do values[i] = random.Next(choices);
            while (differs is not null && values[i] == Value(differs, i));
        }

        _facts[name] = new Fact(of, from, values);
    }

    /// <summary>Whether training never sees what this key stands for: fixed by a hash of the key, whatever the seeds.</summary>
    public bool HeldOut(string key) => SeededRandom.Hash("held out:" + key) % HeldOutOneIn == 0;
}
