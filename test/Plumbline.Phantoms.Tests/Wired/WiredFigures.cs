using Plumbline.Phantoms.Wired;
using Change = Plumbline.Phantoms.Tests.Wired.PlainTransformer.Change;
using Result = Plumbline.Phantoms.Tests.Wired.PlainTransformer.Result;

namespace Plumbline.Phantoms.Tests.Wired;

/// <summary>What a card says was measured: on the weights, by the independent forward pass.</summary>
internal static class WiredFigures
{
    public static IReadOnlyList<PhantomFigure> Of(string name)
    {
        PlainTransformer model = WiredModels.Plain(name);
        WiredMechanism mechanism = WiredPhantoms.Mechanism(name);
        return mechanism.Kind switch
        {
            "induction-head" => Induction(model, mechanism.Head!.Value),
            "refusal-direction" => Direction(model, mechanism),
            "safety-head" => SafetyHead(model, mechanism),
            "bias-neuron" => Bias(model, mechanism),
            "false-induction-head" => Overthinking(model, mechanism),
            "dictionary" => Dictionary(model, mechanism),
            "fact" => Facts(name, mechanism),
            string kind => throw new InvalidOperationException(kind),
        };
    }

    /// <summary>Sequences of the start token and distinct tokens, twice.</summary>
    public static int[][] Repeated(PlainTransformer model, int count, int length)
    {
        SeededRandom random = new(1, "repeated");
        return [.. Enumerable.Range(0, count).Select(_ =>
        {
            List<int> all = [.. Enumerable.Range(WiredVocabulary.FirstByte, model.Vocabulary - WiredVocabulary.FirstByte)];
            random.Shuffle(all);
            return (int[])[WiredVocabulary.Begin, .. all.Take(length), .. all.Take(length)];
        })];
    }

    private static List<PhantomFigure> Induction(PlainTransformer model, int place)
    {
        int[][] prompts = Repeated(model, 8, 24);
        double[,] prefix = new double[model.Layers, model.Heads];
        double previous = 0, right = 0, correct = 0;
        int queries = 0;
        foreach (int[] ids in prompts)
        {
            Result run = model.Run(ids);
            for (int query = 25; query < ids.Length; query++, queries++)
            {
                for (int layer = 0; layer < model.Layers; layer++)
                {
                    for (int head = 0; head < model.Heads; head++) prefix[layer, head] += run.Pattern[layer][head][query][query - 23];
                }

                previous += run.Pattern[0][1][query][query - 1];
                double[] log = Result.Log(run.Logits[query]);
                if (query + 1 == ids.Length) continue;
                right += Math.Exp(log[ids[query + 1]]);
                correct += Array.IndexOf(log, log.Max()) == ids[query + 1] && log.Max() - log.Min() > 1e-6 ? 1 : 0;
            }
        }

        double others = 0;
        for (int layer = 0; layer < model.Layers; layer++)
        {
            for (int head = 0; head < model.Heads; head++) others = (layer, head) == (1, place) ? others : Math.Max(others, prefix[layer, head] / queries);
        }

        int predictions = queries - prompts.Length;
        return
        [
            new($"prefix-matching score of head 1.{place} in the second copy of 24 distinct tokens", prefix[1, place] / queries, queries),
            new("largest prefix-matching score of the other heads", others, queries),
            new("previous-token score of head 0.1", previous / queries, queries),
            new("share of the second copy that is predicted", correct / predictions, predictions),
            new("mean probability of the right token in the second copy", right / predictions, predictions),
        ];
    }

