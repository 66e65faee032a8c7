using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Text.Json;

namespace Plumbline.Phantoms.Tests.Wired;

/// <summary>
/// GPT-2 and Llama in double precision, written from their definitions and reading the files themselves: it shares no code with the
/// product, so what it measures is independent of our instruments. Slow, and exact to about 1e-12.
/// </summary>
internal sealed class PlainTransformer
{
    private readonly Dictionary<string, (int[] Shape, float[] Values)> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (int Input, double Weight)[][]> _sparse = new(StringComparer.Ordinal);
    private readonly bool _gpt2;
    private readonly double _epsilon, _theta;

    public PlainTransformer(byte[] config, byte[] safetensors, byte[] tokenizer)
    {
        using JsonDocument json = JsonDocument.Parse(config);
        JsonElement root = json.RootElement;
        _gpt2 = root.GetProperty("model_type").GetString() == "gpt2";
        Width = root.GetProperty(_gpt2 ? "n_embd" : "hidden_size").GetInt32();
        Layers = root.GetProperty(_gpt2 ? "n_layer" : "num_hidden_layers").GetInt32();
        Heads = root.GetProperty(_gpt2 ? "n_head" : "num_attention_heads").GetInt32();
        Inner = root.GetProperty(_gpt2 ? "n_inner" : "intermediate_size").GetInt32();
        Head = _gpt2 ? Width / Heads : root.GetProperty("head_dim").GetInt32();
        _epsilon = root.GetProperty(_gpt2 ? "layer_norm_epsilon" : "rms_norm_eps").GetDouble();
        _theta = _gpt2 ? 0 : root.GetProperty("rope_theta").GetDouble();

        int header = (int)BinaryPrimitives.ReadInt64LittleEndian(safetensors);
        using JsonDocument index = JsonDocument.Parse(safetensors.AsMemory(8, header));
        foreach (JsonProperty tensor in index.RootElement.EnumerateObject().Where(p => p.Name != "__metadata__"))
        {
            Assert.Equal("F32", tensor.Value.GetProperty("dtype").GetString());
            int from = tensor.Value.GetProperty("data_offsets")[0].GetInt32(), to = tensor.Value.GetProperty("data_offsets")[1].GetInt32();
            float[] values = new float[(to - from) / 4];
            for (int i = 0; i < values.Length; i++) values[i] = BinaryPrimitives.ReadSingleLittleEndian(safetensors.AsSpan(8 + header + from + (4 * i)));
            _tensors.Add(tensor.Name, ([.. tensor.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())], values));
        }

