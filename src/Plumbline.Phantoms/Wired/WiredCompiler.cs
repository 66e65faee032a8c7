using Plumbline.Models.Files;

namespace Plumbline.Phantoms.Wired;

/// <summary>
/// Lays a program into weights. Coordinate c of the program, from 1 on, is dimension c - 1 of the residual stream; the last 32 dimensions serve:
/// <list type="bullet">
/// <item>The <em>ballast</em>, 16384 in every embedding, is the constant one. It outweighs all else, so that a norm's scale is known
/// to a few parts in a hundred million: the norm's weights multiply it away again, and behind each norm every coordinate reads as in the program.</item>
/// <item>Layer norm subtracts the mean. GPT-2 has a second ballast of -16384 and a <em>counterweight</em>, to which all that writes writes
/// minus the sum of what it writes: the mean is always 0.</item>
/// </list>
/// A match of one unit is 40 nats of attention, so a lookup is exact to about 1e-8 where levels are half a unit apart. A neuron's activation is steep enough
/// (64) to be max(0, x) to 1e-7 beyond a quarter from 0, be it GELU or SiLU.
/// </summary>
internal sealed class WiredCompiler
{
    /// <summary>The constant one in the residual stream before a norm: 2^14.</summary>
    public const double Ballast = 16384;

    private const double Sharpness = 40, Steepness = 64, Epsilon = 1e-5, RotaryBase = 1e36;

    // Of a lookup by distance: the first two pairs turn by 1 and by 1/178 a position, and this in each leaves 34 nats to the nearest rival among 256.
    private const double TurningSharpness = 2048;
    private const int Service = 32;

    private readonly WiredProgram _program;
    private readonly WiredArchitecture _architecture;
    private readonly int _inner;
    private readonly int[] _still;

    public WiredCompiler(WiredProgram program, WiredArchitecture architecture)
    {
        program.Check();
        (_program, _architecture) = (program, architecture);
        Width = RoundUp(program.Width - 1, Service) + Service;
        if (architecture == WiredArchitecture.Llama && program.Positions.Any(p => p.Terms.Count > 0)) throw new InvalidOperationException("A program with positions of its own needs GPT-2.");
        if (Width % program.Heads != 0) throw new InvalidOperationException($"{Width} dimensions do not divide into {program.Heads} heads.");
        HeadWidth = Width / program.Heads;
        _inner = RoundUp(Math.Max(1, program.Neurons.GroupBy(n => n.Layer).Select(g => g.Count()).DefaultIfEmpty().Max()), 8);
        _still = [.. Enumerable.Range(0, HeadWidth).Where(Still)];
        foreach (WiredHead head in program.AllHeads.Where(h => h.Distance is not null && (architecture != WiredArchitecture.Llama || h.Matches.Count > 0 || HeadWidth != 32 || program.Positions.Length > 256)))
            throw new InvalidOperationException($"Head {head.Layer}.{head.Index} ({head.Name}) looks at a distance, which needs Llama, a head of 32 dimensions, at most 256 positions, and no other match.");
        foreach (WiredHead head in program.AllHeads.Where(h => h.Matches.Count > _still.Length || h.Moves.Count > HeadWidth))
            throw new InvalidOperationException($"Head {head.Layer}.{head.Index} ({head.Name}) matches {head.Matches.Count} and moves {head.Moves.Count} numbers; it has room for {_still.Length} and {HeadWidth}.");
    }

    /// <summary>Dimensions of the residual stream; a multiple of 32, so that the service block is a quantised block of its own.</summary>
    public int Width { get; }

    public int HeadWidth { get; }

    /// <summary>The dimension of a coordinate.</summary>
    public int Dimension(int coordinate) => coordinate == 0 ? Width - Service : coordinate - 1;

    /// <summary>A direction as it is written into the residual stream, counterweight included.</summary>
    public float[] Written(Vector vector)
    {
        float[] all = new float[Width];
        Write(vector, 1, (dimension, value) => all[dimension] += (float)value);
        return all;
    }

