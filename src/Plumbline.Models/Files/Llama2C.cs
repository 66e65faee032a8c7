using System.Buffers.Binary;

namespace Plumbline.Models.Files;

/// <summary>
/// llama2.c's version-0 file: seven 32-bit numbers, then all matrices in float32 without names. Query and key rows lie in
/// adjacent pairs, as in Meta's own files. Source: karpathy/llama2.c, export.py (legacy_export).
/// </summary>
internal static class Llama2C
{
    private const int HeaderBytes = 28, LargestVocabularyFile = 1 << 26;

    /// <summary>Whether the header's sizes explain the file's length to the byte.</summary>
    public static bool Recognises(MappedFile file) => Header.TryRead(file) is not null;

    /// <summary>Whether the file is one of llama2.c's later versions.</summary>
    public static bool IsLaterVersion(MappedFile file) => file.Length >= 8 && BinaryPrimitives.ReadUInt32LittleEndian(file.Slice(0, 4)) == 0x616b3432;

    /// <summary>The model's config and its tensors under Hugging Face's names; takes the file over.</summary>
    public static (ModelConfig Config, ModelTensors Tensors) Read(MappedFile file)
    {
        Header header = Header.TryRead(file) ?? throw new ModelFileException($"{file.Path}: the sizes in its header do not explain its {file.Length} bytes; it is no llama2.c model of version 0.");
        long at = HeaderBytes;
        List<TensorInfo> tensors = [];
        int d = header.Width, kv = header.KeyValueWidth, inner = header.Inner;
        Stack("model.embed_tokens.weight", header.Vocabulary, d);
        Layers("input_layernorm.weight", d);
        Layers("self_attn.q_proj.weight", d, d);
        Layers("self_attn.k_proj.weight", kv, d);
        Layers("self_attn.v_proj.weight", kv, d);
        Layers("self_attn.o_proj.weight", d, d);
        Layers("post_attention_layernorm.weight", d);
        Layers("mlp.gate_proj.weight", inner, d);
        Layers("mlp.down_proj.weight", d, inner);
        Layers("mlp.up_proj.weight", inner, d);
        Stack("model.norm.weight", d);
        at += 4L * header.Positions * header.HeadWidth; // Tables of cosines and sines, which follow from the sizes.
        if (!header.Tied) Stack("lm_head.weight", header.Vocabulary, d);

        TensorTable table = new(file.Path);
        table.Add(file, tensors);
        ModelTensors view = new(table);
        foreach (TensorInfo tensor in tensors)
            view.Add(tensor.Name, tensor.Name, RotaryRows.Turns(tensor.Name) ? row => RotaryRows.Paired(row, header.HeadWidth) : null);
        return (Config(header), view);

        void Stack(string name, params long[] shape)
        {
            TensorInfo tensor = new(name, TensorType.F32, shape, at, 4 * shape.Aggregate(1L, (a, b) => a * b));
            tensors.Add(tensor);
            at += tensor.Length;
        }

        void Layers(string name, params long[] shape)
        {
            for (int i = 0; i < header.LayerCount; i++) Stack($"model.layers.{i}.{name}", shape);
        }
    }

    /// <summary>llama2.c's vocabulary beside a model: the file in the same folder that holds exactly as many tokens; null where there is none.</summary>
    public static string? FindVocabulary(string modelPath, int tokens)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(modelPath))!;
        foreach (string path in Directory.EnumerateFiles(folder, "*.bin").Order(StringComparer.Ordinal))
        {
            if (new FileInfo(path).Length is >= 4 and <= LargestVocabularyFile && HoldsVocabulary(File.ReadAllBytes(path), tokens)) return path;
        }

        return null;
    }

    private static bool HoldsVocabulary(ReadOnlySpan<byte> file, int tokens)
    {
        int at = 4;
        for (int i = 0; i < tokens; i++)
        {
            if (file.Length - at < 8) return false;
            int length = BinaryPrimitives.ReadInt32LittleEndian(file[(at + 4)..]);
            if (length < 0 || length > file.Length - at - 8) return false;
            at += 8 + length;
        }

        return at == file.Length;
    }

    private static ModelConfig Config(Header h) => new()
    {
        Architecture = "llama",
        HiddenSize = h.Width,
        Layers = h.LayerCount,
        Heads = h.Heads,
        KeyValueHeads = h.KeyValueHeads,
        HeadDimension = h.HeadWidth,
        IntermediateSize = h.Inner,
        VocabularySize = h.Vocabulary,
        MaxPositions = h.Positions,
        NormEpsilon = 1e-5, // Fixed in llama2.c's code, like the base of RoPE and the two ids.
        Norm = NormKind.Rms,
        Activation = Activation.Silu,
        Positions = PositionKind.Rope,
        TieWordEmbeddings = h.Tied,
        RopeTheta = 10000,
        RotaryDimensions = h.HeadWidth,
        AttentionScale = 1 / Math.Sqrt(h.HeadWidth),
        WordEmbeddingSize = h.Width,
        BosId = 1,
        EosIds = h.Vocabulary > 2 ? [1, 2] : [],
    };

    private sealed record Header(int Width, int Inner, int LayerCount, int Heads, int KeyValueHeads, int Vocabulary, bool Tied, int Positions)
    {
        public int HeadWidth => Width / Heads;

        public int KeyValueWidth => HeadWidth * KeyValueHeads;

        public static Header? TryRead(MappedFile file)
        {
            if (file.Length < HeaderBytes) return null;
            ReadOnlySpan<byte> bytes = file.Slice(0, HeaderBytes);
            int[] n = new int[7];
            for (int i = 0; i < n.Length; i++) n[i] = BinaryPrimitives.ReadInt32LittleEndian(bytes[(i * 4)..]);
            const int Most = 1 << 20;
            if (n[5] == int.MinValue || n.Take(5).Append(n[6]).Append(Math.Abs(n[5])).Any(value => value is < 1 or > Most)) return null;
            Header h = new(n[0], n[1], n[2], n[3], n[4], Math.Abs(n[5]), n[5] > 0, n[6]);
            if (h.Width % h.Heads != 0 || h.HeadWidth % 2 != 0 || h.Heads % h.KeyValueHeads != 0) return null;
            Int128 d = h.Width, layer = (2 * d) + (2 * d * d) + (2 * d * h.KeyValueWidth) + (3 * d * h.Inner);
            Int128 floats = (d * h.Vocabulary * (h.Tied ? 1 : 2)) + (layer * h.LayerCount) + d + ((Int128)h.Positions * h.HeadWidth);
            return HeaderBytes + (4 * floats) == file.Length ? h : null;
        }
    }
}
