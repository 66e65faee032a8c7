using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Plumbline.Models.Files;

namespace Plumbline.Models.Tests.Files;

/// <summary>
/// Mutates small valid model files and opens them. Whatever the bytes: the file loads, or a <see cref="ModelFileException"/>
/// says why not; nothing else is thrown, memory stays within a multiple of the file's size, and each file takes well below a second.
/// The same seed gives the same mutants.
/// </summary>
internal sealed class ModelFileFuzzer : IDisposable
{
    /// <summary>The formats that are mutated.</summary>
    public static readonly IReadOnlyList<string> Formats = ["safetensors", "gguf", "config", "index", "llama2c", "mingpt"];

    private const long AllocationFloor = 16_000_000, AllocationPerByte = 200;
    private static readonly ulong[] s_interesting =
        [0, 1, 2, 3, 7, 8, 31, 32, 63, 64, 127, 128, 255, 256, 65535, 65536, int.MaxValue, 1UL << 31, uint.MaxValue, 1UL << 32, 1UL << 40, 1UL << 61, 1UL << 62, long.MaxValue, 1UL << 63, ulong.MaxValue, ulong.MaxValue - 7];

    private static readonly string[] s_words =
        ["-1", "0", "1e999", "1.5", "18446744073709551615", "9223372036854775808", "4294967296", "null", "true", "[]", "{}", "\"\"", "\"\\ud800\"", "NaN", "[[[[", "}", ",", "\"F32\"", "\"I64\"", "\"\\u0000\"", "\"../x\"", "2.0", "1000000000"];

    private static readonly (string Name, string Gguf, long[] Shape)[] s_tensors =
    [
        ("model.embed_tokens.weight", "token_embd.weight", [16, 8]),
        ("model.layers.0.input_layernorm.weight", "blk.0.attn_norm.weight", [8]),
        ("model.layers.0.post_attention_layernorm.weight", "blk.0.ffn_norm.weight", [8]),
        ("model.layers.0.self_attn.q_proj.weight", "blk.0.attn_q.weight", [8, 8]),
        ("model.layers.0.self_attn.k_proj.weight", "blk.0.attn_k.weight", [4, 8]),
        ("model.layers.0.self_attn.v_proj.weight", "blk.0.attn_v.weight", [4, 8]),
        ("model.layers.0.self_attn.o_proj.weight", "blk.0.attn_output.weight", [8, 8]),
        ("model.layers.0.mlp.gate_proj.weight", "blk.0.ffn_gate.weight", [8, 8]),
        ("model.layers.0.mlp.up_proj.weight", "blk.0.ffn_up.weight", [8, 8]),
        ("model.layers.0.mlp.down_proj.weight", "blk.0.ffn_down.weight", [8, 8]),
        ("model.norm.weight", "output_norm.weight", [8]),
    ];