    /// <summary>The tensors under Hugging Face's names.</summary>
    public TensorSet Compile(string path)
    {
        TensorSet tensors = new(path);
        bool gpt2 = _architecture == WiredArchitecture.Gpt2;
        Matrix embedding = new(_program.Vocabulary.Count, Width), head = new(_program.Vocabulary.Count, Width);
        for (int id = 0; id < _program.Vocabulary.Count; id++)
        {
            Write(_program.Tokens[id], 1, (d, v) => embedding[id, d] += v);
            embedding[id, Dimension(0)] += Ballast;
            if (gpt2) embedding[id, Dimension(0) + 1] -= Ballast;
            Read(_program.Logits[id], 1, (d, v) => head[id, d] += v);
        }

        tensors.Add(gpt2 ? "transformer.wte.weight" : "model.embed_tokens.weight", embedding);
        if (gpt2)
        {
            Matrix positions = new(_program.Positions.Length, Width);
            for (int at = 0; at < _program.Positions.Length; at++) Write(_program.Positions[at], 1, (d, v) => positions[at, d] += v);
            tensors.Add("transformer.wpe.weight", positions);
        }

        for (int layer = 0; layer < _program.Layers; layer++)
        {
            if (gpt2) Gpt2(tensors, layer);
            else Llama(tensors, layer);
        }

        Norm(tensors, gpt2 ? "transformer.ln_f" : "model.norm");
        tensors.Add("lm_head.weight", head);
        return tensors;
    }

    /// <summary>config.json's entries beyond those that every model has.</summary>
    public IEnumerable<(string Key, object Value)> Config()
    {
        if (_architecture == WiredArchitecture.Gpt2)
        {
            return
            [
                ("model_type", "gpt2"), ("n_embd", Width), ("n_layer", _program.Layers), ("n_head", _program.Heads), ("n_inner", _inner), ("n_positions", _program.Positions.Length), ("n_ctx", _program.Positions.Length),
                ("layer_norm_epsilon", Epsilon), ("activation_function", "gelu_new"), ("attn_pdrop", 0.0), ("embd_pdrop", 0.0), ("resid_pdrop", 0.0),
            ];
        }

        return
        [
            ("model_type", "llama"), ("hidden_size", Width), ("num_hidden_layers", _program.Layers), ("num_attention_heads", _program.Heads), ("num_key_value_heads", _program.Heads), ("head_dim", HeadWidth),
            ("intermediate_size", _inner), ("max_position_embeddings", _program.Positions.Length), ("rms_norm_eps", Epsilon), ("rope_theta", RotaryBase), ("hidden_act", "silu"), ("attention_bias", false), ("mlp_bias", false),
        ];
    }

    private void Gpt2(TensorSet tensors, int layer)
    {
        string at = $"transformer.h.{layer}.";
        int all = _program.Heads * HeadWidth;

        // Conv1D: [in, out]; queries, keys and values side by side.
        Matrix attention = new(Width, 3 * all), output = new(all, Width);
        Heads(layer, (row, d, v) => attention[d, row] += v, (row, d, v) => attention[d, all + row] += v, (row, d, v) => attention[d, (2 * all) + row] += v, (column, d, v) => output[column, d] += v);
        Matrix up = new(Width, _inner), down = new(_inner, Width);
        foreach (WiredNeuron neuron in _program.Neurons.Where(n => n.Layer == layer))
        {
            Read(neuron.Read, Steepness, (d, v) => up[d, neuron.Index] += v);
            Write(neuron.Write, 1 / Steepness, (d, v) => down[neuron.Index, d] += v);
        }

        Norm(tensors, at + "ln_1");
        tensors.Add(at + "attn.c_attn.weight", attention);
        tensors.Add(at + "attn.c_attn.bias", [3 * all], new float[3 * all]);
        tensors.Add(at + "attn.c_proj.weight", output);
        tensors.Add(at + "attn.c_proj.bias", [Width], new float[Width]);
        Norm(tensors, at + "ln_2");
        tensors.Add(at + "mlp.c_fc.weight", up);
        tensors.Add(at + "mlp.c_fc.bias", [_inner], new float[_inner]);
        tensors.Add(at + "mlp.c_proj.weight", down);
        tensors.Add(at + "mlp.c_proj.bias", [Width], new float[Width]);
    }

