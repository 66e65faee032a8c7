namespace Plumbline.Statistics;

/// <summary>Gauss–Legendre quadrature.</summary>
internal static class GaussLegendre
{
    /// <summary>Nodes and weights on [0, 1].</summary>
    public static (double[] Nodes, double[] Weights) Unit(int n)
    {
        double[] nodes = new double[n], weights = new double[n];
        for (int i = 0; i < n; i++)
        {
            // Newton's method on the Legendre polynomial from Tricomi's estimate of its root.
            double x = Math.Cos(Math.PI * (i + 0.75) / (n + 0.5)), slope = 0;
            for (int round = 0; round < 100; round++)
            {
                double previous = 1, value = x;
                for (int k = 2; k <= n; k++) (previous, value) = (value, ((((2 * k) - 1) * x * value) - ((k - 1) * previous)) / k);
                slope = n * ((x * value) - previous) / ((x * x) - 1);
                double step = value / slope;
                x -= step;
                if (Math.Abs(step) < 1e-15) break;
            }

            nodes[i] = (1 - x) / 2;
            weights[i] = 1 / ((1 - (x * x)) * slope * slope);
        }

        return (nodes, weights);
    }
}
