using Plumbline.Models.Files;

namespace Plumbline.Models.Hooks;

/// <summary>Prompts that run together, padded to one length at the left or at the right.</summary>
public sealed record TokenBatch
{
    /// <param name="ids">[batch, pos]; all rows of one length.</param>
    /// <param name="mask">[batch, pos], 1 for real tokens and 0 for padding; null where all are real.</param>
    /// <param name="types">[batch, pos], token types of BERT; null for zeros.</param>
    public TokenBatch(IReadOnlyList<IReadOnlyList<int>> ids, IReadOnlyList<IReadOnlyList<int>>? mask = null, IReadOnlyList<IReadOnlyList<int>>? types = null) => (Ids, Mask, Types) = (ids, mask, types);

    /// <summary>[batch, pos].</summary>
    public IReadOnlyList<IReadOnlyList<int>> Ids { get; }

    /// <summary>[batch, pos]; 1 for real tokens. Null where all are.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Mask { get; }

    /// <summary>[batch, pos]; null for zeros.</summary>
    public IReadOnlyList<IReadOnlyList<int>>? Types { get; }

    /// <summary>One prompt.</summary>
    public static TokenBatch Of(IReadOnlyList<int> ids) => new([ids]);

    /// <summary>Prompts of different lengths, padded.</summary>
    /// <param name="rows">At least one id each.</param>
    /// <param name="pad">The id at padding; any of the vocabulary, it is never looked at.</param>
    /// <param name="left">Whether padding stands in front.</param>
    public static TokenBatch Padded(IReadOnlyList<IReadOnlyList<int>> rows, int pad = 0, bool left = false)
    {
        int length = rows.Count == 0 ? 0 : rows.Max(row => row.Count);
        return new TokenBatch([.. rows.Select(row => Fill(row, pad))], [.. rows.Select(row => Fill([.. row.Select(_ => 1)], 0))]);

        IReadOnlyList<int> Fill(IReadOnlyList<int> row, int value)
        {
            IEnumerable<int> padding = Enumerable.Repeat(value, length - row.Count);
            return left ? [.. padding, .. row] : [.. row, .. padding];
        }
    }

    /// <summary>Checks everything against a model.</summary>
    /// <returns>For each row its first real position and the end of its real positions.</returns>
    internal (int First, int End)[] Check(ModelConfig config)
    {
        if (Ids.Count == 0) throw new ArgumentException("The batch has no rows; it needs at least one prompt.");
        int length = Ids[0].Count;
        if (length == 0) throw new ArgumentException("The prompt is empty; a model needs at least one token.");
        CheckShape("mask", Mask);
        CheckShape("types", Types);
        (int, int)[] ranges = new (int, int)[Ids.Count];
        for (int row = 0; row < Ids.Count; row++)
        {
            if (Ids[row].Count != length) throw new ArgumentException($"Row {row} has {Ids[row].Count} ids and row 0 has {length}; pad them to one length and give a mask.");
            for (int i = 0; i < length; i++)
            {
                if ((uint)Ids[row][i] >= (uint)config.VocabularySize) throw new ArgumentException($"Token id {Ids[row][i]} in row {row} at position {i} is out of range; ids are from 0 to {config.VocabularySize - 1}.");
                int types = Math.Max(config.TypeVocabularySize, 1);
                if (Types is not null && (uint)Types[row][i] >= (uint)types) throw new ArgumentException($"Token type {Types[row][i]} in row {row} at position {i} is out of range; the model has types from 0 to {types - 1}.");
            }

            ranges[row] = Range(row, length);
            int real = ranges[row].Item2 - ranges[row].Item1, most = config.MaxPositions - (config.Architecture == "roberta" ? config.PositionOffset : 0);
            if (config.Positions == PositionKind.Learned && real > most) throw new ArgumentException($"Row {row} has {real} tokens; the model has learned positions for {most}.");
        }

        return ranges;

        void CheckShape(string what, IReadOnlyList<IReadOnlyList<int>>? rows)
        {
            if (rows is null) return;
            if (rows.Count != Ids.Count || rows.Any(row => row.Count != length)) throw new ArgumentException($"The {what} must have the shape of the ids, [{Ids.Count}, {length}].");
        }
    }

    /// <summary>A row's first real position and the end of its real positions.</summary>
    internal (int First, int End) RealRange(int row) => Range(row, Ids[row].Count);

    private (int First, int End) Range(int row, int length)
    {
        if (Mask is null) return (0, length);
        IReadOnlyList<int> mask = Mask[row];
        int first = 0;
        while (first < length && mask[first] == 0) first++;
        if (first == length) throw new ArgumentException($"The mask of row {row} is all zero; a row without tokens has no logits.");
        int end = first;
        while (end < length && mask[end] == 1) end++;
        for (int i = 0; i < length; i++)
        {
            if (mask[i] is not (0 or 1)) throw new ArgumentException($"The mask of row {row} holds {mask[i]} at position {i}; it must hold 1 for tokens and 0 for padding.");
        }

        if (end < length && first > 0 || Enumerable.Range(end, length - end).Any(i => mask[i] == 1))
            throw new ArgumentException($"The mask of row {row} has a hole or padding on both sides; padding must be on one side.");
        return (first, end);
    }
}
