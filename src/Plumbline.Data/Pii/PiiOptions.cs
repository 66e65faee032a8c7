namespace Plumbline.Data.Pii;

/// <summary>What a detector reports. Immutable.</summary>
public sealed record PiiOptions
{
    /// <summary>The least confidence that is reported, in [0, 1].</summary>
    /// <value>0.5: what says something about a person. At 0.4 there are also dates, web addresses, local addresses and codes of such a form.</value>
    public double MinimumConfidence { get; init; } = 0.5;

    /// <summary>The kinds that are reported; null is all.</summary>
    public IReadOnlySet<PiiType>? Types { get; init; }

    /// <summary>The latest day of birth that is believed.</summary>
    /// <value>31 December 2030.</value>
    public DateOnly LatestBirth { get; init; } = new(2030, 12, 31);
}
