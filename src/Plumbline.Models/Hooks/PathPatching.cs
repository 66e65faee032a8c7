using System.Numerics.Tensors;
using Plumbline.Models.Architectures;

namespace Plumbline.Models.Hooks;

/// <summary>
/// Path patching: a run on one prompt in which a single edge of the residual graph, or all paths from one head to another
/// that pass no third head, carries what it would on another prompt (Wang et al. 2022). All that follows the receiver is
/// computed anew. What a node writes is what reaches the stream: where a norm stands behind attention (Gemma 2 and 3, OLMo 2), a head's
/// change is that of the layer's normed output when this head alone is the donor's, the norm's scale following.
/// </summary>
public sealed class PathPatching
{
    private static readonly string[] s_kept = ["blocks.*.hook_resid_pre", "blocks.*.attn.hook_z", "blocks.*.attn.hook_result", "blocks.*.hook_attn_out", "blocks.*.hook_mlp_out", "ln_final.hook_scale"];

    private readonly HookedTransformer _model;
    private readonly TokenBatch _receiver;
    private readonly HookedOutput _receiverRun, _donorRun;
    private readonly Func<HookTensor, double> _metric;

    /// <param name="model">A causal model without norms on the stream itself.</param>
    /// <param name="receiver">The prompt that is run.</param>
    /// <param name="donor">The prompt whose contributions it gets; of the same length.</param>
    /// <param name="metric">From logits [1, pos, vocab], valid during the call, to a number.</param>
    /// <exception cref="ArgumentException">The prompts differ in length, or the model norms its residual stream.</exception>
    public PathPatching(HookedTransformer model, IReadOnlyList<int> receiver, IReadOnlyList<int> donor, Func<HookTensor, double> metric)
    {
        if (receiver.Count != donor.Count) throw new ArgumentException($"The prompts have {receiver.Count} and {donor.Count} tokens; their positions do not correspond.", nameof(donor));
        RefuseNormedStream(model.Description, model.Config.Architecture);
        (_model, _receiver, _metric) = (model, TokenBatch.Of(receiver), metric);
        _receiverRun = model.RunWithCache(_receiver, s_kept);
        _donorRun = model.RunWithCache(TokenBatch.Of(donor), s_kept);
        (Donor, Receiver) = (metric(Logits(_donorRun)), metric(Logits(_receiverRun)));
    }

    /// <summary>The metric of the donor's own run.</summary>
    public double Donor { get; }

    /// <summary>The metric of the receiver's run without a patch.</summary>
    public double Receiver { get; }

    /// <summary>What a writer adds on the donor's prompt minus what it adds on the receiver's, [pos, d_model].</summary>
    public HookTensor Difference(ResidualNode writer)
    {
        writer.Check(_model.Config);
        int positions = _receiver.Ids[0].Count, width = _model.Config.HiddenSize;
        float[] difference = new float[positions * width];
        if (writer.Kind == ResidualNodeKind.Head && _model.Description.AfterAttentionNorm is not null)
        {
            string z = $"blocks.{writer.Layer}.attn.hook_z", added = $"blocks.{writer.Layer}.hook_attn_out";
            HookRun swapped = From(writer.Layer) with { StopAtLayer = writer.Layer + 1, Keep = [added], Edits = [Ablation.Resample(z, _donorRun.Cache[z], new ActivationSlice { Head = writer.Index })] };
            using HookedOutput with = _model.Run(_receiver, swapped);
            TensorPrimitives.Subtract(with.Cache[added].Lent, _receiverRun.Cache[added].Lent, difference);
            return new HookTensor([positions, width], difference);
        }

        for (int i = 0; i < positions; i++) TensorPrimitives.Subtract(Written(_donorRun, i), Written(_receiverRun, i), difference.AsSpan(i * width, width));
        return new HookTensor([positions, width], difference);

        ReadOnlySpan<float> Written(HookedOutput run, int position) => writer.Kind switch
        {
            ResidualNodeKind.Embeddings => run.Cache["blocks.0.hook_resid_pre"].Row(0, position),
            ResidualNodeKind.Head => run.Cache[$"blocks.{writer.Layer}.attn.hook_result"].Row(0, position, writer.Index),
            ResidualNodeKind.Mlp => run.Cache[$"blocks.{writer.Layer}.hook_mlp_out"].Row(0, position),
            _ => throw new ArgumentException($"{writer} reads the residual stream; it writes nothing.", nameof(writer)),
        };
    }

    /// <summary>The metric when the reader alone sees the writer's contribution of the donor's prompt, through its own norm.</summary>
    /// <param name="writer">What adds to the residual stream.</param>
    /// <param name="reader">What reads it.</param>
    /// <param name="frozenNorm">For logits: the final norm keeps the receiver's own scale.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">There is no such edge, or an index is out of range.</exception>
    public double Direct(ResidualNode writer, ResidualNode reader, bool frozenNorm = false, CancellationToken cancellationToken = default)
    {
        return Direct(writer, reader, Difference(writer), frozenNorm, cancellationToken);
    }

