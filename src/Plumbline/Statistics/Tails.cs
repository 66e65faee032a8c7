using System.Runtime.InteropServices;

namespace Plumbline.Statistics;

/// <summary>Both tails of a distribution at a point, each computed without cancellation.</summary>
/// <param name="Lower">P(X ≤ x), in [0, 1].</param>
/// <param name="Upper">P(X &gt; x), in [0, 1].</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Tails(double Lower, double Upper);