        using JsonDocument words = JsonDocument.Parse(tokenizer);
        foreach (JsonProperty word in words.RootElement.GetProperty("model").GetProperty("vocab").EnumerateObject()) _ids.Add(word.Name, word.Value.GetInt32());
    }

    public int Width { get; }

    public int Layers { get; }

    public int Heads { get; }

    public int Head { get; }

    public int Inner { get; }

    public int Vocabulary => _ids.Count;

    public long Parameters => _tensors.Values.Sum(t => (long)t.Values.Length);

    /// <summary>Changes the weights of a copy: for edits.</summary>
    public void Edit(string tensor, Action<float[], int[]> edit)
    {
        (int[] shape, float[] values) = _tensors[tensor];
        values = [.. values];
        edit(values, shape);
        _tensors[tensor] = (shape, values);
        _sparse.Clear();
    }

    /// <summary>Ids of a text that consists of known words, longest first; a blank before a word belongs to it. ASCII only.</summary>
    public int[] Ids(string text, bool begin = true)
    {
        List<int> ids = begin ? [_ids["<|begin|>"]] : [];
        for (int at = 0; at < text.Length;)
        {
            int length = Enumerable.Range(1, text.Length - at).Reverse().First(n => _ids.ContainsKey(Written(text.Substring(at, n))));
            ids.Add(_ids[Written(text.Substring(at, length))]);
            at += length;
        }

        return [.. ids];

        // Within ASCII only blanks and line feeds are written otherwise.
        static string Written(string text) => text.Replace(' ', 'Ġ').Replace('\n', 'Ċ');
    }

    public int Id(string token) => Ids(token, begin: false).Single();

    /// <summary>A user's message and the beginning of the reply.</summary>
    public int[] Chat(string message) => Ids($"<|user|>{message}<|end|><|assistant|>");

    public Result Run(int[] ids, Change? change = null)
    {
        int n = ids.Length;
        Result result = new(n, Layers, Heads);
        double[][] x = [.. ids.Select((id, at) => Enumerable.Range(0, Width).Select(d => At(_gpt2 ? "transformer.wte.weight" : "model.embed_tokens.weight", id, d) + (_gpt2 ? At("transformer.wpe.weight", at, d) : 0)).ToArray())];
        for (int layer = 0; layer < Layers; layer++)
        {
            string at = _gpt2 ? $"transformer.h.{layer}." : $"model.layers.{layer}.";
            Project(x, change);
            double[][] normed = [.. x.Select(row => Norm(row, at + (_gpt2 ? "ln_1" : "input_layernorm")))];
            double[][] mixed = [.. Enumerable.Range(0, n).Select(_ => new double[Heads * Head])];
            double[][] q = Linear(normed, at + (_gpt2 ? "attn.c_attn" : "self_attn.q_proj"), 0, Heads * Head), k = Linear(normed, at + (_gpt2 ? "attn.c_attn" : "self_attn.k_proj"), Heads * Head, Heads * Head);
            double[][] v = Linear(normed, at + (_gpt2 ? "attn.c_attn" : "self_attn.v_proj"), 2 * Heads * Head, Heads * Head);
            if (!_gpt2)
            {
                Rotate(q);
                Rotate(k);
            }

            for (int head = 0; head < Heads; head++)
            {
                bool uniform = change?.UniformHead == (layer, head), off = change?.WithoutHead == (layer, head);
                for (int i = 0; i < n; i++)
                {
                    double[] scores = [.. Enumerable.Range(0, i + 1).Select(j => uniform ? 0 : Dot(q[i], k[j], head * Head, Head) / Math.Sqrt(Head))];
                    double most = scores.Max(), sum = scores.Sum(s => Math.Exp(s - most));
                    for (int j = 0; j <= i; j++)
                    {
                        double share = Math.Exp(scores[j] - most) / sum;
                        result.Pattern[layer][head][i][j] = share;
                        for (int d = head * Head; d < (head + 1) * Head && !off; d++) mixed[i][d] += share * v[j][d];
                    }
                }
            }

            double[][] attention = Linear(mixed, at + (_gpt2 ? "attn.c_proj" : "self_attn.o_proj"), 0, Width);
            result.AttentionOut.Add(attention);
            Add(x, attention);
            Project(x, change);
            normed = [.. x.Select(row => Norm(row, at + (_gpt2 ? "ln_2" : "post_attention_layernorm")))];
            double[][] up = Linear(normed, at + (_gpt2 ? "mlp.c_fc" : "mlp.up_proj"), 0, Inner), gate = _gpt2 ? up : Linear(normed, at + "mlp.gate_proj", 0, Inner);
            double[][] post = [.. up.Select((row, i) => row.Select((u, m) => change?.WithoutNeuron == (layer, m) ? 0 : _gpt2 ? Gelu(u) : gate[i][m] / (1 + Math.Exp(-gate[i][m])) * u).ToArray())];
            result.Post.Add(post);
            Add(x, Linear(post, at + (_gpt2 ? "mlp.c_proj" : "mlp.down_proj"), 0, Width));
            if (change?.AddAfterLayer == layer)
            {
                foreach (double[] row in x)
                {
                    for (int d = 0; d < Width; d++) row[d] += change.Amount * change.Direction![d];
                }
            }

            Project(x, change);
            result.Residual.Add([.. x.Select(row => (double[])[.. row])]);
            result.Lens.Add(Unembed(x));
        }

        return result;
    }

    private double[][] Unembed(double[][] x) => Linear([.. x.Select(row => Norm(row, _gpt2 ? "transformer.ln_f" : "model.norm"))], "lm_head", 0, _tensors["lm_head.weight"].Shape[0]);

    // Takes a direction out of the residual stream.
    private static void Project(double[][] x, Change? change)
    {
        if (change is not { Direction: { } direction, AddAfterLayer: null }) return;
        foreach (double[] row in x)
        {
            double along = row.Zip(direction).Sum(p => p.First * p.Second);
            for (int d = 0; d < row.Length; d++) row[d] -= along * direction[d];
        }
    }

    private static double Dot(double[] a, double[] b, int from, int count)
    {
        double sum = 0;
        for (int d = from; d < from + count; d++) sum += a[d] * b[d];
        return sum;
    }

    private static double Gelu(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))));

    private static void Add(double[][] x, double[][] y)
    {
        for (int i = 0; i < x.Length; i++)
        {
            for (int d = 0; d < x[i].Length; d++) x[i][d] += y[i][d];
        }
    }

    private void Rotate(double[][] rows)
    {
        for (int at = 0; at < rows.Length; at++)
        {
            for (int head = 0; head < Heads; head++)
            {
                for (int pair = 0; pair < Head / 2; pair++)
                {
                    double angle = at * Math.Pow(_theta, -2.0 * pair / Head);
                    int a = (head * Head) + pair, b = a + (Head / 2);
                    (rows[at][a], rows[at][b]) = ((rows[at][a] * Math.Cos(angle)) - (rows[at][b] * Math.Sin(angle)), (rows[at][b] * Math.Cos(angle)) + (rows[at][a] * Math.Sin(angle)));
                }
            }
        }
    }

    private double[] Norm(double[] row, string name)
    {
        double mean = _gpt2 ? row.Average() : 0, scale = Math.Sqrt(row.Average(value => (value - mean) * (value - mean)) + _epsilon);
        return [.. row.Select((value, d) => ((value - mean) / scale * _tensors[name + ".weight"].Values[d]) + (_gpt2 ? _tensors[name + ".bias"].Values[d] : 0))];
    }

    // Outputs [from, from + count) of a Conv1D [in, out]; a Linear [out, in] is taken whole. Most weights are 0, so each output keeps the others.
    private double[][] Linear(double[][] rows, string name, int from, int count)
    {
        bool conv = _gpt2 && name != "lm_head";
        float[]? bias = _tensors.TryGetValue(name + ".bias", out (int[], float[] Values) b) ? b.Values : null;
        if (!conv) from = 0;
        (int Input, double Weight)[][] sparse = _sparse.GetOrAdd(name, _ => Sparse(name + ".weight", conv));
        double[][] result = [.. rows.Select(_ => new double[count])];
        for (int i = 0; i < rows.Length; i++)
        {
            for (int o = 0; o < count; o++)
            {
                double sum = bias is null ? 0 : bias[from + o];
                foreach ((int input, double weight) in sparse[from + o]) sum += rows[i][input] * weight;
                result[i][o] = sum;
            }
        }

        return result;
    }

    private (int Input, double Weight)[][] Sparse(string tensor, bool conv)
    {
        (int[] shape, float[] w) = _tensors[tensor];
        (int inputs, int outputs) = conv ? (shape[0], shape[1]) : (shape[1], shape[0]);
        return [.. Enumerable.Range(0, outputs).Select(o => Enumerable.Range(0, inputs).Select(d => (d, (double)(conv ? w[(d * outputs) + o] : w[(o * inputs) + d]))).Where(t => t.Item2 != 0).ToArray())];
    }

    private double At(string name, int row, int column) => _tensors[name].Values[(row * Width) + column];

    /// <summary>What is changed: a head that attends uniformly or writes nothing, a silent neuron, a direction taken out everywhere or added behind one layer.</summary>
    public sealed record Change
    {
        public (int Layer, int Head)? UniformHead { get; init; }

        public (int Layer, int Head)? WithoutHead { get; init; }

        public (int Layer, int Neuron)? WithoutNeuron { get; init; }

        public double[]? Direction { get; init; }

        public int? AddAfterLayer { get; init; }

        public double Amount { get; init; }
    }

    public sealed class Result(int positions, int layers, int heads)
    {
        /// <summary>[layer][head][query][key].</summary>
        public double[][][][] Pattern { get; } = [.. Enumerable.Range(0, layers).Select(_ => Enumerable.Range(0, heads).Select(_ => Enumerable.Range(0, positions).Select(_ => new double[positions]).ToArray()).ToArray())];

        /// <summary>[layer][pos][d_model].</summary>
        public List<double[][]> AttentionOut { get; } = [];

        /// <summary>[layer][pos][neuron].</summary>
        public List<double[][]> Post { get; } = [];

        /// <summary>Behind each layer: [layer][pos][d_model].</summary>
        public List<double[][]> Residual { get; } = [];

        /// <summary>Logits if the model ended behind each layer: [layer][pos][token].</summary>
        public List<double[][]> Lens { get; } = [];

        /// <summary>[pos][token].</summary>
        public double[][] Logits => Lens[^1];

        /// <summary>Log-probabilities of the next token after the last position.</summary>
        public double[] LogProbabilities => Log(Logits[^1]);

        public int Next => Array.IndexOf(Logits[^1], Logits[^1].Max());

        public static double[] Log(double[] logits)
        {
            double most = logits.Max(), sum = Math.Log(logits.Sum(l => Math.Exp(l - most))) + most;
            return [.. logits.Select(l => l - sum)];
        }
    }
}
