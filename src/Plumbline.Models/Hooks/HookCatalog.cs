using System.Collections.Frozen;
using System.IO.Enumeration;
using Plumbline.Models.Architectures;
using Plumbline.Models.Files;

namespace Plumbline.Models.Hooks;

/// <summary>The hooks of a model in forward order, and which of them a pattern means.</summary>
internal sealed class HookCatalog
{
    private const string Batch = "batch", Pos = "pos", Model = "d_model", Heads = "heads", KeyValueHeads = "kv_heads", Head = "d_head";

    /// <summary>Characters of a wrong name that are compared: a name from outside may be of any length.</summary>
    private const int LongestCompared = 200;

    private readonly ModelConfig _config;
    private readonly ModelDescription _model;
    private readonly List<HookPoint> _every = [], _hooks = [], _forks = [];
    private readonly FrozenDictionary<string, HookPoint> _byName;

    public HookCatalog(ModelConfig config, ModelDescription model, ITensorSource tensors)
    {
        (_config, _model) = (config, model);
        if (config.Causal) Embeddings();
        else EncoderEmbeddings();
        Blocks = [.. Enumerable.Range(0, config.Layers).Select(layer => new BlockHooks(layer))];
        foreach (BlockHooks block in Blocks) Block(block);
        if (config.Causal) Ending();
        else EncoderEnding(tensors);
        _byName = _every.ToFrozenDictionary(hook => hook.Name, StringComparer.Ordinal);
    }

    public IReadOnlyList<HookPoint> All => _hooks;

    /// <summary>All and <see cref="Forks"/>, in forward order.</summary>
    public IReadOnlyList<HookPoint> Every => _every;

    /// <summary>Copies of the residual stream, before the norm, that single heads or the MLP read; they exist where a pattern spells their last part.</summary>
    public IReadOnlyList<HookPoint> Forks => _forks;

    public IReadOnlyList<BlockHooks> Blocks { get; }

    public HookPoint this[string name] => _byName[name];

    public bool Has(string name) => _byName.ContainsKey(name);

    /// <summary>The hooks that a name or pattern means.</summary>
    /// <exception cref="ArgumentException">None; the message names what is near.</exception>
    public IReadOnlyList<HookPoint> Match(string pattern)
    {
        List<HookPoint> matches;
        if (!pattern.Contains('*', StringComparison.Ordinal)) matches = _byName.TryGetValue(pattern, out HookPoint? one) ? [one] : [];
        else matches = [.. _every.Where(hook => Matches(pattern, hook))];
        if (matches.Count > 0) return matches;

        string[] parts = pattern.Split('.');
        string layer = parts is ["blocks", _, ..] && int.TryParse(parts[1], out int number) && (number < 0 || number >= _config.Layers)
            ? $" Layer {number} is out of range; the model has layers from 0 to {_config.Layers - 1}."
            : "";
        throw new ArgumentException($"There is no hook {pattern} in this {_config.Architecture} model.{layer} Near it are {string.Join(", ", Near(pattern, _byName.Keys.Order(StringComparer.Ordinal)))}.");
    }

    /// <summary>The three names with the fewest edits to a wrong one.</summary>
    public static IEnumerable<string> Near(string name, IEnumerable<string> names) => names.Select(other => (other, Spelling.Distance(name.AsSpan(0, Math.Min(name.Length, LongestCompared)), other))).OrderBy(pair => pair.Item2).Take(3).Select(pair => pair.other);