    private static readonly (string Name, int[] Shape)[] s_minGpt =
    [
        ("wte.weight", [2, 2]), ("wpe.weight", [2, 2]), ("h.0.ln_1.weight", [2]), ("h.0.ln_1.bias", [2]), ("h.0.attn.c_attn.weight", [6, 2]), ("h.0.attn.c_attn.bias", [6]),
        ("h.0.attn.c_proj.weight", [2, 2]), ("h.0.attn.c_proj.bias", [2]), ("h.0.ln_2.weight", [2]), ("h.0.ln_2.bias", [2]), ("h.0.mlp.c_fc.weight", [8, 2]), ("h.0.mlp.c_fc.bias", [8]),
        ("h.0.mlp.c_proj.weight", [2, 8]), ("h.0.mlp.c_proj.bias", [2]), ("ln_f.weight", [2]), ("ln_f.bias", [2]),
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline-fuzz-").FullName;
    private readonly byte[] _safetensors, _gguf, _llama2C, _minGpt;
    private const string Config = """{"model_type": "llama", "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 16, "max_position_embeddings": 32, "rms_norm_eps": 1e-05, "rope_theta": 10000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 16}, "hidden_act": "silu", "tie_word_embeddings": true, "bos_token_id": 1, "eos_token_id": [2, 3]}""";
    private static readonly string s_index = "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {" + string.Join(", ", s_tensors.Select(t => $"\"{t.Name}\": \"shard.safetensors\"")) + "}}";

    /// <summary>Makes the valid files that mutants come from.</summary>
    public ModelFileFuzzer()
    {
        TensorSet set = new("seed"), named = new("seed");
        foreach ((string name, string gguf, long[] shape) in s_tensors)
        {
            float[] zeros = new float[shape.Aggregate(1L, (x, y) => x * y)];
            set.Add(name, shape, zeros);
            named.Add(gguf, shape, zeros);
        }

        string path = Path.Combine(_folder, "seed");
        SafetensorsWriter.Write(path, set, TensorType.F16);
        _safetensors = File.ReadAllBytes(path);

        Dictionary<string, object> metadata = new(StringComparer.Ordinal)
        {
            ["general.architecture"] = "llama",
            ["llama.block_count"] = 1u,
            ["llama.embedding_length"] = 8u,
            ["llama.attention.head_count"] = 4u,
            ["llama.attention.head_count_kv"] = 2u,
            ["llama.feed_forward_length"] = 8u,
            ["llama.context_length"] = 32u,
            ["llama.attention.layer_norm_rms_epsilon"] = 1e-5f,
            ["llama.rope.scaling.type"] = "linear",
            ["llama.rope.scaling.factor"] = 2f,
            ["tokenizer.ggml.model"] = "gpt2",
            ["tokenizer.ggml.pre"] = "gpt-2",
            ["tokenizer.ggml.tokens"] = Enumerable.Range(0, 16).Select(i => $"t{i}").ToArray(),
            ["tokenizer.ggml.token_type"] = new int[16],
            ["tokenizer.ggml.eos_token_id"] = 2u,
        };
        GgufWriter.Write(path, metadata, named, named.Tensors.Keys.Select(n => (n, TensorType.F32)));
        _gguf = File.ReadAllBytes(path);
        _llama2C = new byte[28 + (4 * ((16 * 8) + (2 * 8) + (2 * 64) + (2 * 32) + (3 * 64) + 8 + (4 * 2)))];
        int[] header = [8, 8, 1, 4, 2, 16, 4];
        for (int i = 0; i < header.Length; i++) BinaryPrimitives.WriteInt32LittleEndian(_llama2C.AsSpan(i * 4), header[i]);
        _minGpt = Encoding.UTF8.GetBytes("""{"config": {"n_layer": 1, "n_head": 1, "n_embd": 2, "vocab_size": 2, "block_size": 2}""" + string.Concat(s_minGpt.Select(t =>
            $$""", "transformer.{{t.Name}}": {"shape": [{{string.Join(", ", t.Shape)}}], "dtype": "torch.float32", "data": "{{Convert.ToBase64String(new byte[4 * t.Shape.Aggregate(1, (x, y) => x * y)])}}"}""")) + "}");
        File.Delete(path);
    }

    /// <summary>How many mutants loaded and how many were refused.</summary>
    public (int Loaded, int Refused) Counts { get; private set; }

    /// <summary>Opens mutants of a format.</summary>
    /// <returns>The faults found: what was thrown, allocated or waited for, with the mutant's number. Empty when all is well.</returns>
    public IReadOnlyList<string> Run(string format, int count, int seed)
    {
        List<string> faults = [];
        int loaded = 0, refused = 0;
        for (int i = 0; i < count && faults.Count < 10; i++)
        {
            Random random = new(HashCode(seed, i));
            string target = Write(format, random, out int size);
            long before = GC.GetAllocatedBytesForCurrentThread(), start = Stopwatch.GetTimestamp();
            try
            {
                using ModelFolder model = ModelFolder.Open(target);
                foreach (TensorInfo tensor in model.File.Tensors.Values)
                {
                    model.File.Bytes(tensor.Name);
                    if (tensor.Type != TensorType.Bool && tensor.Count < 1_000_000) model.File.Read(tensor.Name, new float[tensor.Count]);
                }

                foreach (TensorInfo tensor in model.Tensors.Tensors.Values) model.Tensors.Bytes(tensor.Name);
                loaded++;
            }
            catch (ModelFileException)
            {
                refused++;
            }
            catch (Exception e)
            {
                faults.Add($"{format} seed {seed} mutant {i}: {e}");
            }

            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > AllocationFloor + (AllocationPerByte * size)) faults.Add($"{format} seed {seed} mutant {i}: {allocated} bytes allocated for {size}");
            if (Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(5)) faults.Add($"{format} seed {seed} mutant {i}: took {Stopwatch.GetElapsedTime(start)}");
        }

        Counts = (loaded, refused);
        return faults;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The folder or file to open; one mutated part, the others whole.
    private string Write(string format, Random random, out int size)
    {
        byte[] bytes = format switch
        {
            "safetensors" => random.Next(2) == 0 ? Mutate(_safetensors, random, text: false) : MutateHeader(random),
            "gguf" => Mutate(_gguf, random, text: false),
            "config" => Mutate(Encoding.UTF8.GetBytes(Config), random, text: true),
            "index" => Mutate(Encoding.UTF8.GetBytes(s_index), random, text: true),
            "llama2c" => Mutate(_llama2C, random, text: false),
            "mingpt" => Mutate(_minGpt, random, text: true),
            _ => throw new ArgumentOutOfRangeException(nameof(format), format, "Not a format."),
        };
        size = bytes.Length;
        string folder = Path.Combine(_folder, format);
        Directory.CreateDirectory(folder);
        string Put(string name, byte[] content)
        {
            string path = Path.Combine(folder, name);
            File.WriteAllBytes(path, content);
            return path;
        }

        switch (format)
        {
            case "gguf": return Put("model.gguf", bytes);
            case "llama2c": return Put("model.bin", bytes);
            case "mingpt": return Put("model.json", bytes);
            case "config":
                Put("config.json", bytes);
                Once("model.safetensors", _safetensors);
                return folder;
            case "index":
                Once("config.json", Encoding.UTF8.GetBytes(Config));
                Once("shard.safetensors", _safetensors);
                Put("model.safetensors.index.json", bytes);
                return folder;
            default:
                Once("config.json", Encoding.UTF8.GetBytes(Config));
                Put("model.safetensors", bytes);
                return folder;
        }

        void Once(string name, byte[] content)
        {
            if (!File.Exists(Path.Combine(folder, name))) Put(name, content);
        }
    }

    // The JSON header changed as text, its length put right again: gets past the first check.
    private byte[] MutateHeader(Random random)
    {
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(_safetensors);
        byte[] header = Mutate(_safetensors.AsSpan(8, length).ToArray(), random, text: true), whole = new byte[8 + header.Length + _safetensors.Length - 8 - length];
        BinaryPrimitives.WriteInt64LittleEndian(whole, header.Length);
        header.CopyTo(whole, 8);
        _safetensors.AsSpan(8 + length).CopyTo(whole.AsSpan(8 + header.Length));
        return whole;
    }

    private static byte[] Mutate(byte[] seed, Random random, bool text)
    {
        List<byte> bytes = [.. seed];
        for (int changes = 1 + random.Next(text ? 2 : 3); changes > 0 && bytes.Count > 8; changes--)
        {
            // Headers lie in front: half of all changes go there.
            int at = random.Next(2) == 0 ? random.Next(Math.Min(bytes.Count, 700)) : random.Next(bytes.Count), length = 1 + random.Next(Math.Min(32, bytes.Count - at));
            switch (random.Next(text ? 18 : 7))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: Overwrite(bytes, at, s_interesting[random.Next(s_interesting.Length)], random.Next(2) == 0 ? 4 : 8); break;
                case 3: bytes.RemoveRange(at, length); break;
                case 4: bytes.InsertRange(random.Next(bytes.Count), bytes.GetRange(at, length)); break;
                case 5: bytes.RemoveRange(at, bytes.Count - at); break;
                case 6: bytes.InsertRange(at, new byte[length]); break;
                default: ReplaceToken(bytes, at, Encoding.UTF8.GetBytes(s_words[random.Next(s_words.Length)])); break;
            }
        }

        return [.. bytes];
    }

    private static void Overwrite(List<byte> bytes, int at, ulong value, int width)
    {
        for (int i = 0; i < width && at + i < bytes.Count; i++) bytes[at + i] = (byte)(value >> (8 * i));
    }

    // The JSON token around a place becomes another one.
    private static void ReplaceToken(List<byte> bytes, int at, byte[] word)
    {
        static bool Ends(byte b) => b is (byte)',' or (byte)':' or (byte)'{' or (byte)'}' or (byte)'[' or (byte)']' or (byte)' ';
        int start = at, end = at;
        while (start > 0 && !Ends(bytes[start - 1])) start--;
        while (end < bytes.Count && !Ends(bytes[end])) end++;
        bytes.RemoveRange(start, end - start);
        bytes.InsertRange(start, word);
    }

    // System.HashCode differs from run to run.
    private static int HashCode(int seed, int i) => unchecked((int)(((uint)seed * 2654435761u) ^ ((uint)i * 2246822519u)));
}
