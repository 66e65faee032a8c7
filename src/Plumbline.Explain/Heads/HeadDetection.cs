using Plumbline.Models.Hooks;

namespace Plumbline.Explain.Heads;

/// <summary>What a head's pattern is compared with.</summary>
public enum HeadPattern
{
    /// <summary>1 at the token before.</summary>
    Previous,

    /// <summary>1 at earlier occurrences of the same token.</summary>
    Duplicate,

    /// <summary>1 behind earlier occurrences of the same token, but never at the start.</summary>
    Induction,
}

/// <summary>How alike heads' patterns A are to a pattern P of zeros and ones on one sequence: TransformerLens's detect_head, not rounded.</summary>
/// <param name="Product">[layer, head]: Σ A·P / Σ A ("mul").</param>
/// <param name="Difference">[layer, head]: 1 − Σ |A − P| / n ("abs").</param>
public sealed record HeadDetection(double[,] Product, double[,] Difference)
{
    /// <summary>Compares all heads.</summary>
    /// <param name="model">A causal model.</param>
    /// <param name="ids">The sequence.</param>
    /// <param name="pattern">What they are compared with.</param>
    /// <param name="withoutStart">Leaves out key 0: of A for the product, of |A − P| for the difference.</param>
    /// <param name="withoutCurrent">Leaves out the diagonal likewise.</param>
    /// <param name="cancellationToken">Stops between layers.</param>
    public static HeadDetection Of(HookedTransformer model, IReadOnlyList<int> ids, HeadPattern pattern, bool withoutStart = false, bool withoutCurrent = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        HookTensor[] patterns = HeadGrid.Patterns(model, [ids], cancellationToken);
        int n = ids.Count;
        return new HeadDetection(
            HeadGrid.Of(model, (layer, head) =>
            {
                double hit = 0, all = 0;
                Each((query, key) =>
                {
                    double a = patterns[layer][0, head, query, key];
                    all += a;
                    if (Marked(query, key)) hit += a;
                });
                return hit / all;
            }),
            HeadGrid.Of(model, (layer, head) =>
            {
                double off = 0;
                Each((query, key) => off += Math.Abs(patterns[layer][0, head, query, key] - (Marked(query, key) ? 1 : 0)));
                return 1 - (off / n);
            }));

        void Each(Action<int, int> cell)
        {
            for (int query = 0; query < n; query++)
            {
                for (int key = 0; key < n; key++)
                {
                    if (!(withoutStart && key == 0) && !(withoutCurrent && key == query)) cell(query, key);
                }
            }
        }

        bool Marked(int query, int key) => pattern switch
        {
            HeadPattern.Previous => key == query - 1,
            HeadPattern.Duplicate => key < query && ids[key] == ids[query],
            _ => key > 0 && key <= query && ids[key - 1] == ids[query],
        };
    }
}
