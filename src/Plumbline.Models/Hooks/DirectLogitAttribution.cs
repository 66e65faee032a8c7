namespace Plumbline.Models.Hooks;

/// <summary>
/// How much each part of a model adds to a logit difference at one position: its vector in the residual stream, scaled by the
/// final norm as it was in the run (frozen), times the difference of the two tokens' unembeddings. Norms behind attention and
/// MLP (Gemma 3, OLMo 2) are frozen as well. The parts add up to the logit difference (Elhage et al. 2021).
/// </summary>
public sealed record DirectLogitAttribution
{
    /// <summary>The whole, logit[answer] − logit[wrong].</summary>
    public required double LogitDifference { get; init; }

    /// <summary>The token embedding.</summary>
    public required double Embedding { get; init; }

    /// <summary>The position embedding; 0 where positions rotate.</summary>
    public required double PositionEmbedding { get; init; }

    /// <summary>[layer, head]: each head, its value bias inside.</summary>
    public required double[,] Heads { get; init; }

    /// <summary>[layer, head]: what folding the value biases would leave to each head.</summary>
    public required double[,] HeadsWithoutValueBias { get; init; }

    /// <summary>[layer]: the bias of attention's output.</summary>
    public required IReadOnlyList<double> AttentionBiases { get; init; }

    /// <summary>[layer]: each MLP, its bias inside.</summary>
    public required IReadOnlyList<double> Mlps { get; init; }

    /// <summary>[layer]: the bias of each MLP's output.</summary>
    public required IReadOnlyList<double> MlpBiases { get; init; }

    /// <summary>[neuron]: the neurons of the last layer; with its bias they add up to its MLP.</summary>
    public required IReadOnlyList<double> LastLayerNeurons { get; init; }

    /// <summary>The biases of the final norm and of the head.</summary>
    public required double FinalBias { get; init; }

