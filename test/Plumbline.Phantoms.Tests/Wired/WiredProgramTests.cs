using CsCheck;
using Plumbline.Models.Hooks;
using Plumbline.Phantoms.Wired;
using Result = Plumbline.Phantoms.Tests.Wired.PlainTransformer.Result;

namespace Plumbline.Phantoms.Tests.Wired;

/// <summary>Whatever the program, its compiled weights compute what the interpreter says.</summary>
public sealed class WiredProgramTests
{
    private const int Context = 16, Words = 12;

    [Theory]
    [InlineData(nameof(WiredArchitecture.Gpt2))]
    [InlineData(nameof(WiredArchitecture.Llama))]
    public void Compile_RandomPrograms_ComputeWhatTheInterpreterSays(string named)
    {
        WiredArchitecture architecture = Enum.Parse<WiredArchitecture>(named);
        int exact = 0;
        Gen.ULong.Sample(seed =>
        {
            WiredProgram program = Random(new SeededRandom(seed, "program"), architecture);
            PlainTransformer model = WiredModels.Of(WiredFolder.Build(program, architecture, talks: false));
            WiredCompiler compiler = new(program, architecture);
            SeededRandom random = new(seed, "prompts");
            for (int prompt = 0; prompt < 4; prompt++)
            {
                int[] ids = [WiredVocabulary.Begin, .. Enumerable.Range(0, 2 + random.Next(Context - 3)).Select(_ => WiredVocabulary.FirstWord + random.Next(Words))];
                WiredRun meant = WiredInterpreter.Run(program, ids);
                if (meant.Margin < 0.25 || meant.Gap < 0.5) continue;
                exact++;
                Result got = model.Run(ids);
                for (int layer = 0; layer < program.Layers; layer++)
                {
                    for (int at = 0; at < ids.Length; at++)
                    {
                        for (int c = 1; c < program.Width; c++) Close(meant.States[layer + 1][at][c], got.Residual[layer][at][compiler.Dimension(c)]);
                        foreach (WiredHead head in program.AllHeads.Where(h => h.Layer == layer))
                        {
                            for (int key = 0; key <= at; key++) Close(meant.Patterns[layer][head.Index][at]![key], got.Pattern[layer][head.Index][at][key]);
                        }
                    }
                }

                for (int at = 0; at < ids.Length; at++)
                {
                    foreach ((double want, double have) in meant.Logits[at].Zip(got.Logits[at])) Close(want, have);
                }
            }
        }, iter: 60, threads: 1);
        Assert.True(exact > 60, $"only {exact} prompts were within the language's promises");
    }

    [Theory]
    [InlineData(2)]
    [InlineData(6)]
    [InlineData(12)]
    public void Code_AllWords_AreBalancedAndApart(int width)
    {
        Space space = new("code", 1, width);
        double[][] words = [.. Enumerable.Range(0, space.Codes).Select(n =>
        {
            double[] state = new double[width + 1];
            space.Code(n).AddTo(state, 1);
            return state[1..];
        })];
        Assert.Equal(width switch { 2 => 2, 6 => 20, _ => 924 }, words.Length);
        for (int i = 0; i < words.Length; i++)
        {
            Assert.All(words[i], v => Assert.True(v is 1 or -1));
            Assert.Equal(0, words[i].Sum());
            Assert.Equal(words[words.Length - 1 - i], words[i].Select(v => -v));
            for (int j = 0; j < i; j++) Assert.True(words[i].Zip(words[j]).Sum(p => p.First * p.Second) <= width - 4);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => space.Code(words.Length));
    }

    [Fact]
    public void Compile_SameProgram_SameBytes()
    {
        WiredProgram One() => Random(new SeededRandom(3, "program"), WiredArchitecture.Gpt2);
        IReadOnlyDictionary<string, byte[]> first = WiredFolder.Build(One(), WiredArchitecture.Gpt2, talks: true), second = WiredFolder.Build(One(), WiredArchitecture.Gpt2, talks: true);
        Assert.Equal(WiredFolder.Names, first.Keys);
        Assert.All(first, file => Assert.Equal(file.Value, second[file.Key]));
    }

