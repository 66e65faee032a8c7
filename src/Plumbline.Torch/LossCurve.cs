using System.Globalization;
using System.Text;

namespace Plumbline.Torch;

/// <summary>A training's loss, in nats, over its steps as an SVG: each step faint, and a running mean over a fiftieth of them.</summary>
public static class LossCurve
{
    private const int Width = 720, Height = 360, Left = 56, Right = 16, Top = 20, Bottom = 44;
    private const int Most = 1500;   // points of a line; more cannot be seen

    /// <summary>Writes the picture beside its place and moves it there.</summary>
    /// <param name="path">Where.</param>
    /// <param name="losses">One loss a step; values that are no numbers are left out.</param>
    public static void Write(string path, IReadOnlyList<double> losses)
    {
        string scratch = path + ".part";
        File.WriteAllText(scratch, Draw(losses));
        File.Move(scratch, path, overwrite: true);
    }

    /// <summary>The picture's text.</summary>
    public static string Draw(IReadOnlyList<double> losses)
    {
        ArgumentNullException.ThrowIfNull(losses);
        double[] finite = [.. losses.Where(double.IsFinite)];
        double top = finite.Length == 0 ? 1 : Math.Max(finite.Max(), 1e-3);
        double unit = Tick(top);
        top = Math.Ceiling(top / unit) * unit;
        int last = Math.Max(losses.Count, 1);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {Height}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<rect width=\"{Width}\" height=\"{Height}\" fill=\"#fff\"/>\n");
        for (double tick = 0; tick <= top + (unit / 2); tick += unit)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<path d=\"M{Left} {Y(tick):0.#}H{Width - Right}\" stroke=\"#ddd\"/>");
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left - 8}\" y=\"{Y(tick) + 4:0.#}\" text-anchor=\"end\">{tick:0.###}</text>\n");
        }

        double stride = Tick(last);
        for (double tick = 0; tick <= last; tick += stride)
            svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{X(tick):0.#}\" y=\"{Height - Bottom + 18}\" text-anchor=\"middle\">{tick:0}</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{(Left + Width - Right) / 2}\" y=\"{Height - 8}\" text-anchor=\"middle\">step</text>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{Left}\" y=\"14\">loss, nats</text>\n");
        Line(losses, "#9bb8d3", 1);
        Line(Smooth(losses, Math.Max(1, losses.Count / 50)), "#1f4e79", 2);
        return svg.Append("</svg>\n").ToString();

        double X(double step) => Left + (step / last * (Width - Left - Right));
        double Y(double loss) => Height - Bottom - (loss / top * (Height - Top - Bottom));

        void Line(IReadOnlyList<double> values, string colour, int width)
        {
            int every = Math.Max(1, (values.Count + Most - 1) / Most);
            var points = new StringBuilder();
            for (int i = 0; i < values.Count; i += every)
                if (double.IsFinite(values[i])) points.Append(CultureInfo.InvariantCulture, $"{(points.Length == 0 ? "" : " ")}{X(i + 1):0.#},{Y(values[i]):0.#}");
            if (points.Length > 0) svg.Append(CultureInfo.InvariantCulture, $"<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>\n");
        }
    }

    /// <summary>The mean of the last <paramref name="window"/> finite values at each step.</summary>
    private static double[] Smooth(IReadOnlyList<double> values, int window)
    {
        var means = new double[values.Count];
        for (int i = 0; i < means.Length; i++)
        {
            double[] near = [.. Enumerable.Range(Math.Max(0, i - window + 1), Math.Min(window, i + 1)).Select(j => values[j]).Where(double.IsFinite)];
            means[i] = near.Length == 0 ? double.NaN : near.Average();
        }

        return means;
    }

    /// <summary>A round distance of about a fifth of the range: 1, 2 or 5 times a power of ten.</summary>
    private static double Tick(double range)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(range / 5)));
        double share = range / 5 / power;
        return power * (share < 1.5 ? 1 : share < 3.5 ? 2 : share < 7.5 ? 5 : 10);
    }
}
