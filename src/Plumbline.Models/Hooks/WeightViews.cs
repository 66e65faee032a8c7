using System.Globalization;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;

namespace Plumbline.Models.Hooks;

/// <summary>The weights under TransformerLens's names and in its shapes, whatever the file's layout.</summary>
internal sealed unsafe class WeightViews(ModelConfig config, HookedWeights weights)
{
    private int Heads => config.Heads;

    private int KeyValueHeads => config.KeyValueHeads;

    private int Head => config.HeadDimension;

    private int Width => config.HiddenSize;

    public HookTensor Get(string name)
    {
        string[] parts = name.Split('.');
        HookTensor? found = parts switch
        {
            ["embed", "W_E"] when weights.ProjectIn is null => Scaled(Rows(weights.Embedding, 0, config.VocabularySize), (float)config.EmbeddingScale, config.VocabularySize, Width),
            ["pos_embed", "W_pos"] when weights.Positions is { } positions =>
                new([(positions.Length / Width) - config.PositionOffset, Width], positions[(config.PositionOffset * Width)..]),
            ["ln_final", var part] => Norm(weights.FinalNorm, part),
            ["unembed", "W_U"] when weights is { Head: { } head, ProjectOut: null } => new([Width, config.VocabularySize], Turned(Rows(head, 0, config.VocabularySize), config.VocabularySize, Width)),
            ["unembed", "b_U"] when weights.Head is not null => new([config.VocabularySize], weights.HeadBias is { } bias ? [.. bias] : new float[config.VocabularySize]),
            ["blocks", var number, .. var rest] when int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int layer) && layer < config.Layers => Block(weights.Blocks[layer], rest),
            _ => null,
        };
        return found ?? throw new ArgumentException($"This {config.Architecture} model of {config.Layers} layers has no weight {name}; names are as in TransformerLens: embed.W_E, blocks.0.attn.W_Q, blocks.0.mlp.W_in, unembed.W_U.", nameof(name));
    }

    private HookTensor? Block(HookedBlock block, string[] rest)
    {
        int inner = config.IntermediateSize;
        return rest switch
        {
            ["attn", "W_Q"] => PerHead(block.Query, Heads),
            ["attn", "W_K"] => PerHead(block.Key, KeyValueHeads),
            ["attn", "W_V"] => PerHead(block.Value, KeyValueHeads),
            ["attn", "b_Q"] => new([Heads, Head], Bias(block.Query, Heads * Head)),
            ["attn", "b_K"] => new([KeyValueHeads, Head], Bias(block.Key, KeyValueHeads * Head)),
            ["attn", "b_V"] => new([KeyValueHeads, Head], Bias(block.Value, KeyValueHeads * Head)),
            ["attn", "W_O"] => new([Heads, Head, Width], Turned(Rows(block.Output, 0, Width), Width, Heads * Head)),
            ["attn", "b_O"] => new([Width], Bias(block.Output, Width)),
            ["mlp", "W_in"] => new([Width, inner], Turned(Rows(block.Up, 0, inner), inner, Width)),
            ["mlp", "W_gate"] when block.Gate is { } gate => new([Width, inner], Turned(Rows(gate, 0, inner), inner, Width)),
            ["mlp", "W_out"] => new([inner, Width], Turned(Rows(block.Down, 0, Width), Width, inner)),
            ["mlp", "b_in"] => new([inner], Bias(block.Up, inner)),
            ["mlp", "b_gate"] when block.Gate is { } gate => new([inner], Bias(gate, inner)),
            ["mlp", "b_out"] => new([Width], Bias(block.Down, Width)),
            // A norm behind has the name of the one before where there is none (OLMo 2).
            ["ln1", var part] => Norm(block.Norm1 ?? block.AfterAttentionNorm, part),
            ["ln2", var part] => Norm(block.Norm2 ?? block.AfterMlpNorm, part),
            ["ln1_post", var part] when block.Norm1 is not null => Norm(block.AfterAttentionNorm, part),
            ["ln2_post", var part] when block.Norm2 is not null => Norm(block.AfterMlpNorm, part),
            ["attn", "q_norm", var part] => Norm(block.QueryNorm, part),
            ["attn", "k_norm", var part] => Norm(block.KeyNorm, part),
            _ => null,
        };
    }

    private static HookTensor? Norm(HookedNorm? norm, string part) => (norm, part) switch
    {
        ({ } known, "w") => new([known.Weight.Length], [.. known.Weight]),
        ({ Bias: { } bias }, "b") => new([bias.Length], [.. bias]),
        _ => null,
    };

    // [head, d_model, d_head] of rows [head, d_head, d_model].
    private HookTensor PerHead(Linear linear, int heads)
    {
        float[] result = new float[heads * Width * Head];
        for (int head = 0; head < heads; head++) Turned(Rows(linear, head * Head, Head), Head, Width).CopyTo(result, head * Width * Head);
        return new HookTensor([heads, Width, Head], result);
    }

    private static float[] Rows(Linear linear, int first, int count)
    {
        int columns = linear.Matrix.Columns;
        float[] rows = new float[checked(count * columns)];
        fixed (float* to = rows)
        {
            for (int row = 0; row < count; row++) linear.ReadRow(first + row, to + ((long)row * columns));
        }

        return rows;
    }

    private static float[] Bias(Linear linear, int count)
    {
        float[] bias = new float[count];
        if (linear.Bias is not null) new ReadOnlySpan<float>(linear.Bias, count).CopyTo(bias);
        return bias;
    }

    private static float[] Turned(float[] matrix, int rows, int columns)
    {
        float[] turned = new float[matrix.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++) turned[(column * rows) + row] = matrix[(row * columns) + column];
        }

        return turned;
    }

    private static HookTensor Scaled(float[] values, float scale, params int[] shape)
    {
        if (scale != 1)
        {
            for (int i = 0; i < values.Length; i++) values[i] *= scale;
        }

        return new HookTensor(shape, values);
    }
}
