namespace Plumbline.Models.Hooks;

/// <summary>What one forward pass keeps and changes. It holds no state: the same one may be used for many runs at once.</summary>
public sealed record HookRun
{
    /// <summary>Names or patterns of the values to keep; a pattern switches an optional hook on only where it spells its last part (blocks.*.attn.hook_result).</summary>
    public IReadOnlyList<string> Keep { get; init; } = [];

    /// <summary>Changes; several at one hook run in the order given.</summary>
    public IReadOnlyList<HookEdit> Edits { get; init; } = [];

    /// <summary>The first block that runs, from 0 to the number of layers; above 0 it needs <see cref="Residual"/>.</summary>
    public int StartAtLayer { get; init; }

    /// <summary>The residual stream [batch, pos, d_model] before block <see cref="StartAtLayer"/>.</summary>
    public HookTensor? Residual { get; init; }

    /// <summary>The block before which the run ends, from 0 to the number of layers; negative counts from the end. Null to run to the logits.</summary>
    public int? StopAtLayer { get; init; }

    /// <summary>Which positions' logits are computed; the head of a large vocabulary is half of a small model's time. Default: all.</summary>
    public LogitPositions Logits { get; init; }

    /// <summary>In what precision kept values are held. Default: f32, as references without a copy.</summary>
    public CachePrecision Precision { get; init; }
}

/// <summary>How a cache holds values.</summary>
public enum CachePrecision
{
    /// <summary>f32: the values themselves.</summary>
    Single,

    /// <summary>f16: half the memory, 11 bits of precision; read as f32 again. What is beyond ±65504 becomes infinite.</summary>
    Half,
}

/// <summary>Positions whose logits are computed.</summary>
public enum LogitPositions
{
    /// <summary>All.</summary>
    All,

    /// <summary>The last real one of each prompt; logits then are [batch, 1, vocab] and unembed.hook_out does not fire.</summary>
    Last,

    /// <summary>None; unembed.hook_out does not fire.</summary>
    None,
}
