using Plumbline.Models.Architectures;
using Plumbline.Models.Files;

namespace Plumbline.Models.Hooks;

/// <summary>
/// A model's weights in f32 under names of their own (blocks.0.attn.q, blocks.0.mlp.up, …), all matrices [out, in] with a
/// bias, embedding and head apart: the form in which weights are folded. Immutable; each step gives new weights and leaves
/// these as they are. Steps change weights and some change logits, none changes a log-probability; where one would, it is refused.
/// </summary>
public sealed class ModelWeights
{
    private readonly Dictionary<string, HookTensor> _tensors;

    private ModelWeights(string path, ModelConfig config, ModelDescription description, Dictionary<string, HookTensor> tensors, IReadOnlyList<string> steps) =>
        (Path, Config, Description, _tensors, Steps) = (path, config, description, tensors, steps);

    /// <summary>Where they were read from.</summary>
    public string Path { get; }

    /// <summary>What the model is; embedding and head are no longer tied, and norm weights count from 0.</summary>
    public ModelConfig Config { get; }

    /// <summary>The steps that made these weights, in order: fold_ln, center_writing_weights, center_unembed, fold_value_biases, refactor_factored_attn_matrices.</summary>
    public IReadOnlyList<string> Steps { get; }

    /// <summary>Names of the weights.</summary>
    public IReadOnlyCollection<string> Names => _tensors.Keys;

    internal ModelDescription Description { get; }

    /// <summary>A weight, for instance blocks.0.attn.q.weight [heads × d_head, d_model] or blocks.0.mlp.down.bias; a copy.</summary>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public HookTensor Get(string name) => Find(name).Clone();

    /// <summary>These weights with one of them changed: surgery, which may change what the model says.</summary>
    /// <param name="name">The weight.</param>
    /// <param name="value">Of the same shape; kept, not copied.</param>
    /// <exception cref="ArgumentException">There is none of this name, or the shape differs.</exception>
    public ModelWeights With(string name, HookTensor value)
    {
        if (!Find(name).Shape.SequenceEqual(value.Shape)) throw new ArgumentException($"{name} has shape {HookTensor.Show(Find(name).Shape)}, not {HookTensor.Show(value.Shape)}.", nameof(value));
        return new ModelWeights(Path, Config, Description, new(_tensors, StringComparer.Ordinal) { [name] = value }, Steps);
    }

    /// <summary>Reads a model's weights.</summary>
    /// <param name="path">As <see cref="ModelFolder.Open"/> takes it.</param>
    /// <exception cref="ModelFileException">The model is broken, hostile or of a kind that is not supported.</exception>
    public static ModelWeights Read(string path)
    {
        using ModelFolder folder = ModelFolder.Open(path);
        return Read(folder);
    }

    /// <summary>Reads a model's weights; the folder is not needed afterwards.</summary>
    public static ModelWeights Read(ModelFolder folder)
    {
        ModelConfig c = folder.Config;
        WeightReader reader = new(c, KnownArchitectures.Describe(c), folder.Tensors);
        (ModelDescription description, Dictionary<string, HookTensor> tensors) = reader.Read();
        ModelConfig config = c with
        {
            Norm = c.Norm == NormKind.LayerNorm ? NormKind.LayerNorm : NormKind.Rms,
            TieWordEmbeddings = false,
            QueryKeyValueBias = true,
            AttentionOutputBias = true,
            MlpBias = true,
            HeadBias = c.HasHead,
            MatricesInOut = false,
        };
        return new ModelWeights(folder.Path, config, description, tensors, []);
    }

    /// <summary>
    /// Moves each norm's weight and bias into the matrices that read it (fold_ln): b += W·b_norm, W ← W·diag(w_norm), and for
    /// layer norms each row of W loses its mean, which the centred input does not see. Norms then only normalise.
    /// </summary>
    /// <exception cref="InvalidOperationException">Folded already, or the model's norms do not stand before attention and MLP.</exception>
    public ModelWeights FoldNorms()
    {
        if (Steps.Contains("fold_ln")) throw new InvalidOperationException($"{Path}: the norms are folded already.");
        if (Description.AttentionNorm is null || Description.FinalNorm is null) throw new InvalidOperationException($"{Path}: the norms of {Config.Architecture} stand behind attention and MLP, where no matrix reads them alone; they cannot be folded.");
        Editor editor = new(this);
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            string at = $"blocks.{layer}.";
            string[] attention = [at + "attn.q", at + "attn.k", at + "attn.v"], mlp = Description.Gated ? [at + "mlp.gate", at + "mlp.up"] : [at + "mlp.up"];
            bool shared = Description.MlpNorm is null;
            if (shared && !Config.ParallelResidual) throw new InvalidOperationException($"{Path}: the MLP's norm of {Config.Architecture} stands behind it; it cannot be folded.");
            editor.Fold(at + "ln1", shared ? [.. attention, .. mlp] : attention);
            if (!shared) editor.Fold(at + "ln2", mlp);
        }

