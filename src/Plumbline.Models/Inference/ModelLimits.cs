namespace Plumbline.Models.Inference;

/// <summary>What ids a model takes.</summary>
/// <param name="Vocabulary">Ids are below it.</param>
/// <param name="Positions">Most positions: the learned ones, or fewer where the options say so; null for any number.</param>
internal sealed record ModelLimits(int Vocabulary, int? Positions)
{
    /// <summary>A copy of the ids.</summary>
    /// <param name="ids">At least one.</param>
    /// <param name="before">Ids that they follow.</param>
    /// <param name="name">The caller's parameter.</param>
    public int[] Check(IReadOnlyList<int> ids, int before, string name)
    {
        if (ids.Count == 0) throw new ArgumentException("There are no ids; a model needs at least one.", name);
        foreach (int id in ids)
        {
            if ((uint)id >= (uint)Vocabulary) throw new ArgumentOutOfRangeException(name, id, $"Ids are from 0 to {Vocabulary - 1}.");
        }

        if (ids.Count + before > Positions) throw new ArgumentException($"{ids.Count + before} ids are more than the {Positions} positions that a text may have.", name);
        return [.. ids];
    }
}
