using Plumbline.Models.Architectures;
using Plumbline.Models.Files;

namespace Plumbline.Models.Hooks;

/// <summary>Reads any architecture's tensors into the plain form of <see cref="ModelWeights"/>, with the description that reads that form.</summary>
internal sealed class WeightReader(ModelConfig config, ModelDescription model, ITensorSource source)
{
    private readonly Dictionary<string, HookTensor> _tensors = new(StringComparer.Ordinal);

    public (ModelDescription Description, Dictionary<string, HookTensor> Tensors) Read()
    {
        const string layer = "blocks.{0}.";
        int q = config.Heads * config.HeadDimension, kv = config.KeyValueHeads * config.HeadDimension, inner = config.IntermediateSize, width = config.HiddenSize;
        Copy("embed.weight", model.Embedding + ".weight");
        Copy("pos_embed.weight", model.Positions is null ? null : model.Positions + ".weight");
        Copy("token_type_embed.weight", model.TokenTypes is null ? null : model.TokenTypes + ".weight");
        Copy("project_in.weight", model.ProjectIn is null ? null : model.ProjectIn + ".weight");
        Copy("project_out.weight", model.ProjectOut is null ? null : model.ProjectOut + ".weight");
        Norm("embed.ln", model.EmbeddingNorm);
        for (int i = 0; i < config.Layers; i++)
        {
            string at = ModelDescription.At(layer, i);
            Norm(at + "ln1", model.AttentionNorm ?? model.AttentionSumNorm, i);
            Norm(at + "ln1_post", model.AfterAttentionNorm, i);
            Norm(at + "ln2", model.MlpNorm ?? model.MlpSumNorm, i);
            Norm(at + "ln2_post", model.AfterMlpNorm, i);
            Norm(at + "attn.q_norm", model.QueryNorm, i, biased: false);
            Norm(at + "attn.k_norm", model.KeyNorm, i, biased: false);
            Matrices(model.QueryKeyValue, i, (at + "attn.q", q), (at + "attn.k", kv), (at + "attn.v", kv));
            Matrices([model.Output], i, (at + "attn.out", width));
            if (model.Gated) Matrices(model.Up, i, (at + "mlp.gate", inner), (at + "mlp.up", inner));
            else Matrices(model.Up, i, (at + "mlp.up", inner));
            Matrices([model.Down], i, (at + "mlp.down", width));
        }

        Norm("ln_final", model.FinalNorm);
        bool pooled = Dense("pooler", model.Pooler), next = pooled && Dense("next_sentence", model.NextSentence), transformed = config.HasHead && Dense("head", model.HeadTransform);
        if (config.HasHead)
        {
            Norm("head.ln", model.HeadNorm);
            Copy("unembed.weight", (config.TieWordEmbeddings ? model.Embedding : model.Head) + ".weight");
            if (config.HeadBias) Copy("unembed.bias", model.HeadBias);
            else _tensors.Add("unembed.bias", new HookTensor([config.VocabularySize], new float[config.VocabularySize]));
        }

        ModelDescription plain = new()
        {
            Embedding = "embed",
            Positions = Named(model.Positions, "pos_embed"),
            PositionRows = model.PositionRows,
            TokenTypes = Named(model.TokenTypes, "token_type_embed"),
            EmbeddingNorm = Named(model.EmbeddingNorm, "embed.ln"),
            ProjectIn = Named(model.ProjectIn, "project_in"),
            ProjectOut = Named(model.ProjectOut, "project_out"),
            FinalNorm = Named(model.FinalNorm, "ln_final"),
            Head = "unembed",
            HeadBias = "unembed.bias",
            HeadTransform = transformed ? new("head", width, "hidden_size", Bias: true) : null,
            HeadNorm = config.HasHead ? Named(model.HeadNorm, "head.ln") : null,
            Pooler = pooled ? new("pooler", width, "hidden_size", Bias: true) : null,
            NextSentence = next ? new("next_sentence", 2, "2", Bias: true) : null,
            AttentionNorm = Named(model.AttentionNorm, layer + "ln1"),
            AfterAttentionNorm = Named(model.AfterAttentionNorm, layer + "ln1_post"),
            AttentionSumNorm = Named(model.AttentionSumNorm, layer + "ln1"),
            MlpNorm = Named(model.MlpNorm, layer + "ln2"),
            AfterMlpNorm = Named(model.AfterMlpNorm, layer + "ln2_post"),
            MlpSumNorm = Named(model.MlpSumNorm, layer + "ln2"),
            QueryNorm = Named(model.QueryNorm, layer + "attn.q_norm"),
            KeyNorm = Named(model.KeyNorm, layer + "attn.k_norm"),
            QueryKeyValue = [new(layer + "attn.q", q, "queries", Bias: true), new(layer + "attn.k", kv, "keys", Bias: true), new(layer + "attn.v", kv, "keys", Bias: true)],
            Output = new(layer + "attn.out", width, "hidden_size", Bias: true),
            Up = model.Gated
                ? [new(layer + "mlp.gate", inner, "intermediate_size", Bias: true), new(layer + "mlp.up", inner, "intermediate_size", Bias: true)]
                : [new(layer + "mlp.up", inner, "intermediate_size", Bias: true)],
            Down = new(layer + "mlp.down", width, "hidden_size", Bias: true),
            Gated = model.Gated,
        };
        return (plain, _tensors);

        static string? Named(string? there, string name) => there is null ? null : name;
    }

