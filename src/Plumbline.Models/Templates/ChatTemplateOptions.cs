namespace Plumbline.Models.Templates;

/// <summary>Clock and bounds of a chat template. The bounds count work, never time, so the same input always gives the same outcome.</summary>
/// <remarks>A bound that is negative, or a depth of zero or beyond what the stack holds, is an <see cref="ArgumentOutOfRangeException"/>.</remarks>
public sealed record ChatTemplateOptions
{
    private readonly int _maxSourceLength = 2_000_000;
    private readonly int _maxTextLength = 4_000_000;
    private readonly int _maxItems = 1_000_000;
    private readonly long _maxSteps = 5_000_000;
    private readonly long _maxAllocation = 128L << 20;
    private readonly int _maxDepth = 200;
    private readonly int _maxNesting = 100;

    /// <summary>The clock behind <c>strftime_now</c>.</summary>
    /// <value>Default: the system's clock, in local time.</value>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The longest source, in UTF-16 units.</summary>
    /// <value>Default: 2,000,000.</value>
    public int MaxSourceLength { get => _maxSourceLength; init => _maxSourceLength = NotNegative(value); }

    /// <summary>The longest text that a render may give out or hold in a value, in UTF-16 units.</summary>
    /// <value>Default: 4,000,000.</value>
    public int MaxTextLength { get => _maxTextLength; init => _maxTextLength = NotNegative(value); }

    /// <summary>The most items of a list or object that a template may build.</summary>
    /// <value>Default: 1,000,000.</value>
    public int MaxItems { get => _maxItems; init => _maxItems = NotNegative(value); }

    /// <summary>The most steps of a render: one for each statement, operator, call and turn of a loop, and one for every few dozen characters moved.</summary>
    /// <value>Default: 5,000,000, a fraction of a second.</value>
    public long MaxSteps { get => _maxSteps; init => _maxSteps = NotNegative(value); }

    /// <summary>The most memory that the values of a render may take, all added up, in estimated bytes.</summary>
    /// <value>Default: 128 MiB.</value>
    public long MaxAllocation { get => _maxAllocation; init => _maxAllocation = NotNegative(value); }

    /// <summary>How deep macros and recursive loops may call one another, and how deep lists and objects may nest where they are read, printed or compared.</summary>
    /// <value>1 to 500. Default: 200.</value>
    public int MaxDepth { get => _maxDepth; init => _maxDepth = Between(value, 500); }

    /// <summary>How deep brackets, prefix operators and blocks may nest in the source.</summary>
    /// <value>1 to 200. Default: 100.</value>
    public int MaxNesting { get => _maxNesting; init => _maxNesting = Between(value, 200); }

    private static int NotNegative(int value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return value;
    }

    private static long NotNegative(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return value;
    }

    private static int Between(int value, int highest)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, highest);
        return value;
    }
}