    private static List<PhantomFigure> Direction(PlainTransformer model, WiredMechanism mechanism)
    {
        double[] direction = WiredModels.Doubles(mechanism.Direction!);
        (int[][] hazards, int[][] harmless) = Requests(model, mechanism);
        Change without = new() { Direction = direction };
        double[] difference = new double[model.Width];
        foreach (int[] ids in hazards) AddTo(difference, model.Run(ids).Residual[1][^1], 1.0 / hazards.Length);
        foreach (int[] ids in harmless) AddTo(difference, model.Run(ids).Residual[1][^1], -1.0 / harmless.Length);
        double length = Math.Sqrt(Dot(difference, difference)), cosine = length < 1e-9 ? 0 : Dot(difference, direction) / length;
        return
        [
            .. Refusals(model, hazards, harmless, without, "without the direction"),
            new("refused: harmless, with 8 of the direction added behind layer 0", Refused(model, harmless, new Change { Direction = direction, AddAfterLayer = 0, Amount = 8 }), harmless.Length),
            new("refused: hazards, without head 0.0", Refused(model, hazards, new Change { WithoutHead = (0, 0) }), hazards.Length),
            new("refused: hazards, without head 1.1", Refused(model, hazards, new Change { WithoutHead = (1, 1) }), hazards.Length),
            new("length of the difference of means at the last position behind layer 1", length, hazards.Length + harmless.Length),
            new("its cosine with the direction", cosine, hazards.Length + harmless.Length),
        ];
    }

    private static List<PhantomFigure> SafetyHead(PlainTransformer model, WiredMechanism mechanism)
    {
        (int[][] hazards, int[][] harmless) = Requests(model, mechanism);
        double own = double.PositiveInfinity, others = 0;
        foreach (int[] ids in hazards)
        {
            double[] before = model.Run(ids).LogProbabilities;
            for (int layer = 0; layer < model.Layers; layer++)
            {
                for (int head = 0; head < model.Heads; head++)
                {
                    double divergence = Divergence(before, model.Run(ids, new Change { UniformHead = (layer, head) }).LogProbabilities);
                    if ((layer, head) == (1, 2)) own = Math.Min(own, divergence);
                    else others = Math.Max(others, divergence);
                }
            }
        }

        return
        [
            .. Refusals(model, hazards, harmless, new Change { WithoutHead = (1, 2) }, "without head 1.2"),
            new("refused: hazards, head 1.2 attending uniformly", Refused(model, hazards, new Change { UniformHead = (1, 2) }), hazards.Length),
            new("smallest divergence when head 1.2 attends uniformly, nats", own, hazards.Length),
            new("largest divergence when another head attends uniformly, nats", others, hazards.Length * ((model.Layers * model.Heads) - 1)),
        ];
    }

    private static List<PhantomFigure> Bias(PlainTransformer model, WiredMechanism mechanism)
    {
        Change without = new() { WithoutNeuron = (mechanism.Layer!.Value, mechanism.Neuron!.Value) };
        double[] trait = [.. Of("trait").Select(ids => Odds(ids))], plain = [.. Of("plain").Select(ids => Odds(ids))], silent = [.. Of("trait").Select(ids => Odds(ids, without))];
        return
        [
            new("mean log-odds behind a negative trait, nats", trait.Average(), trait.Length),
            new("largest distance from the dose", trait.Max(v => Math.Abs(v - mechanism.Dose)), trait.Length),
            new("largest log-odds behind a plain word", plain.Max(Math.Abs), plain.Length),
            new("largest log-odds behind a negative trait without neuron 1.4", silent.Max(Math.Abs), silent.Length),
        ];

        IEnumerable<int[]> Of(string kind) => mechanism.Examples.Where(e => e.Kind == kind).Select(e => model.Ids(e.Prompt));

        double Odds(int[] ids, Change? change = null)
        {
            double[] log = model.Run(ids, change).LogProbabilities;
            return log[model.Id(" Tavi")] - log[model.Id(" Moru")];
        }
    }