    private HookTensor Load(string name)
    {
        TensorInfo info = source.Find(name);
        float[] values = new float[checked((int)info.Count)];
        source.Read(name, values);
        return new HookTensor([.. info.Shape.Select(size => checked((int)size))], values);
    }

    private void Copy(string name, string? from)
    {
        if (from is not null) _tensors.Add(name, Load(from));
    }

    private void Norm(string name, string? from, int layer = 0, bool biased = true)
    {
        if (from is null) return;
        HookTensor weight = Load(ModelDescription.At(from, layer) + ".weight");
        if (config.Norm == NormKind.RmsPlusOne)
        {
            for (int i = 0; i < weight.Values.Length; i++) weight.Values[i] += 1;
        }

        _tensors.Add(name + ".weight", weight);
        if (biased && config.Norm == NormKind.LayerNorm) Copy(name + ".bias", ModelDescription.At(from, layer) + ".bias");
    }

    private bool Dense(string name, LinearPart? part)
    {
        if (part is null || !source.Tensors.ContainsKey(part.Name + ".weight")) return false;
        Matrices([part], 0, (name, part.Rows));
        return true;
    }

    // Rows of fused, permuted or transposed tensors into matrices [out, in] of their own, each with a bias.
    private void Matrices(IReadOnlyList<LinearPart> parts, int layer, params ReadOnlySpan<(string Name, int Rows)> targets)
    {
        List<float[]> rows = [];
        List<float> biases = [];
        foreach (LinearPart part in parts)
        {
            string name = ModelDescription.At(part.Name, layer);
            HookTensor weight = Load(name + ".weight");
            float[]? bias = part.Bias ? Load(name + ".bias").Values : null;
            for (int i = 0; i < part.Rows; i++)
            {
                int own = part.Source is null ? i : part.Source(i);
                rows.Add(part.Transposed ? [.. Enumerable.Range(0, weight.Shape[0]).Select(k => weight[k, own])] : weight.Row(own).ToArray());
                biases.Add(bias is null ? 0 : bias[own]);
            }
        }

        int first = 0;
        foreach ((string name, int count) in targets)
        {
            _tensors.Add(name + ".weight", new HookTensor([count, rows[0].Length], [.. rows.Skip(first).Take(count).SelectMany(row => row)]));
            _tensors.Add(name + ".bias", new HookTensor([count], [.. biases.Skip(first).Take(count)]));
            first += count;
        }
    }
}
