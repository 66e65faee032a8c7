namespace Plumbline.Models.Hooks;

/// <summary>A part of an activation, by what its dimensions mean: a head, a position, a neuron. What is not given is whole.</summary>
public sealed record ActivationSlice
{
    /// <summary>Everything.</summary>
    public static ActivationSlice All { get; } = new();

    /// <summary>A query head, or a key and value head where the hook has these.</summary>
    public int? Head { get; init; }

    /// <summary>A position; of scores and patterns the query's.</summary>
    public int? Position { get; init; }

    /// <summary>An index in the last dimension: a neuron of hook_post, a direction of the residual stream.</summary>
    public int? Neuron { get; init; }

    /// <summary>Calls back for each run of values that the slice has.</summary>
    /// <param name="value">An activation.</param>
    /// <param name="point">Its hook.</param>
    /// <param name="part">Takes where the run begins, and its length.</param>
    /// <exception cref="ArgumentException">The hook has no such dimension, or an index is out of its range.</exception>
    public void Visit(HookTensor value, HookPoint point, Action<int, int> part)
    {
        int dimensions = value.Shape.Count;
        int?[] fixedAt = new int?[dimensions];
        Fix(Head, "head", static symbol => symbol is "heads" or "kv_heads");
        Fix(Position, "position", static symbol => symbol is "pos" or "query");
        if (Neuron is int neuron)
        {
            if (point.Shape[^1] is "key" or "1") throw new ArgumentException($"{point.Name} [{string.Join(", ", point.Shape)}] has no neurons.");
            Set(dimensions - 1, neuron, "neuron");
        }

        // Whole dimensions at the end make one run.
        int whole = dimensions;
        while (whole > 0 && fixedAt[whole - 1] is null) whole--;
        int length = 1;
        for (int d = whole; d < dimensions; d++) length *= value.Shape[d];
        Walk(0, 0);

        void Walk(int dimension, int index)
        {
            if (dimension == whole)
            {
                part(index * length, length);
                return;
            }

            if (fixedAt[dimension] is int only) Walk(dimension + 1, (index * value.Shape[dimension]) + only);
            else for (int i = 0; i < value.Shape[dimension]; i++) Walk(dimension + 1, (index * value.Shape[dimension]) + i);
        }

        void Fix(int? at, string what, Func<string, bool> means)
        {
            if (at is not int index) return;
            int dimension = point.Shape.ToList().FindIndex(symbol => means(symbol));
            if (dimension < 0) throw new ArgumentException($"{point.Name} [{string.Join(", ", point.Shape)}] has no {what}s.");
            Set(dimension, index, what);
        }

        void Set(int dimension, int index, string what)
        {
            if ((uint)index >= (uint)value.Shape[dimension]) throw new ArgumentOutOfRangeException(nameof(value), index, $"{point.Name} has {value.Shape[dimension]} {what}s, numbered from 0.");
            fixedAt[dimension] = index;
        }
    }
}