    /// <summary>Attributes a logit difference.</summary>
    /// <param name="model">A causal model.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="answer">The token that counts up.</param>
    /// <param name="wrong">The token that counts down; another one.</param>
    /// <param name="position">Where; null for the last position.</param>
    /// <exception cref="ArgumentException">A token or position is out of range, both tokens are the same, or the model norms its residual stream itself, caps its logits or has no head.</exception>
    public static DirectLogitAttribution Of(HookedTransformer model, IReadOnlyList<int> ids, int answer, int wrong, int? position = null)
    {
        Files.ModelConfig config = model.Config;
        PathPatching.RefuseNormedStream(model.Description, config.Architecture);
        if (config.LogitSoftcap is not null) throw new ArgumentException($"{config.Architecture} caps its logits; parts do not add up to them.", nameof(model));
        foreach (int id in new[] { answer, wrong })
        {
            if ((uint)id >= (uint)config.VocabularySize) throw new ArgumentException($"Token {id} is out of range; ids are from 0 to {config.VocabularySize - 1}.", nameof(answer));
        }

        if (answer == wrong) throw new ArgumentException($"Both tokens are {answer}; their difference is 0 always.", nameof(wrong));
        int at = position ?? ids.Count - 1, layers = config.Layers, width = config.HiddenSize;
        if ((uint)at >= (uint)ids.Count) throw new ArgumentException($"Position {at} is out of range; the prompt has positions from 0 to {ids.Count - 1}.", nameof(position));
        bool positions = model.Hooks.Any(hook => hook.Name == "hook_pos_embed");
        using HookedOutput run = model.RunWithCache(TokenBatch.Of(ids), ["hook_embed", .. positions ? ["hook_pos_embed"] : Array.Empty<string>(), "blocks.*.attn.hook_result", "blocks.*.hook_mlp_out", $"blocks.{layers - 1}.mlp.hook_post", "*.hook_scale"]);
        HookTensor logits = run.Logits ?? throw new ArgumentException($"{model.Path} has no vocabulary head.", nameof(model)), unembedding = model.Weight("unembed.W_U"), norm = model.Weight("ln_final.w");
        bool centred = config.Norm == Files.NormKind.LayerNorm;
        double scale = run.Cache["ln_final.hook_scale"][0, at, 0];

        // (x − mean) · w · direction / scale, with the mean moved to the direction.
        double[] direction = [.. Enumerable.Range(0, width).Select(d => norm.Values[d] * ((double)unembedding[d, answer] - unembedding[d, wrong]) / scale)];
        double finalBias = (double)model.Weight("unembed.b_U").Values[answer] - model.Weight("unembed.b_U").Values[wrong];
        if (centred)
        {
            float[] bias = model.Weight("ln_final.b").Values;
            for (int d = 0; d < width; d++) finalBias += bias[d] * ((double)unembedding[d, answer] - unembedding[d, wrong]);
            double mean = direction.Average();
            for (int d = 0; d < width; d++) direction[d] -= mean;
        }

        double[,] heads = new double[layers, config.Heads], without = new double[layers, config.Heads];
        double[] attentionBiases = new double[layers], mlps = new double[layers], mlpBiases = new double[layers];
        for (int layer = 0; layer < layers; layer++)
        {
            BlockHooks hooks = new(layer);
            double[] behind = Behind(model.Description.AfterAttentionNorm, hooks.AfterAttention(model.Description));
            HookTensor output = model.Weight($"blocks.{layer}.attn.W_O"), valueBias = model.Weight($"blocks.{layer}.attn.b_V");
            for (int head = 0; head < config.Heads; head++)
            {
                heads[layer, head] = without[layer, head] = Contribution(run.Cache[$"blocks.{layer}.attn.hook_result"].Row(0, at, head), behind);
                ReadOnlySpan<float> own = valueBias.Row(head / (config.Heads / config.KeyValueHeads));
                for (int d = 0; d < own.Length; d++) without[layer, head] -= own[d] * Contribution(output.Row(head, d), behind);
            }

            attentionBiases[layer] = Contribution(model.Weight($"blocks.{layer}.attn.b_O").Values, behind);
            mlps[layer] = Contribution(run.Cache[$"blocks.{layer}.hook_mlp_out"].Row(0, at), direction);
            mlpBiases[layer] = Contribution(model.Weight($"blocks.{layer}.mlp.b_out").Values, Behind(model.Description.AfterMlpNorm, hooks.AfterMlp(model.Description)));
        }

        double[] last = Behind(model.Description.AfterMlpNorm, new BlockHooks(layers - 1).AfterMlp(model.Description));
        HookTensor down = model.Weight($"blocks.{layers - 1}.mlp.W_out"), post = run.Cache[$"blocks.{layers - 1}.mlp.hook_post"];
        return new DirectLogitAttribution
        {
            LogitDifference = (double)logits[0, at, answer] - logits[0, at, wrong],
            Embedding = Contribution(run.Cache["hook_embed"].Row(0, at), direction),
            PositionEmbedding = positions ? Contribution(run.Cache["hook_pos_embed"].Row(0, at), direction) : 0,
            Heads = heads,
            HeadsWithoutValueBias = without,
            AttentionBiases = attentionBiases,
            Mlps = mlps,
            MlpBiases = mlpBiases,
            LastLayerNeurons = [.. Enumerable.Range(0, config.IntermediateSize).Select(j => post[0, at, j] * Contribution(down.Row(j), last))],
            FinalBias = finalBias,
        };

        // The direction as what stands before a norm sees it: x · w / scale, no mean taken away, is all that norms behind do.
        double[] Behind(string? behind, NormHooks hooks)
        {
            if (behind is null) return direction;
            double frozen = run.Cache[hooks.Scale][0, at, 0];
            float[] weight = model.Weight(hooks.Scale.Replace("hook_scale", "w", StringComparison.Ordinal)).Values;
            return [.. direction.Select((d, i) => d * weight[i] / frozen)];
        }

        static double Contribution(ReadOnlySpan<float> x, double[] direction)
        {
            double sum = 0;
            for (int d = 0; d < x.Length; d++) sum += x[d] * direction[d];
            return sum;
        }
    }
}
