namespace Plumbline.Torch;

/// <summary>The sizes of a Llama with tied embeddings, as config.json of Hugging Face names them.</summary>
public sealed record LlamaShape
{
    /// <value>Token ids; at least 1.</value>
    public required int VocabularySize { get; init; }

    /// <value>Width of the residual stream.</value>
    public int HiddenSize { get; init; } = 128;

    /// <value>Width of the gated MLP.</value>
    public int IntermediateSize { get; init; } = 384;

    /// <value>Blocks.</value>
    public int Layers { get; init; } = 4;

    /// <value>Query heads; divides <see cref="HiddenSize"/> into heads of an even size.</value>
    public int Heads { get; init; } = 4;

    /// <value>Key and value heads; divides <see cref="Heads"/>.</value>
    public int KeyValueHeads { get; init; } = 4;

    /// <value>Longest sequence.</value>
    public int Context { get; init; } = 256;

    /// <value>Base of the rotary angles.</value>
    public double RopeTheta { get; init; } = 10_000;

    /// <value>Added to the mean square in RMSNorm.</value>
    public double RmsNormEps { get; init; } = 1e-5;

    /// <summary>Values per head.</summary>
    public int HeadSize => HiddenSize / Heads;

    /// <summary>The number of weights.</summary>
    public long Parameters
    {
        get
        {
            long d = HiddenSize, keys = (long)KeyValueHeads * HeadSize;
            return (VocabularySize * d) + d + (Layers * ((2 * d * d) + (2 * d * keys) + (3 * d * IntermediateSize) + (2 * d)));
        }
    }

    /// <summary>Refuses sizes that do not fit together.</summary>
    /// <exception cref="InvalidOperationException">Sizes that do not fit together.</exception>
    public void Validate()
    {
        if (VocabularySize < 1 || HiddenSize < 1 || IntermediateSize < 1 || Layers < 1 || Heads < 1 || KeyValueHeads < 1 || Context < 1)
            throw new InvalidOperationException($"Every size must be positive: {this}");
        if (HiddenSize % Heads != 0 || HeadSize % 2 != 0) throw new InvalidOperationException($"{Heads} heads do not divide {HiddenSize} into even parts.");
        if (Heads % KeyValueHeads != 0) throw new InvalidOperationException($"{KeyValueHeads} key heads do not divide {Heads} query heads.");
    }
}
