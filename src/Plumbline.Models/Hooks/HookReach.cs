namespace Plumbline.Models.Hooks;

/// <summary>Which layers a run goes through, and which hooks lie on its way; one rule for every forward.</summary>
internal static class HookReach
{
    /// <summary>The first block, and the one before which the run ends.</summary>
    /// <exception cref="ArgumentException">Out of range.</exception>
    public static (int Start, int Stop) Layers(int startAtLayer, int? stopAtLayer, int layers)
    {
        int stop = stopAtLayer ?? layers;
        if (stop < 0) stop += layers;
        if (stop < 0 || stop > layers) throw new ArgumentException($"StopAtLayer {stopAtLayer} is out of range; the model has {layers} layers, so it is from {-layers} to {layers}.");
        if (startAtLayer < 0 || startAtLayer > layers) throw new ArgumentException($"StartAtLayer {startAtLayer} is out of range; the model has {layers} layers, so it is from 0 to {layers}.");
        if (startAtLayer > stop) throw new ArgumentException($"StartAtLayer {startAtLayer} is behind StopAtLayer {stop}.");
        return (startAtLayer, stop);
    }

    /// <summary>Whether a run reaches a hook.</summary>
    /// <param name="hook">The hook.</param>
    /// <param name="start">The first block.</param>
    /// <param name="stop">The block before which it ends.</param>
    /// <param name="ends">Whether it runs to the logits.</param>
    /// <param name="embeds">Whether it begins with the embeddings.</param>
    public static bool Fires(HookPoint hook, int start, int stop, bool ends, bool embeds)
    {
        if (hook.Layer is int layer) return layer >= start && layer < stop;
        bool ending = hook.Name.StartsWith("ln_final.", StringComparison.Ordinal) || hook.Name.StartsWith("unembed.", StringComparison.Ordinal) || hook.Name.StartsWith("mlm_head.", StringComparison.Ordinal)
            || hook.Name.StartsWith("pooler.", StringComparison.Ordinal) || hook.Name.StartsWith("nsp_head.", StringComparison.Ordinal);
        return ending ? ends : embeds;
    }
}