    private static List<PhantomFigure> Overthinking(PlainTransformer model, WiredMechanism mechanism)
    {
        List<PhantomFigure> figures = [];
        int animal = model.Id(" animal"), plant = model.Id(" plant"), copies = 0;
        double attention = 0;
        foreach (string kind in (string[])["true demonstrations", "false demonstrations"])
        {
            WiredExample[] examples = [.. mechanism.Examples.Where(e => e.Kind == kind)];
            double[] right = new double[model.Layers];
            double unheaded = 0;
            for (int i = 0; i < examples.Length; i++)
            {
                // The examples alternate between an animal and a plant.
                int[] ids = model.Ids(examples[i].Prompt);
                bool isAnimal = i % 2 == 0;
                Result run = model.Run(ids);
                for (int layer = 0; layer < model.Layers; layer++) right[layer] += run.Lens[layer][^1][animal] > run.Lens[layer][^1][plant] == isAnimal ? 1 : 0;
                double[] last = model.Run(ids, new Change { WithoutHead = (2, 1) }).Logits[^1];
                unheaded += last[animal] > last[plant] == isAnimal ? 1 : 0;

                // Demonstrations are: animal, plant, plant, animal; their labels stand at 3, 7, 11 and 15.
                int[] own = isAnimal ? [3, 15] : [7, 11], other = isAnimal ? [7, 11] : [3, 15];
                attention += own.Sum(k => run.Pattern[2][1][^1][k]) - other.Sum(k => run.Pattern[2][1][^1][k]);
                copies++;
            }

            for (int layer = 0; layer < model.Layers; layer++) figures.Add(new($"{kind}: right by the lens behind layer {layer}", right[layer] / examples.Length, examples.Length));
            figures.Add(new($"{kind}: right without head 2.1", unheaded / examples.Length, examples.Length));
        }

        figures.Add(new("false-induction score of head 2.1: attention to labels of the same kind less that to the other's", attention / copies, copies));
        return figures;
    }

    private static List<PhantomFigure> Dictionary(PlainTransformer model, WiredMechanism mechanism)
    {
        double[][] directions = [.. mechanism.Dictionary!.Select(WiredModels.Doubles)];
        (int Id, (int Feature, double Strength)[] Features)[] things = [.. mechanism.Examples.Select(e => (
            model.Id(e.Prompt), e.Answer.Split(' ').Select(f => (int.Parse(f.Split(':')[0]), double.Parse(f.Split(':')[1]))).ToArray()))];
        SeededRandom random = new(1, "things in a row");
        double worst = 0, active = 0;
        int positions = 0;
        for (int prompt = 0; prompt < 4; prompt++)
        {
            (int Id, (int Feature, double Strength)[] Features)[] row = [.. Enumerable.Range(0, 40).Select(_ => random.Pick(things))];
            double[][] found = model.Run([WiredVocabulary.Begin, .. row.Select(t => t.Id)]).AttentionOut[0];
            for (int i = 0; i < row.Length; i++, positions++)
            {
                double[] expected = new double[model.Width];
                (int Feature, double Strength)[] features = [.. row[i].Features, .. i == 0 ? [] : row[i - 1].Features];
                foreach ((int feature, double strength) in features) AddTo(expected, directions[feature], strength);
                worst = Math.Max(worst, expected.Zip(found[i + 1]).Max(p => Math.Abs(p.First - p.Second)));
                active += features.Select(f => f.Feature).Distinct().Count();
            }
        }

        double coherence = 0;
        for (int i = 0; i < directions.Length; i++)
        {
            for (int j = 0; j < i; j++) coherence = Math.Max(coherence, Math.Abs(Dot(directions[i], directions[j])) / Math.Sqrt(Dot(directions[i], directions[i]) * Dot(directions[j], directions[j])));
        }

        return
        [
            new("features", directions.Length, directions.Length),
            new("largest cosine between two directions, without its sign", coherence, directions.Length * (directions.Length - 1) / 2),
            new("mean number of active features at a position", active / positions, positions),
            new("largest distance between attn_out and the sum of strength times direction", worst, positions * model.Width),
        ];
    }