    private static bool Matches(string pattern, HookPoint hook) =>
        (!hook.Optional || pattern.Contains(hook.Name[(hook.Name.LastIndexOf('.') + 1)..], StringComparison.Ordinal))
        && FileSystemName.MatchesSimpleExpression(pattern.Replace(@"\", @"\\", StringComparison.Ordinal), hook.Name, ignoreCase: false);

    private void Add(string name, int? layer, params string[] shape) => Add(_hooks, new HookPoint(name, shape, Optional: false, layer));

    private void Fork(string name, int layer, params string[] shape) => Add(_forks, new HookPoint(name, shape, Optional: true, layer));

    private void Add(List<HookPoint> list, HookPoint hook)
    {
        list.Add(hook);
        _every.Add(hook);
    }

    private void Norm(NormHooks hooks, int? layer)
    {
        Add(hooks.Scale, layer, Batch, Pos, "1");
        Add(hooks.Normalized, layer, Batch, Pos, Model);
    }

    private void Embeddings()
    {
        Add("hook_embed", null, Batch, Pos, Model);
        if (_model.Positions is not null) Add("hook_pos_embed", null, Batch, Pos, Model);
    }

    private void EncoderEmbeddings()
    {
        Add("embed.hook_embed", null, Batch, Pos, Model);
        Add("embed.hook_pos_embed", null, Batch, Pos, Model);
        if (_model.TokenTypes is not null) Add("embed.hook_token_type_embed", null, Batch, Pos, Model);
        Norm(NormHooks.Embedding, null);
        Add("hook_full_embed", null, Batch, Pos, Model);
    }

    private void Block(BlockHooks b)
    {
        int layer = b.Layer;
        Add(b.ResidPre, layer, Batch, Pos, Model);
        if (_config.KeyValueHeads == _config.Heads) Fork(b.AttentionInput, layer, Batch, Pos, Heads, Model);
        Fork(b.QueryInput, layer, Batch, Pos, Heads, Model);
        Fork(b.KeyInput, layer, Batch, Pos, KeyValueHeads, Model);
        Fork(b.ValueInput, layer, Batch, Pos, KeyValueHeads, Model);
        if (_model.AttentionNorm is not null) Norm(b.Norm1, layer);
        Add(b.Query, layer, Batch, Pos, Heads, Head);
        Add(b.Key, layer, Batch, Pos, KeyValueHeads, Head);
        Add(b.Value, layer, Batch, Pos, KeyValueHeads, Head);
        if (_config.QueryKeyNorm != QueryKeyNorm.None)
        {
            bool each = _config.QueryKeyNorm == QueryKeyNorm.PerHead;
            Add(b.QueryNorm.Scale, layer, each ? [Batch, Pos, Heads, "1"] : [Batch, Pos, "1"]);
            Add(b.QueryNorm.Normalized, layer, Batch, Pos, Heads, Head);
            Add(b.KeyNorm.Scale, layer, each ? [Batch, Pos, KeyValueHeads, "1"] : [Batch, Pos, "1"]);
            Add(b.KeyNorm.Normalized, layer, Batch, Pos, KeyValueHeads, Head);
        }

        if (_config.Positions != PositionKind.Learned)
        {
            Add(b.RotatedQuery, layer, Batch, Pos, Heads, Head);
            Add(b.RotatedKey, layer, Batch, Pos, KeyValueHeads, Head);
        }

        Add(b.Scores, layer, Batch, Heads, "query", "key");
        Add(b.Pattern, layer, Batch, Heads, "query", "key");
        Add(b.Z, layer, Batch, Pos, Heads, Head);
        Add(_hooks, new HookPoint(b.Result, [Batch, Pos, Heads, Model], Optional: true, layer));
        if (_model.AfterAttentionNorm is not null) Norm(b.AfterAttention(_model), layer);
        Add(b.AttentionOut, layer, Batch, Pos, Model);
        if (!_config.ParallelResidual) Add(b.ResidMid, layer, Batch, Pos, Model);
        if (_model.AttentionSumNorm is not null) Norm(b.Norm1, layer);
        Fork(b.MlpInput, layer, Batch, Pos, Model);
        if (_model.MlpNorm is not null || _config.ParallelResidual) Norm(b.Norm2, layer);
        Add(b.MlpPre, layer, Batch, Pos, "d_mlp");
        if (_model.Gated) Add(b.MlpPreLinear, layer, Batch, Pos, "d_mlp");
        Add(b.MlpPost, layer, Batch, Pos, "d_mlp");
        if (_model.AfterMlpNorm is not null) Norm(b.AfterMlp(_model), layer);
        Add(b.MlpOut, layer, Batch, Pos, Model);
        Add(b.ResidPost, layer, Batch, Pos, Model);
        if (_model.MlpSumNorm is null) return;
        Norm(b.Norm2, layer);
        Add(b.NormalizedResidPost, layer, Batch, Pos, Model);
    }

    private void Ending()
    {
        Norm(NormHooks.Final, null);
        Add("unembed.hook_in", null, Batch, Pos, Model);
        Add("unembed.hook_out", null, Batch, Pos, "vocab");
    }

    private void EncoderEnding(ITensorSource tensors)
    {
        if (_model.Pooler is not null && tensors.Tensors.ContainsKey(_model.Pooler.Name + ".weight"))
        {
            Add("pooler.hook_pooler_out", null, Batch, Model);
            if (_model.NextSentence is not null && tensors.Tensors.ContainsKey(_model.NextSentence.Name + ".weight")) Add("nsp_head.hook_nsp_out", null, Batch, "2");
        }

        if (!_config.HasHead) return;
        Norm(NormHooks.Head, null);
        Add("unembed.hook_in", null, Batch, Pos, Model);
        Add("unembed.hook_out", null, Batch, Pos, "vocab");
    }
}

/// <summary>The two hooks of a norm.</summary>
internal sealed record NormHooks(string Scale, string Normalized)
{
    public static readonly NormHooks Embedding = Of("embed.ln."), Final = Of("ln_final."), Head = Of("mlm_head.ln.");

    public static NormHooks Of(string at) => new(at + "hook_scale", at + "hook_normalized");
}

/// <summary>The names of a block's hooks.</summary>
internal sealed class BlockHooks
{
    private readonly NormHooks _norm1Post, _norm2Post;

    public BlockHooks(int layer)
    {
        string at = $"blocks.{layer}.", attention = at + "attn.", mlp = at + "mlp.";
        Layer = layer;
        (ResidPre, ResidMid, ResidPost, NormalizedResidPost) = (at + "hook_resid_pre", at + "hook_resid_mid", at + "hook_resid_post", at + "hook_normalized_resid_post");
        (QueryInput, KeyInput, ValueInput, MlpInput, AttentionInput) = (at + "hook_q_input", at + "hook_k_input", at + "hook_v_input", at + "hook_mlp_in", at + "hook_attn_in");
        (AttentionOut, MlpOut) = (at + "hook_attn_out", at + "hook_mlp_out");
        (Norm1, Norm2, _norm1Post, _norm2Post) = (NormHooks.Of(at + "ln1."), NormHooks.Of(at + "ln2."), NormHooks.Of(at + "ln1_post."), NormHooks.Of(at + "ln2_post."));
        (QueryNorm, KeyNorm) = (NormHooks.Of(attention + "q_norm."), NormHooks.Of(attention + "k_norm."));
        (Query, Key, Value, RotatedQuery, RotatedKey) = (attention + "hook_q", attention + "hook_k", attention + "hook_v", attention + "hook_rot_q", attention + "hook_rot_k");
        (Scores, Pattern, Z, Result) = (attention + "hook_attn_scores", attention + "hook_pattern", attention + "hook_z", attention + "hook_result");
        (MlpPre, MlpPreLinear, MlpPost) = (mlp + "hook_pre", mlp + "hook_pre_linear", mlp + "hook_post");
    }

    public int Layer { get; }

    public string ResidPre { get; }

    public string ResidMid { get; }

    public string ResidPost { get; }

    public string NormalizedResidPost { get; }

    public string QueryInput { get; }

    public string KeyInput { get; }

    public string ValueInput { get; }

    public string MlpInput { get; }

    public string AttentionInput { get; }

    public string AttentionOut { get; }

    public string MlpOut { get; }

    public NormHooks Norm1 { get; }

    public NormHooks Norm2 { get; }

    public NormHooks QueryNorm { get; }

    public NormHooks KeyNorm { get; }

    public string Query { get; }

    public string Key { get; }

    public string Value { get; }

    public string RotatedQuery { get; }

    public string RotatedKey { get; }

    public string Scores { get; }

    public string Pattern { get; }

    public string Z { get; }

    public string Result { get; }

    public string MlpPre { get; }

    public string MlpPreLinear { get; }

    public string MlpPost { get; }

    /// <summary>The norm of attention's output: ln1 where there is none before (OLMo 2), else ln1_post (Gemma 2).</summary>
    public NormHooks AfterAttention(ModelDescription model) => model.AttentionNorm is null ? Norm1 : _norm1Post;

    /// <summary>The norm of the MLP's output.</summary>
    public NormHooks AfterMlp(ModelDescription model) => model.MlpNorm is null ? Norm2 : _norm2Post;
}
