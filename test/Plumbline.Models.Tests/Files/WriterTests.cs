using System.Text;
using CsCheck;
using Plumbline.Models.Files;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Files;

public sealed class WriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline-writer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>llama.cpp's own conversion of the same folder: every tensor's bytes must be the same.</summary>
    [Theory]
    [InlineData("llama-gqa-tied", "llama-gqa-tied.F32.gguf", TensorType.F32)]
    [InlineData("llama-gqa-tied", "llama-gqa-tied.F16.gguf", TensorType.F16)]
    [InlineData("llama-gqa-tied", "llama-gqa-tied.BF16.gguf", TensorType.BF16)]
    [InlineData("llama-gqa-tied", "llama-gqa-tied.Q8_0.gguf", TensorType.Q8_0)]
    [InlineData("qwen2-bf16", "qwen2.BF16.gguf", TensorType.BF16)]
    [InlineData("qwen2-bf16", "qwen2.Q8_0.gguf", TensorType.Q8_0)]
    [InlineData("gpt2", "gpt2.F32.gguf", TensorType.F32)]
    [InlineData("llama-rope-linear", "llama-rope-linear.F16.gguf", TensorType.F16)]
    [InlineData("llama-rope-llama3", "llama-rope-llama3.F16.gguf", TensorType.F16)]
    public void A_folder_becomes_the_reference_gguf(string source, string reference, TensorType type)
    {
        string path = Path.Combine(_folder, "model.gguf");
        using (ModelFolder model = ModelFolder.Open(Golden.Path("golden", "models", source)))
        {
            // What stands behind the tokenizer.json here is a plain byte-level BPE, which llama.cpp calls gpt-2.
            Assert.Empty(GgufExport.Write(model, path, type, source));
        }

        using Gguf want = Gguf.Open(Golden.Path("golden", "models", "gguf", reference)), got = Gguf.Open(path);
        Assert.Equal(want.Tensors.Keys.Order(StringComparer.Ordinal), got.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (TensorInfo tensor in want.Tensors.Values)
        {
            Assert.Equal((tensor.Type, string.Join(',', tensor.Shape)), (got.Tensors[tensor.Name].Type, string.Join(',', got.Tensors[tensor.Name].Shape)));
            if (tensor.Name == "rope_freqs.weight")
            {
                // Computed by another formula for the same thing.
                float[] a = new float[tensor.Count], b = new float[tensor.Count];
                want.Read(tensor.Name, a);
                got.Read(tensor.Name, b);
                for (int i = 0; i < a.Length; i++) Golden.Close(a[i], b[i], 1e-6, 0, $"divisor {i}");
                continue;
            }

            Assert.True(want.Bytes(tensor.Name).SequenceEqual(got.Bytes(tensor.Name)), tensor.Name);
        }

        foreach ((string key, object value) in want.Metadata)
        {
            if (key is "general.name" or "general.quantization_version" or "tokenizer.ggml.pre" or "tokenizer.ggml.unknown_token_id" || key == "gpt2.vocab_size") continue;
            Assert.True(got.Metadata.TryGetValue(key, out object? own), key);
            Assert.Equal(value, own);
        }

        using ModelFolder reread = ModelFolder.Open(path);
        Assert.Empty(reread.Warnings);
    }

    [Theory]
    [InlineData("gguf/llama-gqa-tied.Q4_0.gguf")]
    [InlineData("gguf/gpt2.F32.gguf")]
    [InlineData("gguf/qwen2.Q8_0.gguf")]
    [InlineData("gguf/llama-rope-llama3.F16.gguf")]
    [InlineData("gguf/llama-rope-yarn.F16.gguf")]
    [InlineData("gguf/llama-rope-linear.F16.gguf")]
    [InlineData("gemma3-text")]
    [InlineData("gpt2-f16-bare")]
    [InlineData("bert")]
    [InlineData("llama-gqa-bias-untied-sharded")]
    [InlineData("opt")]
    public void A_model_becomes_a_folder_that_reads_the_same(string source)
    {
        using ModelFolder model = ModelFolder.Open(Golden.Path(["golden", "models", .. source.Split('/')]));
        HuggingFaceWriter.Write(model, _folder, TensorType.F32);
        using ModelFolder copy = ModelFolder.Open(_folder);
        Assert.Empty(copy.Warnings);
        foreach (string name in model.Tensors.Tensors.Keys)
        {
            float[] a = Read(model.Tensors, name), b = Read(copy.Tensors, name);
            if (model.Config.MatricesInOut == copy.Config.MatricesInOut) Assert.Equal(a, b);
            else Assert.Equal(a.Order(), b.Order());
        }

        ModelConfig Plain(ModelConfig c) => c with { Raw = default, MatricesInOut = false, EosIds = [], SlidingLayers = [], RopeScaling = null };
        Assert.Equal(Plain(model.Config), Plain(copy.Config));
        Assert.Equal(model.Config.SlidingLayers, copy.Config.SlidingLayers);
        Assert.Equal(model.Config.EosIds, copy.Config.EosIds);
        if (model.Config.RopeScaling is { Kind: RopeScalingKind.Divisors } divisors) Assert.Equal(divisors.LongFactors, copy.Config.RopeScaling!.LongFactors);
        else if (model.Config.RopeScaling?.Kind != RopeScalingKind.LongRope) Assert.Equal(model.Config.RopeScaling, copy.Config.RopeScaling);
    }

    [Fact]
    public void Llama2c_and_minGPT_become_folders()
    {
        foreach (string source in new[] { "stories260K", "gpt-nano-sort" })
        {
            string target = Path.Combine(_folder, source);
            using ModelFolder model = ModelFolder.Open(Golden.Path("models", source));
            HuggingFaceWriter.Write(model, target, TensorType.F32);
            using ModelFolder copy = ModelFolder.Open(target);
            foreach (TensorInfo tensor in model.Tensors.Tensors.Values)
            {
                float[] a = Read(model.Tensors, tensor.Name), b = Read(copy.Tensors, tensor.Name);
                bool turned = copy.Config.MatricesInOut && tensor.Shape.Count == 2 && tensor.Name.Contains(".h.", StringComparison.Ordinal);
                if (!turned)
                {
                    Assert.Equal(a, b);
                    continue;
                }

                int rows = (int)tensor.Shape[0], columns = (int)tensor.Shape[1];
                for (int r = 0; r < rows; r++)
                    for (int c = 0; c < columns; c++) Assert.Equal(a[(r * columns) + c], b[(c * rows) + r]);
            }
        }
    }

    [Fact]
    public void SmolLM2_is_copied_block_by_block()
    {
        string path = Path.Combine(_folder, "copy.gguf");
        using Gguf gguf = Gguf.Open(Golden.Path("models", "smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        GgufWriter.Write(path, gguf.Metadata, gguf, gguf.Tensors.Values.Select(t => (t.Name, t.Type)));
        using Gguf copy = Gguf.Open(path);
        Assert.Equal(gguf.Tensors.Keys, copy.Tensors.Keys);
        foreach (string name in gguf.Tensors.Keys) Assert.True(gguf.Bytes(name).SequenceEqual(copy.Bytes(name)), name);
        Assert.Equal(gguf.Metadata["tokenizer.ggml.merges"], copy.Metadata["tokenizer.ggml.merges"]);
    }

    private static readonly Gen<(string Name, long[] Shape)[]> s_shapes =
        Gen.Select(Gen.String[Gen.Char['\u0020', '\u04FF'], 1, 20], Gen.Long[0, 5].Array[0, 3]).Array[0, 6].Where(list => list.Select(t => t.Item1).Distinct().Count() == list.Length && list.All(t => t.Item1 != "__metadata__"));

    [Fact]
    public void Safetensors_come_back_as_they_were_written() => Gen.Select(s_shapes, Gen.Int).Sample((shapes, seed) =>
    {
        string path = Path.Combine(_folder, $"{Environment.CurrentManagedThreadId}.safetensors");
        TensorSet set = Random(shapes, seed);
        SafetensorsWriter.Write(path, set, metadata: new Dictionary<string, string>(StringComparer.Ordinal) { ["seed"] = $"{seed} \u2028<\"" });
        byte[] once = File.ReadAllBytes(path);
        using (Safetensors copy = Safetensors.Open(path))
        {
            Assert.Equal($"{seed} \u2028<\"", copy.Metadata["seed"]);
            Same(set, copy);
            SafetensorsWriter.Write(path + "2", copy, metadata: copy.Metadata);
        }

        Assert.Equal(once, File.ReadAllBytes(path + "2"));
    }, iter: 200, threads: 1);

    [Fact]
    public void Gguf_comes_back_as_it_was_written() => Gen.Select(s_shapes, Gen.Int, Gen.String).Sample((shapes, seed, text) =>
    {
        string path = Path.Combine(_folder, "roundtrip.gguf");
        (string Name, long[] Shape)[] fit = [.. shapes.Where(s => Encoding.UTF8.GetByteCount(s.Name) <= 64 && !s.Shape.Contains(0) && !s.Name.Any(char.IsControl))];
        TensorSet set = Random(fit, seed);
        string clean = string.Concat(text.Where(c => !char.IsSurrogate(c)));
        Dictionary<string, object> metadata = new(StringComparer.Ordinal)
        {
            ["a"] = (byte)200,
            ["b"] = (sbyte)-3,
            ["c"] = (ushort)65000,
            ["d"] = (short)-3,
            ["e"] = 4_000_000_000u,
            ["f"] = seed,
            ["g"] = 0.5f,
            ["h"] = true,
            ["i"] = clean,
            ["j"] = ulong.MaxValue,
            ["k"] = long.MinValue,
            ["l"] = Math.E,
            ["m"] = new[] { clean, "", "x" },
            ["n"] = new byte[] { 1, 255 },
            ["o"] = new[] { false, true },
            ["p"] = new[] { 1.5f },
            ["q"] = Array.Empty<int>(),
        };
        GgufWriter.Write(path, metadata, set, set.Tensors.Keys.Select(n => (n, TensorType.F32)));
        using Gguf copy = Gguf.Open(path);
        Same(set, copy);
        Assert.Equal(
            [200L, -3L, 65000L, -3L, 4_000_000_000L, (long)seed, 0.5, true, clean, ulong.MaxValue, long.MinValue, Math.E],
            "abcdefghijkl".Select(key => copy.Metadata[key.ToString()]));
        Assert.Equal([clean, "", "x"], (string[])copy.Metadata["m"]);
        Assert.Equal([1L, 255L], (long[])copy.Metadata["n"]);
        Assert.Empty((long[])copy.Metadata["q"]);
    }, iter: 200, threads: 1);

    /// <summary>Half a unit in the last place of the smaller type, at every magnitude; halves agree with .NET's own rounding.</summary>
    [Fact]
    public void Encoding_rounds_to_the_nearest() => Gen.Float.Where(v => float.IsFinite(v) && Math.Abs(v) < 3e38f).Array[32].Sample(values =>
    {
        byte[] bytes = new byte[64];
        float[] back = new float[32];
        TensorEncoding.FromSingle(TensorType.BF16, values, bytes);
        Dequantization.ToSingle(TensorType.BF16, bytes, back);
        for (int i = 0; i < 32; i++)
        {
            Assert.True(Math.Abs((double)back[i] - values[i]) <= Math.Max(Math.Abs((double)values[i]) / 256, 1e-40), $"{values[i]:R} {back[i]:R}");
            Assert.Equal(back[i], Through(TensorType.BF16, back[i])); // What is representable stays.
        }

        // Blocks of Q8_0: within half a step (and the scale's own rounding to a half).
        float[] small = [.. values.Select(v => MathF.IEEERemainder(v, 7))];
        byte[] block = new byte[34];
        TensorEncoding.FromSingle(TensorType.Q8_0, small, block);
        Dequantization.ToSingle(TensorType.Q8_0, block, back);
        float step = small.Max(Math.Abs) / 127;
        for (int i = 0; i < 32; i++) Assert.True(Math.Abs(back[i] - small[i]) <= (0.5f * step) + (step * 127 / 2048) + 1e-5f, $"{small[i]:R} {back[i]:R}");
    }, iter: 1000);

    [Fact]
    public void What_a_type_cannot_hold_is_refused()
    {
        byte[] two = new byte[2], block = new byte[34];
        Assert.Throws<ModelFileException>(() => TensorEncoding.FromSingle(TensorType.F16, [70000f], two));
        Assert.Throws<ModelFileException>(() => TensorEncoding.FromSingle(TensorType.BF16, [float.MaxValue], two));
        Assert.Throws<ModelFileException>(() => TensorEncoding.FromSingle(TensorType.Q8_0, Enumerable.Repeat(float.NaN, 32).ToArray(), block));
        Assert.Throws<ModelFileException>(() => TensorEncoding.FromSingle(TensorType.Q4_0, [1f], two));
        Assert.True(float.IsNaN(Through(TensorType.BF16, BitConverter.UInt32BitsToSingle(0x7F800001))));
        Assert.Equal(float.NegativeInfinity, Through(TensorType.BF16, float.NegativeInfinity));
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file()
    {
        string path = Path.Combine(_folder, "kept.safetensors");
        TensorSet set = new("memory");
        set.Add("a", [2], [1, 70000]);
        SafetensorsWriter.Write(path, set);
        byte[] before = File.ReadAllBytes(path);
        ModelFileException e = Assert.Throws<ModelFileException>(() => SafetensorsWriter.Write(path, set, TensorType.F16));
        Assert.Contains("70000", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    [Fact]
    public void What_gguf_would_compute_otherwise_is_not_written()
    {
        foreach (string name in new[] { "mistral", "gemma2", "llama-rope-dynamic", "phi3" })
        {
            using ModelFolder model = ModelFolder.Open(Golden.Path("golden", "models", name));
            Assert.Throws<ModelFileException>(() => GgufExport.Write(model, Path.Combine(_folder, "no.gguf"), TensorType.F32, name));
        }

        Assert.Empty(Directory.GetFiles(_folder));
    }

    [Fact]
    public void Row_orders_are_inverse() => Gen.Select(Gen.Int[1, 40], Gen.Int[0, 500]).Sample((half, row) =>
        RotaryRows.Paired(RotaryRows.Halved(row, 2 * half), 2 * half) == row && RotaryRows.Halved(RotaryRows.Paired(row, 2 * half), 2 * half) == row);

    private static float Through(TensorType type, float value)
    {
        byte[] bytes = new byte[type.BlockBytes()];
        TensorEncoding.FromSingle(type, [value], bytes);
        float[] back = new float[1];
        Dequantization.ToSingle(type, bytes, back);
        return back[0];
    }

    private static TensorSet Random((string Name, long[] Shape)[] shapes, int seed)
    {
        Random random = new(seed);
        TensorSet set = new("memory");
        foreach ((string name, long[] shape) in shapes)
        {
            float[] values = new float[shape.Aggregate(1L, (a, b) => a * b)];
            for (int i = 0; i < values.Length; i++) values[i] = random.NextSingle();
            set.Add(name, shape, values);
        }

        return set;
    }

    private static void Same(TensorSet want, ITensorSource got)
    {
        Assert.Equal(want.Tensors.Keys.Order(StringComparer.Ordinal), got.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (TensorInfo tensor in want.Tensors.Values)
        {
            Assert.Equal(tensor.Shape, got.Tensors[tensor.Name].Shape);
            Assert.True(want.Bytes(tensor.Name).SequenceEqual(got.Bytes(tensor.Name)), tensor.Name);
        }
    }

    private static float[] Read(ITensorSource source, string name)
    {
        float[] values = new float[source.Tensors[name].Count];
        source.Read(name, values);
        return values;
    }
}
