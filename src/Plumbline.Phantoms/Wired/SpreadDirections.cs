namespace Plumbline.Phantoms.Wired;

/// <summary>
/// More unit directions than dimensions, pushed apart. Only additions, products and square roots in a fixed order take part, and entries are rounded to
/// multiples of 1/1024 at the end: the same directions on every machine.
/// </summary>
internal static class SpreadDirections
{
    /// <summary>Entries are multiples of this.</summary>
    public const double Grid = 1.0 / 1024;

    /// <summary>Directions [count][width], each of length 1 to one part in a hundred and with entries that sum to exactly 0.</summary>
    public static double[][] Make(int count, int width, ulong seed)
    {
        SeededRandom random = new(seed, "directions");
        double[][] all = [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, width).Select(_ => (random.Next(2001) - 1000) / 1000.0).ToArray())];
        foreach (double[] one in all) Normalise(one);
        for (int round = 0; round < 400; round++)
        {
            double[][] pushed = [.. all.Select(one => (double[])[.. one])];
            for (int i = 0; i < count; i++)
            {
                for (int j = 0; j < count; j++)
                {
                    if (i == j) continue;

                    // The nearer two lines are, the harder they push: the cube of the cosine.
                    double cosine = Dot(all[i], all[j]);
                    for (int d = 0; d < width; d++) pushed[i][d] -= 0.5 * cosine * cosine * cosine * all[j][d];
                }
            }

            foreach (double[] one in pushed) Normalise(one);
            all = pushed;
        }

        foreach (double[] one in all) Round(one);
        return all;
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int d = 0; d < a.Length; d++) sum += a[d] * b[d];
        return sum;
    }

    private static void Normalise(double[] one)
    {
        double mean = 0;
        foreach (double value in one) mean += value;
        mean /= one.Length;
        for (int d = 0; d < one.Length; d++) one[d] -= mean;
        double length = Math.Sqrt(Dot(one, one));
        for (int d = 0; d < one.Length; d++) one[d] /= length;
    }

    // To the grid; what the sum then lacks goes to the entries that were rounded the furthest the other way.
    private static void Round(double[] one)
    {
        double[] exact = [.. one];
        for (int d = 0; d < one.Length; d++) one[d] = Math.Round(exact[d] / Grid) * Grid;
        int lacking = (int)Math.Round(-one.Sum() / Grid);
        IEnumerable<int> order = Enumerable.Range(0, one.Length).OrderByDescending(d => Math.Sign(lacking) * (exact[d] - one[d]));
        foreach (int d in order.Take(Math.Abs(lacking))) one[d] += Math.Sign(lacking) * Grid;
    }
}
