using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>A closed interval on the real line, such as a confidence interval; its ends may be infinite.</summary>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end, at least <paramref name="Low"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Interval(double Low, double High)
{
    /// <summary>The distance between the ends, at least 0.</summary>
    public double Width => High - Low;

    /// <summary>Whether the value lies between the ends, ends included.</summary>
    public bool Contains(double value) => value >= Low && value <= High;

    /// <summary>Both ends moved into a range that the estimated quantity cannot leave.</summary>
    public Interval Clip(double low, double high) => new(Math.Clamp(Low, low, high), Math.Clamp(High, low, high));

    /// <summary>The interval of the centre plus and minus a half-width.</summary>
    internal static Interval Around(double centre, double half) => new(centre - half, centre + half);
}
