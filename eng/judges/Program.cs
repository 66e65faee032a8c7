using System.Globalization;
using Plumbline.JudgeRecipes;
using Plumbline.Measure.Toxicity;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
LabelledData data = new(args[1]);
Labelled[] en = [.. data.English()];
Labelled[] train = [.. en.Where(t => !LabelledData.IsHeldOut(t.Text))];
Labelled[] zh = [.. data.ChineseTraining()];
foreach (var g in en.GroupBy(t => t.Source)) Console.WriteLine($"{g.Key} {g.Count()} toxic {g.Count(t => t.Toxic)}");
Console.WriteLine($"zh {zh.Length} toxic {zh.Count(t => t.Toxic)}");
foreach (bool chinese in new[] { false, true })
foreach (bool nb in new[] { false, true })
foreach (double lambda in new[] { 1e-3, 3e-4, 1e-4, 3e-5 }) Try(chinese ? zh : train, chinese, nb, lambda);

static void Try(Labelled[] rows, bool chinese, bool nb, double lambda)
{
    int[][] x = [.. rows.Select(r => { int[] b = new int[TextFeatures.Room(r.Text.Length)]; return b[..TextFeatures.Extract(r.Text, chinese, b)]; })];
    double[] scores = new double[rows.Length];
    for (int fold = 0; fold < 5; fold++)
    {
        int[] inside = [.. Enumerable.Range(0, rows.Length).Where(i => LabelledData.Fold(rows[i].Text, 5) != fold)];
        double[] factors = Factors([.. inside.Select(i => x[i])], [.. inside.Select(i => rows[i].Toxic)], nb);
        double[] w = new LogisticRegression([.. inside.Select(i => x[i])], [.. inside.Select(i => rows[i].Toxic)], factors, lambda).Fit();
        for (int i = 0; i < rows.Length; i++)
            if (LabelledData.Fold(rows[i].Text, 5) == fold) scores[i] = w[^1] + (x[i].Sum(f => w[f] * factors[f]) / Math.Sqrt(Math.Max(1, x[i].Length)));
    }
    double[] neg = [.. Enumerable.Range(0, rows.Length).Where(i => !rows[i].Toxic).Select(i => scores[i]).Order()];
    double t = neg[(int)(neg.Length * 0.98)];
    Console.WriteLine($"zh={chinese} nb={nb} lambda={lambda:E0} auc={Auc(rows, scores):F4} sens@98={Enumerable.Range(0, rows.Length).Count(i => rows[i].Toxic && scores[i] >= t) / (double)rows.Count(r => r.Toxic):F3} acc@0={Enumerable.Range(0, rows.Length).Count(i => rows[i].Toxic == scores[i] > 0) / (double)rows.Length:F3} " + string.Join(" ", Enumerable.Range(0, rows.Length).GroupBy(i => rows[i].Source).Select(g => $"{g.Key} auc {Auc([.. g.Select(i => rows[i])], [.. g.Select(i => scores[i])]):F3} spec {g.Count(i => !rows[i].Toxic && scores[i] < t) / (double)Math.Max(1, g.Count(i => !rows[i].Toxic)):F3}")));
}

static double[] Factors(int[][] x, bool[] y, bool nb)
{
    double[] r = new double[TextFeatures.Buckets];
    if (!nb) { Array.Fill(r, 1); return r; }
    double[] p = new double[r.Length], q = new double[r.Length];
    Array.Fill(p, 1); Array.Fill(q, 1);
    for (int i = 0; i < x.Length; i++) foreach (int f in x[i]) (y[i] ? p : q)[f]++;
    double sp = p.Sum(), sq = q.Sum();
    for (int f = 0; f < r.Length; f++) r[f] = Math.Log(p[f] / sp / (q[f] / sq));
    return r;
}

static double Auc(Labelled[] rows, double[] s)
{
    long wins = 0, ties = 0; double[] a = [.. rows.Select((r, i) => (r, i)).Where(p => p.r.Toxic).Select(p => s[p.i])], b = [.. rows.Select((r, i) => (r, i)).Where(p => !p.r.Toxic).Select(p => s[p.i])];
    foreach (double u in a) foreach (double v in b) { if (u > v) wins++; else if (u == v) ties++; }
    return (wins + ties / 2.0) / a.Length / b.Length;
}
