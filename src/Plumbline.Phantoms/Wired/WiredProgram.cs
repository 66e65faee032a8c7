namespace Plumbline.Phantoms.Wired;

/// <summary>
/// A transformer written as a program (the idea is RASP's: Weiss et al. 2021, and Tracr's: Lindner et al. 2023; the language is
/// our own). The residual stream has named coordinates; tokens and positions set some of them, heads look others up, neurons
/// are conditions, and logits are linear functions of what stands there at the end. <see cref="WiredInterpreter"/> says what
/// a program means, <see cref="WiredCompiler"/> lays it into weights. Filling it is not safe for concurrent use, reading is.
/// </summary>
internal sealed class WiredProgram
{
    private readonly Vector[] _tokens, _logits;
    private readonly List<Space> _spaces = [];
    private readonly List<WiredHead> _heads = [];
    private readonly List<WiredNeuron> _neurons = [];

    /// <param name="words">The vocabulary beyond special tokens and bytes.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="heads">Heads a layer; those without an entry do nothing.</param>
    /// <param name="context">The longest prompt.</param>
    public WiredProgram(IReadOnlyList<string> words, int layers, int heads, int context)
    {
        (Vocabulary, Layers, Heads) = (new WiredVocabulary(words), layers, heads);
        _tokens = [.. Enumerable.Repeat(Vector.Zero, Vocabulary.Count)];
        _logits = [.. Enumerable.Repeat(Vector.Zero, Vocabulary.Count)];
        Positions = [.. Enumerable.Repeat(Vector.Zero, context)];
    }

    public WiredVocabulary Vocabulary { get; }

    public int Layers { get; }

    public int Heads { get; }

    /// <summary>What each position sets, besides its token.</summary>
    public Vector[] Positions { get; }

    /// <summary>Coordinates, the constant one included.</summary>
    public int Width { get; private set; } = 1;

    /// <summary>The coordinate that is 1 everywhere and that nothing writes.</summary>
    public Vector One { get; } = Vector.Unit(0);

    public IReadOnlyList<Space> Spaces => _spaces;

    public IReadOnlyList<WiredHead> AllHeads => _heads;

    public IReadOnlyList<WiredNeuron> Neurons => _neurons;

    /// <summary>What each token sets, by id.</summary>
    public IReadOnlyList<Vector> Tokens => _tokens;

    /// <summary>What each token's logit reads, by id.</summary>
    public IReadOnlyList<Vector> Logits => _logits;

    /// <summary>Names the next coordinates.</summary>
    public Space Space(string name, int width = 1)
    {
        Space space = new(name, Width, width);
        _spaces.Add(space);
        Width += width;
        return space;
    }

    /// <summary>A token sets coordinates, besides those it sets already.</summary>
    public void Token(string token, Vector sets) => Token(Vocabulary[token], sets);

    public void Token(int id, Vector sets) => _tokens[id] += sets;

    /// <summary>A token's logit grows with coordinates, besides those it reads already.</summary>
    public void Logit(string token, Vector reads) => Logit(Vocabulary[token], reads);

    public void Logit(int id, Vector reads) => _logits[id] += reads;

    /// <summary>A head, to be filled.</summary>
    public WiredHead Head(int layer, int index, string name)
    {
        if (layer >= Layers || index >= Heads || _heads.Exists(h => h.Layer == layer && h.Index == index)) throw new ArgumentException($"There is no free head {layer}.{index} for {name}.", nameof(index));
        WiredHead head = new(layer, index, name);
        _heads.Add(head);
        return head;
    }

    /// <summary>A neuron: max(0, read) times write.</summary>
    public WiredNeuron Neuron(int layer, string name, Vector read, Vector write)
    {
        WiredNeuron neuron = new(layer, _neurons.Count(n => n.Layer == layer), name, read, write);
        _neurons.Add(neuron);
        return neuron;
    }

    /// <summary>Two neurons that add <paramref name="write"/> once where a reading is at least <paramref name="threshold"/> + 1/2, and nothing where it is at most <paramref name="threshold"/> - 1/2.</summary>
    public void When(int layer, string name, Vector read, double threshold, Vector write)
    {
        Neuron(layer, name, read - ((threshold - 0.5) * One), write);
        Neuron(layer, name + ", no more than once", read - ((threshold + 0.5) * One), -1 * write);
    }

    /// <summary>Checks what a compiler relies on.</summary>
    /// <exception cref="InvalidOperationException">Something writes the constant one.</exception>
    public void Check()
    {
        bool bad = _tokens.Concat(Positions).Concat(_heads.SelectMany(h => h.Moves.Select(m => m.Write))).Concat(_neurons.Select(n => n.Write)).Any(v => v.Terms.Any(t => t.At == 0));
        if (bad) throw new InvalidOperationException("The program writes the coordinate that is always 1.");
    }
}