        if (Config.HasHead)
        {
            // The head has the only bias behind a projection.
            if (_tensors.ContainsKey("project_out.weight")) editor.FoldProjected("ln_final", "project_out", "unembed");
            else editor.Fold("ln_final", "unembed");
        }

        return editor.Result("fold_ln");
    }

    /// <summary>Takes from everything that is written into the residual stream its mean over d_model (center_writing_weights), which layer norms do not see.</summary>
    /// <exception cref="InvalidOperationException">The model has RMS norms, which do see it, or norms behind attention and MLP: it would change the function.</exception>
    public ModelWeights CenterWriting()
    {
        if (Config.Norm != NormKind.LayerNorm) throw new InvalidOperationException($"{Path}: {Config.Architecture} has RMS norms, which see the mean of the residual stream; centring what is written into it would change the function.");
        if (Description.AttentionNorm is null || Description.AfterAttentionNorm is not null) throw new InvalidOperationException($"{Path}: not every reader of the residual stream of {Config.Architecture} centres it first; centring what is written into it would change the function.");
        Editor editor = new(this);
        if (_tensors.ContainsKey("project_in.weight")) editor.CenterColumns("project_in.weight");
        else editor.CenterRows("embed.weight");
        if (_tensors.ContainsKey("pos_embed.weight")) editor.CenterRows("pos_embed.weight");
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            foreach (string matrix in new[] { $"blocks.{layer}.attn.out", $"blocks.{layer}.mlp.down" })
            {
                editor.CenterColumns(matrix + ".weight");
                editor.CenterRows(matrix + ".bias");
            }
        }

        return editor.Result("center_writing_weights");
    }

    /// <summary>Takes from each logit the mean over the vocabulary (center_unembed), which the softmax does not see.</summary>
    /// <exception cref="InvalidOperationException">There is no head, or logits are capped before the softmax, which does see it.</exception>
    public ModelWeights CenterUnembed()
    {
        if (!Config.HasHead) throw new InvalidOperationException($"{Path} has no vocabulary head.");
        if (Config.LogitSoftcap is not null) throw new InvalidOperationException($"{Path}: {Config.Architecture} caps its logits, so that a common offset changes their differences; centring the head would change the function.");
        Editor editor = new(this);
        editor.CenterColumns("unembed.weight");
        editor.CenterRows("unembed.bias");
        return editor.Result("center_unembed");
    }

    /// <summary>Moves the biases of values into that of attention's output (fold_value_biases): a pattern's row sums to 1, so each head adds b_V·W_O always.</summary>
    public ModelWeights FoldValueBiases()
    {
        Editor editor = new(this);
        for (int layer = 0; layer < Config.Layers; layer++) editor.FoldValueBias(layer, Config);
        return editor.Result("fold_value_biases");
    }

    /// <summary>
    /// Factors each head's circuits evenly (refactor_factored_attn_matrices): W_Q W_Kᵀ = U S Vᵀ gives W_Q = U√S, W_K = V√S, biases
    /// as a further input; value biases are folded, and W_V W_O = U S Vᵀ gives W_V = U S, W_O = Vᵀ. Signs of singular vectors are free.
    /// </summary>
    /// <exception cref="InvalidOperationException">Positions rotate, or queries and keys are normed or shared by heads: it would change the function.</exception>
    public ModelWeights RefactorAttention()
    {
        if (Config.Positions != PositionKind.Learned) throw new InvalidOperationException($"{Path}: {Config.Architecture} rotates queries and keys by position, dimension by dimension; another basis for them would change the function.");
        if (Config.QueryKeyNorm != QueryKeyNorm.None || Config.KeyValueHeads != Config.Heads) throw new InvalidOperationException($"{Path}: queries and keys of {Config.Architecture} are normed or shared by heads; another basis for one head would change the function.");
        Editor editor = new(this);
        for (int layer = 0; layer < Config.Layers; layer++)
        {
            editor.FoldValueBias(layer, Config);
            for (int head = 0; head < Config.Heads; head++) editor.Refactor(layer, head, Config.HeadDimension);
        }

        return editor.Result("refactor_factored_attn_matrices");
    }

    /// <summary>The weights as tensors that both forwards load.</summary>
    internal TensorSet ToTensors()
    {
        TensorSet set = new(Path);
        foreach ((string name, HookTensor value) in _tensors) set.Add(name, [.. value.Shape.Select(size => (long)size)], value.Values);
        return set;
    }

    private HookTensor Find(string name) => _tensors.TryGetValue(name, out HookTensor? value) ? value
        : throw new ArgumentException($"{Path} has no weight {name}. Near it are {string.Join(", ", HookCatalog.Near(name, _tensors.Keys))}.", nameof(name));

    // Copies what it changes.
    private sealed class Editor(ModelWeights from)
    {
        private readonly Dictionary<string, HookTensor> _tensors = new(from._tensors, StringComparer.Ordinal);
        private readonly HashSet<string> _own = [];

        public ModelWeights Result(string step) => new(from.Path, from.Config, from.Description, _tensors, [.. from.Steps, step]);

        public void Fold(string norm, params IReadOnlyList<string> matrices)
        {
            foreach (string matrix in matrices) Apply(norm, matrix, Own(matrix + ".bias").Values);
            Reset(norm);
        }

        // The norm's bias passes the projection and then the head, whose bias takes it.
        public void FoldProjected(string norm, string projection, string head)
        {
            float[] offset = new float[_tensors[projection + ".weight"].Shape[0]];
            Apply(norm, projection, offset);
            HookTensor weight = _tensors[head + ".weight"];
            float[] bias = Own(head + ".bias").Values;
            for (int row = 0; row < bias.Length; row++) bias[row] = (float)(bias[row] + Dot(weight.Row(row), offset));
            Reset(norm);
        }

        public void CenterRows(string name)
        {
            HookTensor value = Own(name);
            int rows = value.Shape.Count == 1 ? 1 : value.Shape[0], width = value.Values.Length / rows;
            for (int row = 0; row < rows; row++) Center(value.Values.AsSpan(row * width, width));
        }

        public void CenterColumns(string name)
        {
            HookTensor value = Own(name);
            int rows = value.Shape[0], columns = value.Shape[1];
            for (int column = 0; column < columns; column++)
            {
                double mean = 0;
                for (int row = 0; row < rows; row++) mean += value.Values[(row * columns) + column];
                mean /= rows;
                for (int row = 0; row < rows; row++) value.Values[(row * columns) + column] = (float)(value.Values[(row * columns) + column] - mean);
            }
        }

        public void FoldValueBias(int layer, ModelConfig config)
        {
            HookTensor output = _tensors[$"blocks.{layer}.attn.out.weight"], values = Own($"blocks.{layer}.attn.v.bias"), bias = Own($"blocks.{layer}.attn.out.bias");
            int d = config.HeadDimension, group = config.Heads / config.KeyValueHeads;
            float[] repeated = new float[config.Heads * d];
            for (int i = 0; i < repeated.Length; i++) repeated[i] = values.Values[(i / d / group * d) + (i % d)];
            for (int row = 0; row < bias.Values.Length; row++) bias.Values[row] = (float)(bias.Values[row] + Dot(output.Row(row), repeated));
            Array.Clear(values.Values);
        }

        public void Refactor(int layer, int head, int d)
        {
            string at = $"blocks.{layer}.attn.";
            HookTensor q = Own(at + "q.weight"), k = Own(at + "k.weight"), v = Own(at + "v.weight"), o = Own(at + "out.weight"), qBias = Own(at + "q.bias"), kBias = Own(at + "k.bias");
            int width = q.Shape[1], first = head * d;
            double[,] queries = new double[width + 1, d], keys = new double[width + 1, d], values = new double[width, d], outputs = new double[width, d];
            for (int j = 0; j < d; j++)
            {
                for (int i = 0; i < width; i++) (queries[i, j], keys[i, j], values[i, j], outputs[i, j]) = (q[first + j, i], k[first + j, i], v[first + j, i], o[i, first + j]);
                (queries[width, j], keys[width, j]) = (qBias.Values[first + j], kBias.Values[first + j]);
            }

            FactoredSvd qk = FactoredSvd.Of(queries, keys), ov = FactoredSvd.Of(values, outputs);
            for (int j = 0; j < d; j++)
            {
                double root = Math.Sqrt(qk.S[j]);
                for (int i = 0; i < width; i++)
                {
                    (q[first + j, i], k[first + j, i]) = ((float)(qk.U[i, j] * root), (float)(qk.V[i, j] * root));
                    (v[first + j, i], o[i, first + j]) = ((float)(ov.U[i, j] * ov.S[j]), (float)ov.V[i, j]);
                }

                (qBias.Values[first + j], kBias.Values[first + j]) = ((float)(qk.U[width, j] * root), (float)(qk.V[width, j] * root));
            }
        }

        private void Apply(string norm, string matrix, float[] bias)
        {
            float[] scale = _tensors[norm + ".weight"].Values;
            float[]? offset = _tensors.TryGetValue(norm + ".bias", out HookTensor? b) ? b.Values : null;
            HookTensor weight = Own(matrix + ".weight");
            for (int row = 0; row < weight.Shape[0]; row++)
            {
                Span<float> values = weight.Row(row);
                if (offset is not null) bias[row] = (float)(bias[row] + Dot(values, offset));
                for (int i = 0; i < values.Length; i++) values[i] *= scale[i];
                if (offset is not null) Center(values);
            }
        }

        private void Reset(string norm)
        {
            Own(norm + ".weight").Values.AsSpan().Fill(1);
            if (_tensors.ContainsKey(norm + ".bias")) Own(norm + ".bias").Values.AsSpan().Clear();
        }

        private HookTensor Own(string name)
        {
            if (_own.Add(name)) _tensors[name] = _tensors[name].Clone();
            return _tensors[name];
        }

        private static void Center(Span<float> values)
        {
            double mean = 0;
            foreach (float value in values) mean += value;
            mean /= values.Length;
            for (int i = 0; i < values.Length; i++) values[i] = (float)(values[i] - mean);
        }

        private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
        {
            double sum = 0;
            for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
            return sum;
        }
    }
}
