using Plumbline.Explain.Heads;
using Plumbline.Models.Hooks;
using Plumbline.Models.Tests.Hooks;
using Plumbline.Tests;

namespace Plumbline.Explain.Tests;

/// <summary>heads.json and icl.json of golden/whitebox.</summary>
public sealed class HeadTests
{
    public static TheoryData<string> Models { get; } = ["stories260k", "induction-2l", "induction-2l-control"];

    [Theory]
    [MemberData(nameof(Models))]
    public void RepeatedSequences_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("heads.json", "diagonals", name))
        {
            RepeatedSequenceScores got = RepeatedSequenceScores.Of(model, Whitebox.Rows(c.In.GetProperty("ids")), c.In.GetProperty("length").GetInt32(), c.In.GetProperty("bos").GetBoolean(), TestContext.Current.CancellationToken);
            Grid.Close(c, "inductionDiagonal", got.InductionDiagonal);
            Grid.Close(c, "inductionSecondHalf", got.InductionSecondHalf);
            Grid.Close(c, "previousDiagonal", got.PreviousDiagonal);
            Grid.Close(c, "currentDiagonal", got.CurrentDiagonal);
            Grid.Close(c, "duplicateDiagonal", got.DuplicateDiagonal);
            Grid.Close(c, "duplicateSecondHalf", got.DuplicateSecondHalf);
            Grid.Close(c, "firstAll", got.FirstAll);
            Grid.Close(c, "firstWithoutItself", got.FirstWithoutItself);
            cases++;
        }

        Assert.Equal(3, cases);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void PrefixMatching_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("heads.json", "prefixMatching", name))
        {
            PrefixMatchingScore got = PrefixMatchingScore.Of(model, Whitebox.Rows(c.In.GetProperty("ids")), TestContext.Current.CancellationToken);
            Grid.Close(c, "prefixMatchingSum", got.Sum);
            Grid.Close(c, "prefixMatchingMeanPair", got.MeanPair);
            cases++;
        }

        Assert.Equal(3, cases);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Detection_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("heads.json", "detectHead", name))
        {
            HeadPattern pattern = Enum.Parse<HeadPattern>(c.In.GetProperty("pattern").GetString()!, ignoreCase: true);
            HeadDetection got = HeadDetection.Of(model, Whitebox.Ints(c.In.GetProperty("ids")), pattern, c.In.GetProperty("excludeBos").GetBoolean(), c.In.GetProperty("excludeCurrent").GetBoolean(), TestContext.Current.CancellationToken);
            Grid.Close(c, "mul", got.Product);
            Grid.Close(c, "abs", got.Difference);
            cases++;
        }

        Assert.Equal(24, cases);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Copying_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        GoldenCase c = Whitebox.Cases("heads.json", "copying", name).Single();
        CopyingScore got = CopyingScore.Of(model, Whitebox.Rows(c.In.GetProperty("ids")), TestContext.Current.CancellationToken);
        Grid.Close(c, "copyingAttended", got.Attended);
        Grid.Close(c, "copyingPerSource", got.PerSource);
        Grid.Close(c, "copyingSoftmaxPerSource", got.SoftmaxPerSource);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void InductionLoss_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("heads.json", "inductionLoss", name))
        {
            int[][] rows = Whitebox.Rows(c.In.GetProperty("ids"));
            int length = c.In.GetProperty("length").GetInt32(), first = c.In.GetProperty("bos").GetBoolean() ? 1 : 0, end = rows[0].Length;
            PositionLosses got = PositionLosses.Of(model, rows, null, TestContext.Current.CancellationToken);
            Grid.Close(c, "firstHalf", got.MeanOf(1, length + first));
            Grid.Close(c, "secondHalf", got.MeanOf(length + first, end));
            Grid.Close(c, "secondHalfButFirst", got.MeanOf(length + first + 1, end));
            Grid.Close(c, "curve", got.Curve);
            if (c.Out!.Value.TryGetProperty("transformerLensInductionLoss", out _))
            {
                foreach (int[] row in rows) row[0] = Whitebox.Prompt(name, "one")[0];
                Grid.Close(c, "transformerLensInductionLoss", PositionLosses.Of(model, rows, null, TestContext.Current.CancellationToken).MeanOf(length + 2, end));
            }

            cases++;
        }

        Assert.Equal(3, cases);
    }

    [Theory]
    [InlineData("induction-2l")]
    [InlineData("induction-2l-control")]
    public void InContextLearning_Golden(string name)
    {
        using HookedTransformer model = Whitebox.Load(name);
        int[][]? natural = null, repeated = null;
        foreach (GoldenCase c in Whitebox.Cases("icl.json", "curves", name))
        {
            int[][] documents = Whitebox.Rows(c.In.GetProperty("documents"));
            PositionLosses got = PositionLosses.Of(model, documents, null, TestContext.Current.CancellationToken);
            Grid.Close(c, "curve", got.Curve);
            Grid.Close(c, "meanLoss", got.Mean);
            if (c.In.GetProperty("text").GetString() == "natural")
            {
                natural = documents;
                Grid.Close(c, "score80minus10", got.Score(80, 10));
                Grid.Close(c, "score80minus10OneBased", got.Score(79, 9));
                Grid.Close(c, "scoreLastMinusFirst", got.Score(95, 1));
                Grid.Close(c, "perDocument80minus10", got.ScoreOfEach(80, 10));
                Grid.Close(c, "blocks", [got.MeanOf(1, 11), got.MeanOf(11, 41), got.MeanOf(41, 96)]);
            }
            else
            {
                repeated = documents;
                Grid.Close(c, "score50minus10", got.Score(50, 10));
                Grid.Close(c, "score50minus10OneBased", got.Score(49, 9));
                Grid.Close(c, "perDocument50minus10", got.ScoreOfEach(50, 10));
            }
        }

        Assert.NotNull(natural);
        Assert.NotNull(repeated);
        ActivationCache means = model.RunWithCache(new TokenBatch(natural), "*.hook_z").Cache;
        int cases = 0;
        foreach (GoldenCase c in Whitebox.Cases("icl.json", "ablation", name))
        {
            PositionLosses both = PositionLosses.Of(model, repeated, Edits(repeated[0].Length), TestContext.Current.CancellationToken), text = PositionLosses.Of(model, natural, Edits(natural[0].Length), TestContext.Current.CancellationToken);
            Grid.Close(c, "repeatedFirstHalf", both.MeanOf(1, 31));
            Grid.Close(c, "repeatedSecondHalfButFirst", both.MeanOf(32, 61));
            Grid.Close(c, "natural", text.Mean);
            Grid.Close(c, "score80minus10", text.Score(80, 10));
            cases++;

            List<HookEdit> Edits(int length) => [.. c.In.GetProperty("heads").EnumerateArray().Select(pair =>
            {
                string hook = $"blocks.{pair[0].GetInt32()}.attn.hook_z";
                ActivationSlice slice = new() { Head = pair[1].GetInt32() };
                if (c.In.GetProperty("mode").GetString() == "zero") return Ablation.Zero(hook, slice);
                HookTensor mean = Ablation.MeanByPosition(means[hook]);
                int width = mean.Shape[2] * mean.Shape[3];
                return Ablation.Mean(hook, new HookTensor([1, length, mean.Shape[2], mean.Shape[3]], mean.Values[..(length * width)]), slice);
            })];
        }

        Assert.Equal(31, cases);
    }

    [Fact]
    public void Scores_WhatCannotBe_IsRefused()
    {
        using HookedTransformer model = Whitebox.Load("induction-2l");
        Assert.Contains("no such diagonal", Assert.Throws<ArgumentException>(() => RepeatedSequenceScores.Of(model, [[0, 1, 2, 1, 2]], 0, true, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("no such diagonal", Assert.Throws<ArgumentException>(() => RepeatedSequenceScores.Of(model, [[0, 1, 2, 1, 2]], 3, true, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        Assert.Contains("earlier occurrence", Assert.Throws<ArgumentException>(() => PrefixMatchingScore.Of(model, [[0, 1, 2, 3]], TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        PositionLosses losses = PositionLosses.Of(model, [[0, 1, 2, 3]], null, TestContext.Current.CancellationToken);
        Assert.Contains("out of range", Assert.Throws<ArgumentOutOfRangeException>(() => losses.Score(4, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("out of range", Assert.Throws<ArgumentOutOfRangeException>(() => losses.Score(3, 0)).Message, StringComparison.Ordinal);
    }
}