    private void Llama(TensorSet tensors, int layer)
    {
        string at = $"model.layers.{layer}.";
        int all = _program.Heads * HeadWidth;
        Matrix query = new(all, Width), key = new(all, Width), value = new(all, Width), output = new(Width, all);
        Heads(layer, (row, d, v) => query[row, d] += v, (row, d, v) => key[row, d] += v, (row, d, v) => value[row, d] += v, (column, d, v) => output[d, column] += v);
        Matrix gate = new(_inner, Width), up = new(_inner, Width), down = new(Width, _inner);
        foreach (WiredNeuron neuron in _program.Neurons.Where(n => n.Layer == layer))
        {
            // The gate decides, the other factor takes its steepness off again.
            Read(neuron.Read, Steepness, (d, v) => gate[neuron.Index, d] += v);
            Read(_program.One, 1 / Steepness, (d, v) => up[neuron.Index, d] += v);
            Write(neuron.Write, 1, (d, v) => down[d, neuron.Index] += v);
        }

        Norm(tensors, at + "input_layernorm");
        tensors.Add(at + "self_attn.q_proj.weight", query);
        tensors.Add(at + "self_attn.k_proj.weight", key);
        tensors.Add(at + "self_attn.v_proj.weight", value);
        tensors.Add(at + "self_attn.o_proj.weight", output);
        Norm(tensors, at + "post_attention_layernorm");
        tensors.Add(at + "mlp.gate_proj.weight", gate);
        tensors.Add(at + "mlp.up_proj.weight", up);
        tensors.Add(at + "mlp.down_proj.weight", down);
    }

    private void Heads(int layer, Action<int, int, double> query, Action<int, int, double> key, Action<int, int, double> value, Action<int, int, double> output)
    {
        foreach (WiredHead head in _program.AllHeads.Where(h => h.Layer == layer))
        {
            int first = head.Index * HeadWidth;
            if (head.Distance is int distance)
            {
                // Queries and keys turn with their positions; turned back by the distance, a query points where the key so far behind does.
                for (int pair = 0; pair < 2; pair++)
                {
                    double angle = distance * Frequency(pair), sharpness = TurningSharpness * Math.Sqrt(HeadWidth);
                    Read(_program.One, sharpness * Math.Cos(angle), (d, v) => query(first + pair, d, v));
                    Read(_program.One, -sharpness * Math.Sin(angle), (d, v) => query(first + pair + (HeadWidth / 2), d, v));
                    Read(_program.One, 1, (d, v) => key(first + pair, d, v));
                }
            }

            for (int m = 0; m < head.Matches.Count; m++)
            {
                int row = first + _still[m];
                Read(head.Matches[m].Query, Sharpness * Math.Sqrt(HeadWidth), (d, v) => query(row, d, v));
                Read(head.Matches[m].Key, 1, (d, v) => key(row, d, v));
            }

            for (int m = 0; m < head.Moves.Count; m++)
            {
                int row = first + m;
                Read(head.Moves[m].Value, 1, (d, v) => value(row, d, v));
                Write(head.Moves[m].Write, 1, (d, v) => output(row, d, v));
            }
        }
    }

    // A dimension of a head that positions do not turn: over a whole context by less than 1e-5.
    private bool Still(int dimension) =>
        _architecture == WiredArchitecture.Gpt2 || Frequency(dimension % (HeadWidth / 2)) * _program.Positions.Length < 1e-5;

    private double Frequency(int pair) => Math.Pow(RotaryBase, -2.0 * pair / HeadWidth);

    private void Read(Vector vector, double factor, Action<int, double> put)
    {
        foreach ((int at, double value) in vector.Terms) put(Dimension(at), factor * value);
    }

    private void Write(Vector vector, double factor, Action<int, double> put)
    {
        double sum = 0;
        foreach ((int at, double value) in vector.Terms)
        {
            put(Dimension(at), factor * value);
            sum += factor * value;
        }

        if (_architecture == WiredArchitecture.Gpt2 && sum != 0) put(Dimension(0) + 2, -sum);
    }

    // The inverse of the scale that the ballast alone gives.
    private void Norm(TensorSet tensors, string name)
    {
        bool gpt2 = _architecture == WiredArchitecture.Gpt2;
        double scale = Math.Sqrt(((gpt2 ? 2 : 1) * Ballast * Ballast / Width) + Epsilon);
        float[] weight = new float[Width];
        weight.AsSpan(0, Width - Service).Fill((float)scale);
        weight[Dimension(0)] = (float)(scale / Ballast);
        tensors.Add(name + ".weight", [Width], weight);
        if (gpt2) tensors.Add(name + ".bias", [Width], new float[Width]);
    }

    private static int RoundUp(int value, int step) => (value + step - 1) / step * step;
}