    private double Direct(ResidualNode writer, ResidualNode reader, HookTensor difference, bool frozenNorm, CancellationToken cancellationToken)
    {
        writer.CheckEdge(reader, _model.Config);
        if (frozenNorm && reader.Kind != ResidualNodeKind.Logits) throw new ArgumentException($"Only the norm before the logits can be frozen, not that of {reader}.", nameof(frozenNorm));
        if (reader.Kind == ResidualNodeKind.Logits)
        {
            HookTensor residual = _receiverRun.Residual.Clone();
            TensorPrimitives.Add(residual.Values, difference.Values, residual.Values);
            return Metric(new HookRun
            {
                StartAtLayer = _model.Config.Layers,
                Residual = residual,
                Edits = frozenNorm ? [Ablation.Resample("ln_final.hook_scale", _receiverRun.Cache["ln_final.hook_scale"])] : [],
            }, cancellationToken);
        }

        int heads = reader.Kind == ResidualNodeKind.Mlp ? 1 : reader.Kind == ResidualNodeKind.Query ? _model.Config.Heads : _model.Config.KeyValueHeads;
        int width = _model.Config.HiddenSize;
        return Metric(From(reader.Layer) with
        {
            Edits = [new(reader.Hook, (value, _) =>
            {
                for (int i = 0; i < difference.Shape[0]; i++)
                {
                    Span<float> own = value.Values.AsSpan(((i * heads) + reader.Index) * width, width);
                    TensorPrimitives.Add(own, difference.Row(i), own);
                }

                return value;
            })],
        }, cancellationToken);
    }

    /// <summary>
    /// The metric when the receiving head's query, key or value is that of a run in which the sending head is the donor's and
    /// every other head the receiver's own, while MLPs and norms between follow.
    /// </summary>
    /// <param name="sender">A head (<see cref="ResidualNode.Head"/>).</param>
    /// <param name="reader">A query, key or value of a later layer.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <exception cref="ArgumentException">There is no such path, or an index is out of range.</exception>
    public double ThroughMlps(ResidualNode sender, ResidualNode reader, CancellationToken cancellationToken = default)
    {
        if (sender.Kind != ResidualNodeKind.Head) throw new ArgumentException($"{sender} is no head.", nameof(sender));
        string? part = reader.Kind switch { ResidualNodeKind.Query => "hook_q", ResidualNodeKind.Key => "hook_k", ResidualNodeKind.Value => "hook_v", _ => null };
        if (part is null) throw new ArgumentException($"{reader} is no query, key or value of a head.", nameof(reader));
        sender.CheckEdge(reader, _model.Config);
        string hook = $"blocks.{reader.Layer}.attn.{part}", sent = $"blocks.{sender.Layer}.attn.hook_z";
        List<HookEdit> edits = [];
        for (int layer = sender.Layer + 1; layer < reader.Layer; layer++) edits.Add(Ablation.Resample($"blocks.{layer}.attn.hook_z", _receiverRun.Cache[$"blocks.{layer}.attn.hook_z"]));
        edits.Add(Ablation.Resample(sent, _donorRun.Cache[sent], new ActivationSlice { Head = sender.Index }));
        using HookedOutput sending = _model.Run(_receiver, From(sender.Layer) with { StopAtLayer = reader.Layer + 1, Keep = [hook], Edits = edits }, cancellationToken);
        HookTensor received = sending.Cache[hook];
        return Metric(From(reader.Layer) with { Edits = [Ablation.Resample(hook, received, new ActivationSlice { Head = reader.Index })] }, cancellationToken);
    }

    /// <summary>For every edge how far it moves the receiver's metric; null where there is no edge.</summary>
    /// <param name="writers">Rows, as <see cref="ResidualNode.Writers"/> lists all.</param>
    /// <param name="readers">Columns, as <see cref="ResidualNode.Readers"/> lists all.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    /// <returns>[writer, reader].</returns>
    public double?[,] Edges(IReadOnlyList<ResidualNode> writers, IReadOnlyList<ResidualNode> readers, CancellationToken cancellationToken = default)
    {
        double?[,] moved = new double?[writers.Count, readers.Count];
        for (int w = 0; w < writers.Count; w++)
        {
            if (!readers.Any(reader => writers[w].Reaches(reader, _model.Config))) continue;
            HookTensor difference = Difference(writers[w]);
            for (int r = 0; r < readers.Count; r++)
            {
                if (writers[w].Reaches(readers[r], _model.Config)) moved[w, r] = Direct(writers[w], readers[r], difference, frozenNorm: false, cancellationToken) - Receiver;
            }
        }

        return moved;
    }

    /// <summary>Refuses a model in which what is written once does not stay in the stream as it is.</summary>
    internal static void RefuseNormedStream(ModelDescription description, string architecture)
    {
        if (description.AttentionSumNorm is not null || description.MlpSumNorm is not null)
            throw new ArgumentException($"{architecture} norms its residual stream itself, so that nothing stays in it as it was written; it has no such edges.");
    }

    private HookRun From(int layer) => new() { StartAtLayer = layer, Residual = _receiverRun.Cache[$"blocks.{layer}.hook_resid_pre"] };

    private double Metric(HookRun run, CancellationToken cancellationToken)
    {
        using HookedOutput output = _model.Run(_receiver, run, cancellationToken);
        return _metric(Logits(output));
    }

    private HookTensor Logits(HookedOutput run) => run.Logits ?? throw new InvalidOperationException($"{_model.Path} has no vocabulary head.");
}
