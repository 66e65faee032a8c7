namespace Plumbline.Statistics;

/// <summary>A Beta(a + 1/2, b + 1/2) law in the angle u of x = sin² u, whose density sin^2a u cos^2b u is smooth and even at both ends.</summary>
internal static class AngleGrid
{
    public const double Quarter = Math.PI / 2;

    /// <summary>ln of the density in u, not normalised.</summary>
    public static double LogDensity(double a, double b, double u) => (a == 0 ? 0 : 2 * a * Math.Log(Math.Sin(u))) + (b == 0 ? 0 : 2 * b * Math.Log(Math.Cos(u)));

    /// <summary>Where the density exceeds e^-<paramref name="depth"/> of its maximum, within [0, π/2].</summary>
    public static Interval Window(double a, double b, double depth)
    {
        double mode = a + b == 0 ? Quarter / 2 : Math.Atan2(Math.Sqrt(a), Math.Sqrt(b)), floor = LogDensity(a, b, Math.Clamp(mode, 1e-12, Quarter - 1e-12)) - depth;
        double low = a == 0 || LogDensity(a, b, 0) > floor ? 0 : Elementary.Bisect(u => LogDensity(a, b, u) - floor, 0, mode);

        // The cosine of the double nearest π/2 is not quite 0: with one count the density may not fall below the floor there.
        double high = b == 0 || LogDensity(a, b, Quarter) > floor ? Quarter : Elementary.Bisect(u => floor - LogDensity(a, b, u), mode, Quarter);
        return new Interval(low, high);
    }
}
