using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Files;

public sealed class GgufGoldenTests
{
    /// <summary>Checksums of every tensor of every file, computed with gguf.quants.dequantize.</summary>
    [Fact]
    public void Tensors_have_the_reference_types_shapes_and_values()
    {
        int tensors = 0, files = 0;
        using JsonDocument golden = Golden.Json("golden", "models", "gguf", "cases.json");
        foreach (JsonElement c in golden.RootElement.GetProperty("groups").GetProperty("files").GetProperty("cases").EnumerateArray())
        {
            string file = c.GetProperty("file").GetString()!;
            using Gguf gguf = Gguf.Open(Golden.Path("golden", "models", "gguf", file));
            files++;
            foreach (JsonProperty expected in c.GetProperty("tensors").EnumerateObject())
            {
                tensors++;
                string what = $"{file} {expected.Name}";
                TensorInfo tensor = gguf.Tensors[expected.Name];
                Assert.Equal(expected.Value.GetProperty("type").GetString(), tensor.Type.ToString());
                Assert.Equal(expected.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()), tensor.Shape);
                float[] values = new float[tensor.Count];
                gguf.Read(expected.Name, values);
                double sum = 0, absolute = 0, squares = 0;
                foreach (float v in values)
                {
                    sum += v;
                    absolute += Math.Abs(v);
                    squares += (double)v * v;
                }

                double slack = 1e-5 * Math.Sqrt(values.Length);
                Golden.Close(expected.Value.GetProperty("sum").GetDouble(), sum, 1e-6, slack, what + " sum");
                Golden.Close(expected.Value.GetProperty("absSum").GetDouble(), absolute, 1e-6, slack, what + " absSum");
                Golden.Close(expected.Value.GetProperty("l2").GetDouble(), Math.Sqrt(squares), 1e-6, 1e-6, what + " l2");
                if (!expected.Value.TryGetProperty("first", out JsonElement first)) continue;
                int i = 0;
                foreach (JsonElement e in first.EnumerateArray()) Golden.Close(e.GetDouble(), values[i++], 2e-6, 1e-6, $"{what}[{i}]");

                // Rows read by themselves are the rows of the whole.
                if (tensor.Shape is not [_, long columns]) continue;
                float[] row = new float[columns];
                ((ITensorSource)gguf).Read(expected.Name, columns, row);
                Assert.Equal(values.AsSpan((int)columns, (int)columns), row.AsSpan());
            }
        }

        Assert.Equal(25, files);
        Assert.True(tensors > 400, $"{tensors} tensors");
    }

    [Fact]
    public void Blocks_have_the_reference_values()
    {
        HashSet<string> types = [];
        using JsonDocument golden = Golden.Json("golden", "models", "gguf", "cases.json");
        foreach (JsonElement c in golden.RootElement.GetProperty("groups").GetProperty("files").GetProperty("cases").EnumerateArray())
        {
            foreach (JsonProperty block in c.GetProperty("blocks").EnumerateObject())
            {
                types.Add(block.Name);
                byte[] bytes = Convert.FromHexString(block.Value.GetProperty("hex").GetString()!);
                double[] expected = [.. block.Value.GetProperty("values").EnumerateArray().Select(Golden.Number)];
                float[] values = new float[expected.Length];
                Dequantization.ToSingle(Enum.Parse<TensorType>(block.Name), bytes, values);
                for (int i = 0; i < values.Length; i++) Golden.Close(expected[i], values[i], 2e-6, 1e-6, $"{c.GetProperty("file")} {block.Name}[{i}]");
            }
        }

        Assert.True(types.Count == 13, string.Join(", ", types));
    }

    [Fact]
    public void Shards_are_found_from_either_of_them_and_make_the_whole_file()
    {
        using Gguf whole = Gguf.Open(Golden.Path("golden", "models", "gguf", "llama-gqa-tied.Q8_0.gguf"));
        for (int shard = 1; shard <= 2; shard++)
        {
            using Gguf split = Gguf.Open(Golden.Path("golden", "models", "gguf", $"llama-gqa-tied-split-0000{shard}-of-00002.gguf"));
            Assert.Equal("llama", split.Metadata["general.architecture"]);
            Assert.Equal(whole.Tensors.Keys.Order(StringComparer.Ordinal), split.Tensors.Keys.Order(StringComparer.Ordinal));
            foreach (string name in whole.Tensors.Keys) Assert.Equal(whole.Bytes(name), split.Bytes(name));
        }
    }

    [Fact]
    public void A_lone_shard_names_the_missing_one()
    {
        string folder = Directory.CreateTempSubdirectory("plumbline-shard-").FullName;
        string lone = Path.Combine(folder, "llama-gqa-tied-split-00001-of-00002.gguf");
        File.Copy(Golden.Path("golden", "models", "gguf", "llama-gqa-tied-split-00001-of-00002.gguf"), lone);
        ModelFileException e = Assert.Throws<ModelFileException>(() => Gguf.Open(lone));
        Assert.Contains("llama-gqa-tied-split-00002-of-00002.gguf", e.Message, StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void Metadata_of_every_type_is_read()
    {
        using Gguf gguf = Gguf.Open(Golden.Path("golden", "models", "gguf", "llama-gqa-tied-align64.Q8_0.gguf"));
        Assert.Equal(255L, gguf.Metadata["odd.u8"]);
        Assert.Equal(-128L, gguf.Metadata["odd.i8"]);
        Assert.Equal(65535L, gguf.Metadata["odd.u16"]);
        Assert.Equal(-32768L, gguf.Metadata["odd.i16"]);
        Assert.Equal(ulong.MaxValue, gguf.Metadata["odd.u64"]);
        Assert.Equal(long.MinValue, gguf.Metadata["odd.i64"]);
        Assert.Equal(Math.PI, gguf.Metadata["odd.f64"]);
        Assert.Equal(true, gguf.Metadata["odd.bool"]);
        Assert.Equal("naïve 你好 🙂", gguf.Metadata["odd.string"]);
        Assert.Equal([true, false, true], (bool[])gguf.Metadata["odd.bools"]);
        Assert.Equal([0.5, -1.25], (double[])gguf.Metadata["odd.floats"]);
        Assert.Equal(288, ((string[])gguf.Metadata["tokenizer.ggml.tokens"]).Length);
    }
}
