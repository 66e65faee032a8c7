namespace Plumbline.Models.Templates;

/// <summary>Clock and bounds of a chat template. The bounds count work, never time, so the same input always gives the same outcome.</summary>
public sealed record ChatTemplateOptions
{
    /// <summary>The clock behind <c>strftime_now</c>. Default: the system's, in local time.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The longest source, in UTF-16 units. Default 2,000,000.</summary>
    public int MaxSourceLength { get; init; } = 2_000_000;

    /// <summary>The longest text that a render may give out or hold in a value, in UTF-16 units. Default 4,000,000.</summary>
    public int MaxTextLength { get; init; } = 4_000_000;

    /// <summary>The most items of a list or object that a template may build. Default 1,000,000.</summary>
    public int MaxItems { get; init; } = 1_000_000;

    /// <summary>The most steps of a render: one for each statement, operator, call and turn of a loop, and one for every few dozen characters moved. Default 5,000,000.</summary>
    public long MaxSteps { get; init; } = 5_000_000;

    /// <summary>The most memory that the values of a render may take, all added up, in estimated bytes. Default 128 MiB.</summary>
    public long MaxAllocation { get; init; } = 128L << 20;

    /// <summary>How deep macros and recursive loops may call one another, and how deep lists and objects may nest where they are printed or compared. Default 200.</summary>
    public int MaxDepth { get; init; } = 200;

    /// <summary>How deep brackets, prefix operators and blocks may nest in the source. Default 100.</summary>
    public int MaxNesting { get; init; } = 100;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Clock);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSourceLength);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxTextLength);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxItems);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(MaxAllocation);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxDepth);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxDepth, 500);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxNesting);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(MaxNesting, 200);
    }
}