    [Fact]
    public void Compile_PositionsOnLlama_IsRefused()
    {
        WiredProgram program = new([], 1, 1, 4);
        program.Positions[1] = program.Space("position")[0];
        Assert.Contains("GPT-2", Assert.Throws<InvalidOperationException>(() => new WiredCompiler(program, WiredArchitecture.Llama)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_WritingTheConstant_IsRefused()
    {
        WiredProgram program = new([], 1, 1, 4);
        program.Neuron(0, "writes the one", program.One, program.One);
        Assert.Throws<InvalidOperationException>(() => new WiredCompiler(program, WiredArchitecture.Gpt2));
    }

    [Fact]
    public void Compile_MoreThanAHeadHolds_IsRefused()
    {
        WiredProgram program = new([], 1, 32, 4);
        Space wide = program.Space("wide", 20), other = program.Space("other", 20);
        program.Head(0, 0, "too wide").Move(wide, other);
        Assert.Contains("too wide", Assert.Throws<InvalidOperationException>(() => new WiredCompiler(program, WiredArchitecture.Gpt2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compile_DistanceOnGpt2_IsRefused()
    {
        WiredProgram program = new([], 1, 2, 4);
        program.Space("some");
        program.Head(0, 0, "behind").Behind(1);
        Assert.Contains("needs Llama", Assert.Throws<InvalidOperationException>(() => new WiredCompiler(program, WiredArchitecture.Gpt2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Head_TakenPlace_IsRefused()
    {
        WiredProgram program = new([], 1, 1, 4);
        program.Head(0, 0, "first");
        Assert.Contains("second", Assert.Throws<ArgumentException>(() => program.Head(0, 0, "second")).Message, StringComparison.Ordinal);
    }

    /// <summary>The norms change nothing by being folded: what is written has no mean.</summary>
    [Fact]
    public void Compile_Gpt2_WritesWithoutMean()
    {
        string folder = WiredModels.Folder(Induction.Name);
        using HookedTransformer model = HookedTransformer.Load(folder, threads: 1);
        HookedOutput run = model.RunWithCache(TokenBatch.Of([0, 280, 281, 280]), "blocks.*.hook_resid_post");
        foreach (HookTensor value in run.Cache.Values)
        {
            for (int at = 0; at < 4; at++) Assert.Equal(0, value.Row(0, at).ToArray().Sum(v => (double)v), 1e-5);
        }
    }

    private static void Close(double want, double have) =>
        Assert.True(Math.Abs(want - have) <= 1e-4 * (1 + Math.Abs(want)), $"{have} where the program means {want}");

    // Small whole numbers in the tokens' coordinates, which lookups match on and nothing writes; heads and conditions write the others.
    private static WiredProgram Random(SeededRandom random, WiredArchitecture architecture)
    {
        WiredProgram p = new([.. Enumerable.Range(0, Words).Select(i => $" w{i}")], 1 + random.Next(3), 1 << random.Next(3), Context);
        Space start = p.Space("start"), given = p.Space("given", 3), code = p.Space("code", 6), found = p.Space("found", 5), told = p.Space("told", 3);
        p.Token("<|begin|>", start[0]);
        for (int i = 0; i < Words; i++) p.Token($" w{i}", given.Of([.. Enumerable.Range(0, 3).Select(_ => random.Next(3) - 1.0)]) + code.Code(random.Next(16)));
        Space position = p.Space("position", 6);
        bool positions = architecture == WiredArchitecture.Gpt2;
        if (positions)
        {
            for (int at = 0; at < Context; at++) p.Positions[at] = position.Code(at);
        }

        bool turns = !positions && new WiredCompiler(p, architecture).HeadWidth == 32;
        for (int layer = 0; layer < p.Layers; layer++)
        {
            for (int index = 0; index < p.Heads; index++)
            {
                if (random.Next(4) == 0) continue;
                WiredHead head = p.Head(layer, index, "random");
                int kind = random.Next(positions || turns ? 4 : 3);
                if (kind == 0) head.Match(code, code).Match(p.One, 4 * start[0]);
                if (kind == 1) head.Match(given[random.Next(3)], given[random.Next(3)]).Match(p.One, 0.5 * start[0]);
                if (kind == 3 && positions) head.Match(position, position);
                if (kind == 3 && turns) head.Behind(1);
                for (int move = random.Next(4); move > 0; move--) head.Move(random.Next(2) == 0 ? given[random.Next(3)] : found[random.Next(5)] + told[random.Next(3)], (random.Next(5) - 2) * found[random.Next(5)]);
            }

            for (int neuron = random.Next(5); neuron > 0; neuron--)
            {
                Vector read = given[random.Next(3)] + ((random.Next(3) - 1) * found[random.Next(5)]) - ((random.Next(3) - 0.5) * p.One);
                if (random.Next(2) == 0) p.Neuron(layer, "random", read, told[random.Next(3)] - (0.5 * found[random.Next(5)]));
                else p.When(layer, "random", read, 1, told[random.Next(3)]);
            }
        }

        for (int i = 0; i < Words; i++) p.Logit($" w{i}", ((random.Next(5) - 2) * told[random.Next(3)]) + found[random.Next(5)] - (random.Next(3) * p.One));
        return p;
    }
}