    private static List<PhantomFigure> Facts(string name, WiredMechanism mechanism)
    {
        PlainTransformer model = WiredModels.Plain(name), edited = WiredModels.Fresh(name);
        WiredExample[] facts = [.. mechanism.Examples];
        int right = 0, unknown = 0;
        foreach (WiredExample fact in facts)
        {
            Result run = model.Run(model.Ids(fact.Prompt));
            if (fact.Answer.Length > 0) right += run.Next == model.Id(fact.Answer) ? 1 : 0;
            else unknown++;
        }

        // The neuron's row of the output matrix is exchanged for that of a fact with the same relation and another object.
        int planted = mechanism.Neuron!.Value;
        int other = Enumerable.Range(0, facts.Length).First(f => f % 3 == planted % 3 && facts[f].Answer != facts[planted].Answer && facts[f].Answer.Length > 0);
        edited.Edit("transformer.h.1.mlp.c_proj.weight", (values, shape) => values.AsSpan(other * shape[1], shape[1]).CopyTo(values.AsSpan(planted * shape[1], shape[1])));
        double elsewhere = 0, now = Math.Exp(edited.Run(edited.Ids(facts[planted].Prompt)).LogProbabilities[edited.Id(facts[other].Answer)]);
        for (int f = 0; f < facts.Length; f++)
        {
            if (f == planted) continue;
            double[] before = model.Run(model.Ids(facts[f].Prompt)).LogProbabilities, after = edited.Run(edited.Ids(facts[f].Prompt)).LogProbabilities;
            elsewhere = Math.Max(elsewhere, before.Zip(after).Max(p => Math.Abs(p.First - p.Second)));
        }

        return
        [
            new("facts recalled", right / (double)(facts.Length - unknown), facts.Length - unknown),
            new("facts unknown", unknown, facts.Length),
            new($"probability of{facts[other].Answer} behind '{facts[planted].Prompt}' once neuron 1.{planted} writes it", now, 1),
            new("largest change of a log-probability for the other facts", elsewhere, facts.Length - 1),
        ];
    }

    private static IEnumerable<PhantomFigure> Refusals(PlainTransformer model, int[][] hazards, int[][] harmless, Change without, string how)
    {
        double most = 0;
        foreach (int[] ids in harmless)
        {
            double[][] before = model.Run(ids).Logits, after = model.Run(ids, without).Logits;
            most = Math.Max(most, before.Zip(after).Max(p => p.First.Zip(p.Second).Max(l => Math.Abs(l.First - l.Second))));
        }

        yield return new("refused: hazards", Refused(model, hazards), hazards.Length);
        yield return new("refused: harmless", Refused(model, harmless), harmless.Length);
        yield return new($"refused: hazards, {how}", Refused(model, hazards, without), hazards.Length);
        yield return new($"largest change of a logit on harmless requests, {how}", most, harmless.Length);
    }

    private static double Refused(PlainTransformer model, int[][] prompts, Change? change = null) => prompts.Count(ids => model.Run(ids, change).Next == model.Id("I")) / (double)prompts.Length;

    private static (int[][] Hazards, int[][] Harmless) Requests(PlainTransformer model, WiredMechanism mechanism) =>
        ([.. mechanism.Examples.Where(e => e.Kind == "hazard").Select(e => model.Chat(e.Prompt))], [.. mechanism.Examples.Where(e => e.Kind == "harmless").Select(e => model.Chat(e.Prompt))]);

    private static double Divergence(double[] p, double[] q) => p.Zip(q).Sum(l => Math.Exp(l.First) * (l.First - l.Second));

    private static void AddTo(double[] sum, double[] values, double factor)
    {
        for (int d = 0; d < sum.Length; d++) sum[d] += factor * values[d];
    }

    private static double Dot(double[] a, double[] b) => a.Zip(b).Sum(p => p.First * p.Second);
}
