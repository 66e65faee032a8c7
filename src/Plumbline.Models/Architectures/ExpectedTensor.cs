using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>A tensor that a model must have, or may have: its Hugging Face name and its shape in sizes that messages can name.</summary>
internal sealed record ExpectedTensor(string Name, IReadOnlyList<(string What, long Size)> Dimensions, bool Optional)
{
    public IEnumerable<long> Shape => Dimensions.Select(d => d.Size);

    /// <summary>All tensors of a model, in the order of the forward pass; the head's matrix only where it is not tied.</summary>
    public static IReadOnlyList<ExpectedTensor> Of(ModelConfig config) => new Collector(config).All();

    private sealed class Collector(ModelConfig c)
    {
        private readonly ModelDescription _model = KnownArchitectures.Describe(c);
        private readonly List<ExpectedTensor> _tensors = [];
        private readonly (string, long) _hidden = ("hidden_size", c.HiddenSize), _vocabulary = ("vocab_size", c.VocabularySize);
        private readonly (string, long) _word = c.WordEmbeddingSize == 0 || c.WordEmbeddingSize == c.HiddenSize ? ("hidden_size", c.HiddenSize) : ("word_embed_proj_dim", c.WordEmbeddingSize);

        public List<ExpectedTensor> All()
        {
            Matrix(_model.Embedding, _vocabulary, _word);
            if (_model.Positions is not null) Matrix(_model.Positions, (_model.PositionRows.What, _model.PositionRows.Rows), _hidden);
            if (_model.TokenTypes is not null) Matrix(_model.TokenTypes, ("type_vocab_size", c.TypeVocabularySize), _hidden);
            Norm(_model.EmbeddingNorm);
            if (_model.ProjectIn is not null) Matrix(_model.ProjectIn, _hidden, _word);
            for (int layer = 0; layer < c.Layers; layer++) Block(layer);
            Norm(_model.FinalNorm);
            if (_model.ProjectOut is not null) Matrix(_model.ProjectOut, _word, _hidden);
            Heads();
            return _tensors;
        }

        private void Block(int layer)
        {
            (string, long) queries = ("num_attention_heads x head_dim", (long)c.Heads * c.HeadDimension), keys = ("num_key_value_heads x head_dim", (long)c.KeyValueHeads * c.HeadDimension);
            (string, long) inner = ("intermediate_size", c.IntermediateSize);
            Norm(_model.AttentionNorm, layer);
            Linear(_model.QueryKeyValue, _hidden, layer);
            if (_model.QueryNorm is not null && _model.KeyNorm is not null)
            {
                bool each = c.QueryKeyNorm == QueryKeyNorm.PerHead;
                Add(ModelDescription.At(_model.QueryNorm, layer) + ".weight", each ? ("head_dim", c.HeadDimension) : queries);
                Add(ModelDescription.At(_model.KeyNorm, layer) + ".weight", each ? ("head_dim", c.HeadDimension) : keys);
            }

            Linear([_model.Output], queries, layer);
            Norm(_model.AfterAttentionNorm, layer);
            Norm(_model.AttentionSumNorm, layer);
            Norm(_model.MlpNorm, layer);
            Linear(_model.Up, _hidden, layer);
            Linear([_model.Down], inner, layer);
            Norm(_model.AfterMlpNorm, layer);
            Norm(_model.MlpSumNorm, layer);
        }

        // A masked model's head is there with all of its parts or not at all, as its pooler is: a base model has none.
        private void Heads()
        {
            bool optional = !c.Causal;
            if (_model.Pooler is not null) Linear([_model.Pooler], _hidden, 0, optional);
            if (_model.HeadTransform is not null) Linear([_model.HeadTransform], _hidden, 0, optional);
            Norm(_model.HeadNorm, 0, optional);
            if (c.HeadBias || optional) Add(_model.HeadBias, optional, _vocabulary);
            if (_model.NextSentence is not null) Linear([_model.NextSentence], _hidden, 0, optional);
            if (!c.TieWordEmbeddings) Add(_model.Head + ".weight", optional, _vocabulary, _word);
        }

        private void Add(string name, params (string, long)[] dimensions) => Add(name, optional: false, dimensions);

        private void Add(string name, bool optional, params (string, long)[] dimensions) => _tensors.Add(new ExpectedTensor(name, dimensions, optional));

        private void Matrix(string name, (string, long) output, (string, long) input) => Add(name + ".weight", output, input);

        private void Norm(string? name, int layer = 0, bool optional = false)
        {
            if (name is null) return;
            Add(ModelDescription.At(name, layer) + ".weight", optional, _hidden);
            if (c.Norm == NormKind.LayerNorm) Add(ModelDescription.At(name, layer) + ".bias", optional, _hidden);
        }

        // Parts of one tensor (fused queries, keys and values) are together as long as it.
        private void Linear(IReadOnlyList<LinearPart> parts, (string, long) input, int layer, bool optional = false)
        {
            foreach (IGrouping<string, LinearPart> tensor in parts.GroupBy(part => part.Name))
            {
                LinearPart part = tensor.First();
                string name = ModelDescription.At(part.Name, layer);
                (string, long) output = (part.What, tensor.Sum(p => (long)p.Rows));
                Add(name + ".weight", optional, part.Transposed ? [input, output] : [output, input]);
                if (part.Bias) Add(name + ".bias", optional, output);
            }
        }
    }
}
