using System.Globalization;

namespace Plumbline.Models.Hooks;

/// <summary>
/// What writes into the residual stream or reads from it: the ends of an edge. Written as 0.1 (what head 1 of layer 0 adds),
/// mlp0, embed; 0.1.q, 0.1.k, 0.1.v (what a head's query, or a key-value head's key or value, is made of), mlp0 and logits.
/// </summary>
/// <param name="Kind">What it is.</param>
/// <param name="Layer">Its layer; 0 for embeddings and logits.</param>
/// <param name="Index">The head, or the key and value head; 0 where there is none.</param>
public readonly record struct ResidualNode(ResidualNodeKind Kind, int Layer, int Index)
{
    /// <summary>The embeddings, of tokens and of positions.</summary>
    public static ResidualNode Embeddings { get; } = new(ResidualNodeKind.Embeddings, 0, 0);

    /// <summary>The final norm and the head.</summary>
    public static ResidualNode Logits { get; } = new(ResidualNodeKind.Logits, 0, 0);

    /// <summary>What a head adds.</summary>
    public static ResidualNode Head(int layer, int head) => new(ResidualNodeKind.Head, layer, head);

    /// <summary>What a head's query reads.</summary>
    public static ResidualNode Query(int layer, int head) => new(ResidualNodeKind.Query, layer, head);

    /// <summary>What the key of a key and value head reads.</summary>
    public static ResidualNode Key(int layer, int head) => new(ResidualNodeKind.Key, layer, head);

    /// <summary>What the value of a key and value head reads.</summary>
    public static ResidualNode Value(int layer, int head) => new(ResidualNodeKind.Value, layer, head);

    /// <summary>An MLP: what it reads, or what it adds.</summary>
    public static ResidualNode Mlp(int layer) => new(ResidualNodeKind.Mlp, layer, 0);

    /// <summary>Everything that writes, in forward order.</summary>
    /// <param name="model">The model.</param>
    public static IReadOnlyList<ResidualNode> Writers(Files.ModelConfig model)
    {
        List<ResidualNode> writers = [Embeddings];
        for (int layer = 0; layer < model.Layers; layer++)
        {
            for (int head = 0; head < model.Heads; head++) writers.Add(Head(layer, head));
            writers.Add(Mlp(layer));
        }

        return writers;
    }

    /// <summary>Everything that reads, in forward order.</summary>
    /// <param name="model">The model.</param>
    public static IReadOnlyList<ResidualNode> Readers(Files.ModelConfig model)
    {
        List<ResidualNode> readers = [];
        for (int layer = 0; layer < model.Layers; layer++)
        {
            for (int head = 0; head < model.Heads; head++) readers.Add(Query(layer, head));
            for (int head = 0; head < model.KeyValueHeads; head++) readers.Add(Key(layer, head));
            for (int head = 0; head < model.KeyValueHeads; head++) readers.Add(Value(layer, head));
            readers.Add(Mlp(layer));
        }

        readers.Add(Logits);
        return readers;
    }

    /// <summary>Whether a reader sees what a writer adds: in a parallel block an MLP does not see the heads beside it.</summary>
    /// <param name="reader">What reads.</param>
    /// <param name="model">The model.</param>
    public bool Reaches(ResidualNode reader, Files.ModelConfig model) => Kind switch
    {
        _ when reader.Kind is ResidualNodeKind.Embeddings or ResidualNodeKind.Head => false,
        ResidualNodeKind.Embeddings => true,
        ResidualNodeKind.Head => reader.Kind == ResidualNodeKind.Logits || reader.Layer > Layer || (reader.Kind == ResidualNodeKind.Mlp && reader.Layer == Layer && !model.ParallelResidual),
        ResidualNodeKind.Mlp => reader.Kind == ResidualNodeKind.Logits || reader.Layer > Layer,
        _ => false,
    };

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ResidualNodeKind.Embeddings => "embed",
        ResidualNodeKind.Logits => "logits",
        ResidualNodeKind.Mlp => string.Create(CultureInfo.InvariantCulture, $"mlp{Layer}"),
        ResidualNodeKind.Head => string.Create(CultureInfo.InvariantCulture, $"{Layer}.{Index}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Layer}.{Index}.{(Kind == ResidualNodeKind.Query ? 'q' : Kind == ResidualNodeKind.Key ? 'k' : 'v')}"),
    };

    /// <summary>The hook at which a reader's own copy of the stream lies.</summary>
    internal string Hook => Kind switch
    {
        ResidualNodeKind.Query => $"blocks.{Layer}.hook_q_input",
        ResidualNodeKind.Key => $"blocks.{Layer}.hook_k_input",
        ResidualNodeKind.Value => $"blocks.{Layer}.hook_v_input",
        ResidualNodeKind.Mlp => $"blocks.{Layer}.hook_mlp_in",
        _ => throw new InvalidOperationException($"{this} has no copy of the residual stream."),
    };

    internal void Check(Files.ModelConfig model)
    {
        int heads = Kind is ResidualNodeKind.Key or ResidualNodeKind.Value ? model.KeyValueHeads : model.Heads;
        if ((uint)Layer >= (uint)model.Layers) throw new ArgumentException($"Layer {Layer} is out of range; the model has layers from 0 to {model.Layers - 1}.");
        if ((uint)Index >= (uint)heads) throw new ArgumentException($"{this}: head {Index} is out of range; there are {heads}, numbered from 0.");
    }

    internal void CheckEdge(ResidualNode reader, Files.ModelConfig model)
    {
        Check(model);
        reader.Check(model);
        if (Reaches(reader, model)) return;
        throw new ArgumentException(Kind == ResidualNodeKind.Head && reader.Kind == ResidualNodeKind.Mlp && reader.Layer == Layer
            ? $"There is no path from {this} to {reader}: in a parallel block attention does not feed the MLP beside it."
            : $"There is no path from {this} to {reader}: what is written is read only later in the forward pass.");
    }
}

/// <summary>What writes into the residual stream, or reads from it.</summary>
public enum ResidualNodeKind { Embeddings, Head, Query, Key, Value, Mlp, Logits }
