using Plumbline.Models.Architectures;
using Plumbline.Models.Files;
using Plumbline.Models.Kernels;

namespace Plumbline.Models.Hooks;

/// <summary>What a hooked run takes, known before it begins: an upper bound in bytes of all arrays and buffers, those of the values that are kept among them.</summary>
/// <param name="config">The model.</param>
/// <param name="model">Its description.</param>
/// <param name="catalog">Its hooks.</param>
/// <param name="threads">Threads of the kernels.</param>
internal sealed class HookedMemory(ModelConfig config, ModelDescription model, HookCatalog catalog, int threads)
{
    /// <summary>Bytes of a run.</summary>
    /// <param name="rows">Prompts.</param>
    /// <param name="positions">Positions of each.</param>
    /// <param name="keys">Positions that attention sees: those of this run, and of earlier ones in a sequence.</param>
    /// <param name="run">What it keeps and changes.</param>
    public long Bytes(long rows, long positions, long keys, HookRun run)
    {
        checked
        {
            long n = rows * positions, width = Math.Max(config.HiddenSize, config.WordEmbeddingSize), heads = config.Heads, keyHeads = config.KeyValueHeads, d = config.HeadDimension;
            long q = heads * d, kv = keyHeads * d, inner = config.IntermediateSize, vocabulary = config.VocabularySize, norm = (2 * width) + 4;

            // Sums of the stream and what norms behind it leave stay until the run has ended.
            long layer = 2 * width;
            if (model.AttentionSumNorm is not null) layer += 2 * norm;
            if (model.AfterAttentionNorm is not null || model.AfterMlpNorm is not null) layer += 2 * norm;
            if (config.QueryKeyNorm != QueryKeyNorm.None) layer += (2 * (q + kv)) + (2 * (heads + keyHeads));
            long floats = n * config.Layers * layer;

            // What the next layer uses again, tables of rotations, and embeddings with their norm.
            floats += n * ((3 * (q + kv)) + (6 * width) + (3 * inner) + (4L * config.RotaryDimensions) + (5 * width) + norm);

            // The final norm or the head's, and logits with a copy that is capped or cleared at padding.
            floats += n * (norm + (4 * width));
            if (run.StopAtLayer is null && run.Logits != LogitPositions.None) floats += (run.Logits == LogitPositions.Last ? rows : n) * (vocabulary + (config.LogitSoftcap is null ? 0 : vocabulary) + (run.Logits == LogitPositions.All ? vocabulary : 0));

            floats += Watched(rows, positions, keys, run);

            // Blocks of rows for the tiles, and each thread's panels of keys, values and scores.
            long padded = keys + Tile.Width, panels = (d + Tile.Width - 1) / Tile.Width * Tile.Width;
            floats += RowBlocks.Size((int)Math.Min(int.MaxValue - Tile.Height, n), (int)Math.Max(Math.Max(width, q), Math.Max(inner, config.HiddenSize)));
            floats += threads * ((padded * (d + panels + (2 * Tile.Height))) + (Tile.Height * (d + panels)));
            return floats * sizeof(float);
        }
    }

    // Values that are kept or changed have arrays of their own; a change works on a copy and gives another.
    private long Watched(long rows, long positions, long keys, HookRun run)
    {
        (int start, int stop) = HookReach.Layers(run.StartAtLayer, run.StopAtLayer, config.Layers);
        Dictionary<string, (HookPoint Hook, int Edits)> watched = new(StringComparer.Ordinal);
        foreach ((string pattern, int edits) in run.Keep.Select(pattern => (pattern, 0)).Concat(run.Edits.Select(edit => (edit.Pattern, 1))))
        {
            foreach (HookPoint hook in catalog.Match(pattern))
            {
                if (HookReach.Fires(hook, start, stop, run.StopAtLayer is null, start == 0 && run.Residual is null)) watched[hook.Name] = (hook, edits + (watched.TryGetValue(hook.Name, out (HookPoint Hook, int Edits) known) ? known.Edits : 0));
            }
        }

        checked
        {
            long n = rows * positions, width = config.HiddenSize, floats = 0;
            foreach ((HookPoint hook, int edits) in watched.Values)
            {
                long size = 1;
                foreach (string symbol in hook.Shape)
                {
                    size *= symbol switch
                    {
                        "batch" => rows,
                        "pos" or "query" => positions,
                        "key" => keys,
                        "d_model" => width,
                        "heads" => config.Heads,
                        "kv_heads" => config.KeyValueHeads,
                        "d_head" => config.HeadDimension,
                        "d_mlp" => config.IntermediateSize,
                        "vocab" => config.VocabularySize,
                        _ => long.Parse(symbol, System.Globalization.CultureInfo.InvariantCulture),
                    };
                }

                // The value, and a copy without padding; halves of a kept one beside it.
                floats += size * (3 + (2 * edits));
                if (edits > 0 && hook.Shape.Contains("key")) floats += 2 * size;
                if (hook.Shape.Contains("d_model") && hook.Shape.Any(symbol => symbol is "heads" or "kv_heads")) floats += Split(hook, n, width, size);
            }

            return floats;
        }
    }

    // What heads read or add one by one: copies, norms of them, rows of the weights and products a head.
    private long Split(HookPoint hook, long n, long width, long size)
    {
        checked
        {
            long heads = hook.Shape.Contains("kv_heads") ? config.KeyValueHeads : config.Heads, d = config.HeadDimension;
            long one = (4 * size) + (2 * n * heads) + (2 * heads * d * width) + (n * heads * (width + d)) + (n * (width + d));
            // The attention's input is what queries, keys and values all read.
            return hook.Name.EndsWith(".hook_attn_in", StringComparison.Ordinal) ? 3 * one : one;
        }
    }
}
