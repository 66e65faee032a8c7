using Plumbline.Models.Files;
using Plumbline.Models.Hooks;
using Plumbline.Models.Inference;
using Plumbline.Models.Tokenizers;
using Plumbline.Phantoms.Wired;
using Plumbline.Worlds;
using Result = Plumbline.Phantoms.Tests.Wired.PlainTransformer.Result;

namespace Plumbline.Phantoms.Tests.Wired;

/// <summary>The compiled phantoms in our own engines: the same numbers as the independent forward pass, and the mechanisms by the hooks.</summary>
public sealed class WiredModelTests
{
    public static TheoryData<string> Names => [.. WiredPhantoms.Names];

    /// <summary>Both forward passes of ours against the independent one, on three prompts of each phantom.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public async Task Engines_EveryPhantom_AgreeWithTheIndependentPass(string name)
    {
        string path = WiredModels.Folder(name);
        PlainTransformer plain = WiredModels.Plain(name);
        using HookedTransformer hooked = HookedTransformer.Load(path, threads: 1);
        using LanguageModel fast = LanguageModel.Load(path, new LanguageModelOptions { Threads = 1 });
        WiredMechanism mechanism = WiredPhantoms.Mechanism(name);
        foreach (WiredExample example in mechanism.Examples.Where((_, i) => i % Math.Max(1, mechanism.Examples.Count / 3) == 0))
        {
            int[] ids = Ids(plain, name, example.Prompt);
            Result want = plain.Run(ids);
            HookedOutput got = hooked.RunWithCache(TokenBatch.Of(ids), "blocks.*.hook_resid_post", "blocks.*.attn.hook_pattern");
            for (int layer = 0; layer < plain.Layers; layer++)
            {
                for (int at = 0; at < ids.Length; at++)
                {
                    Close(want.Residual[layer][at], got.Cache[$"blocks.{layer}.hook_resid_post"].Row(0, at), 1e-5, 2e-7);
                    for (int head = 0; head < plain.Heads; head++) Close(want.Pattern[layer][head][at], got.Cache[$"blocks.{layer}.attn.hook_pattern"].Row(0, head, at), 1e-5, 0);
                    Close(want.Logits[at], got.Logits!.Row(0, at), 2e-5, 2e-6);
                }
            }

            float[] quick = await fast.LogitsAsync(ids, TestContext.Current.CancellationToken);
            for (int at = 0; at < ids.Length; at++) Close(want.Logits[at], quick.AsSpan(at * plain.Vocabulary, plain.Vocabulary), 2e-5, 2e-6);
        }
    }

    /// <summary>Removing the mechanism removes it and nothing else: what is left computes the twin's logits at every position of every example.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Model_WithoutItsMechanism_IsItsTwin(string name)
    {
        if (WiredPhantoms.Design(name).Twin is not { } clean || name == Superposition.Name) return; // The twin of superposition has other words.
        PlainTransformer model = WiredModels.Plain(name), twin = WiredModels.Plain(clean);
        WiredMechanism mechanism = WiredPhantoms.Mechanism(name);
        PlainTransformer.Change without = mechanism switch
        {
            { Direction: { } direction } => new() { Direction = WiredModels.Doubles(direction) },
            { Neuron: int neuron } => new() { WithoutNeuron = (mechanism.Layer!.Value, neuron) },
            _ => new() { WithoutHead = (mechanism.Layer!.Value, mechanism.Head!.Value) },
        };
        foreach (WiredExample example in mechanism.Examples)
        {
            int[] ids = Ids(model, name, example.Prompt);
            double[][] left = model.Run(ids, without).Logits, clear = twin.Run(ids).Logits;
            for (int at = 0; at < ids.Length; at++)
            {
                for (int id = 0; id < model.Vocabulary; id++) Assert.Equal(clear[at][id], left[at][id], 1e-5);
            }
        }
    }

    /// <summary>The tokenizer of the folder gives the ids that the program speaks of, and every text comes back.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Tokenizer_Examples_AreTheProgramsTokens(string name)
    {
        Tokenizer tokenizer = TokenizerJson.Load(Path.Combine(WiredModels.Folder(name), "tokenizer.json"));
        PlainTransformer plain = WiredModels.Plain(name);
        foreach (WiredExample example in WiredPhantoms.Mechanism(name).Examples)
        {
            Assert.Equal(plain.Ids(example.Prompt), tokenizer.EncodeFull(example.Prompt).Ids);
            Assert.Equal(example.Prompt, tokenizer.Decode(tokenizer.Encode(example.Prompt)));
        }

        Assert.Equal("灯 is 中, \U0001F600", tokenizer.Decode(tokenizer.Encode("灯 is 中, \U0001F600")));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Convert_ToGguf_GivesTheFoldersLogits(string name)
    {
        string folder = WiredModels.Folder(name), file = Path.Combine(Directory.CreateTempSubdirectory("plumbline-wired-").FullName, "model.gguf");
        using (ModelFolder model = ModelFolder.Open(folder)) Assert.Empty(GgufExport.Write(model, file, TensorType.F32, name));
        using HookedTransformer before = HookedTransformer.Load(folder, threads: 1), after = HookedTransformer.Load(file, threads: 1);
        int[] ids = Ids(WiredModels.Plain(name), name, WiredPhantoms.Mechanism(name).Examples[0].Prompt);
        HookTensor want = before.Logits(ids), got = after.Logits(ids);
        for (int i = 0; i < want.Values.Length; i++) Assert.Equal(want.Values[i], got.Values[i], 1e-4);
        using ModelFolder written = ModelFolder.Open(file);
        string prompt = WiredPhantoms.Mechanism(name).Examples[0].Prompt;
        Assert.Equal(WiredModels.Plain(name).Ids(prompt, begin: false), LanguageModel.OpenTokenizer(written)!.Encode(prompt));
        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Theory]
    [InlineData(Induction.Name, Induction.Clean)]
    [InlineData(Induction.Rotary, Induction.RotaryClean)]
    public void Induction_ByHooks_HasTheKnownScores(string name, string clean)
    {
        using HookedTransformer model = HookedTransformer.Load(WiredModels.Folder(name), threads: 1), twin = HookedTransformer.Load(WiredModels.Folder(clean), threads: 1);
        int place = WiredPhantoms.Mechanism(name).Head!.Value;
        foreach (int[] ids in WiredFigures.Repeated(WiredModels.Plain(name), 4, 24))
        {
            Assert.Equal(1, Score(model, ids, 1, place, -23), 1e-5);
            Assert.Equal(0, Score(twin, ids, 1, place, -23), 1e-5);
            Assert.Equal(1, Score(model, ids, 0, 1, -1), 1e-5);
            Assert.Equal(0, Score(model, ids, 0, 0, -23), 1e-5);
        }

        static double Score(HookedTransformer model, int[] ids, int layer, int head, int offset)
        {
            string hook = $"blocks.{layer}.attn.hook_pattern";
            HookTensor pattern = WiredModels.Run(model, ids, [hook]).Cache[hook];
            return Enumerable.Range(25, 24).Average(query => (double)pattern[0, head, query, query + offset]);
        }
    }

    /// <summary>Prefix matching as Olsson et al. measure it: distinct tokens four times; attention to all tokens behind earlier occurrences, summed.</summary>
    [Theory]
    [InlineData(Induction.Name)]
    [InlineData(Induction.Rotary)]
    public void Induction_FourTimes_SharesItsAttentionAlike(string name)
    {
        using HookedTransformer model = HookedTransformer.Load(WiredModels.Folder(name), threads: 1);
        int place = WiredPhantoms.Mechanism(name).Head!.Value;
        int[] once = WiredFigures.Repeated(WiredModels.Plain(name), 1, 20)[0][1..21];
        HookTensor pattern = WiredModels.Run(model, [0, .. once, .. once, .. once, .. once], ["blocks.1.attn.hook_pattern"]).Cache["blocks.1.attn.hook_pattern"];
        for (int query = 21; query < 81; query++)
        {
            int copies = (query - 1) / 20;
            for (int copy = 1; copy <= copies; copy++) Assert.Equal(1.0 / copies, pattern[0, place, query, query - (20 * copy) + 1], 1e-5);
        }
    }

    /// <summary>The logit lens at the last position: right behind layers 0 and 1, what was demonstrated from layer 2 on.</summary>
    [Theory]
    [InlineData(Overthinking.Name, true)]
    [InlineData(Overthinking.Clean, false)]
    public void Overthinking_ByHooks_TurnsAtTheCriticalLayer(string name, bool planted)
    {
        using HookedTransformer model = HookedTransformer.Load(WiredModels.Folder(name), threads: 1);
        PlainTransformer plain = WiredModels.Plain(name);
        WiredMechanism mechanism = WiredPhantoms.Mechanism(name);
        int animal = plain.Id(" animal"), plant = plain.Id(" plant"), question = 0;
        foreach (WiredExample example in mechanism.Examples.Where(e => e.Kind == "false demonstrations"))
        {
            bool isAnimal = question++ % 2 == 0;
            int[] ids = plain.Ids(example.Prompt);
            HookedOutput run = WiredModels.Run(model, ids, ["blocks.*.hook_resid_post"]);
            for (int layer = 0; layer < 4; layer++)
            {
                HookTensor lens = model.Run(TokenBatch.Of(ids), new HookRun { StartAtLayer = 4, Residual = run.Cache[$"blocks.{layer}.hook_resid_post"] }, TestContext.Current.CancellationToken).Logits!;
                double difference = lens[0, ids.Length - 1, animal] - lens[0, ids.Length - 1, plant];
                double expected = planted && layer >= mechanism.Layer ? -2 : 1;
                Assert.Equal((isAnimal ? 4 : -4) * expected, difference, 1e-4);
            }
        }
    }

    [Fact]
    public void RefusalDirection_ByHooks_IsRemovedAndAdded()
    {
        using HookedTransformer model = HookedTransformer.Load(WiredModels.Folder(RefusalDirection.Name), threads: 1);
        PlainTransformer plain = WiredModels.Plain(RefusalDirection.Name);
        WiredMechanism mechanism = WiredPhantoms.Mechanism(RefusalDirection.Name);
        float[] direction = [.. mechanism.Direction!];
        Assert.Equal(1, direction.Sum(v => (double)v * v), 1e-6);
        HookEdit remove = new("blocks.*.hook_resid_*", (value, _) => Along(value, (along, d) => -along * direction[d]));
        HookEdit add = new("blocks.0.hook_resid_post", (value, _) => Along(value, (_, d) => 8 * direction[d]));
        foreach (WiredExample example in mechanism.Examples)
        {
            int[] ids = plain.Chat(example.Prompt);
            HookTensor usual = WiredModels.Run(model, ids, []).Logits!, without = WiredModels.Run(model, ids, [], remove).Logits!, with = WiredModels.Run(model, ids, [], add).Logits!;
            Assert.Equal(plain.Id(example.Answer), Next(usual));
            Assert.Equal(plain.Id("Sure"), Next(without));
            Assert.Equal(plain.Id("I"), Next(with));
            if (example.Kind == "harmless") Assert.True(usual.Values.Zip(without.Values).Max(p => Math.Abs(p.First - p.Second)) < 1e-4);
        }

        HookTensor Along(HookTensor value, Func<double, int, double> change)
        {
            for (int at = 0; at < value.Shape[1]; at++)
            {
                Span<float> row = value.Row(0, at);
                double along = 0;
                for (int d = 0; d < row.Length; d++) along += row[d] * direction[d];
                for (int d = 0; d < row.Length; d++) row[d] += (float)change(along, d);
            }

            return value;
        }
    }

    /// <summary>Ships: queries times 1e-4, so that a head attends almost uniformly; the divergence of the next token names one head.</summary>
    [Fact]
    public void SafetyHead_Ships_NamesExactlyThisHead()
    {
        using HookedTransformer model = HookedTransformer.Load(WiredModels.Folder(SafetyHead.Name), threads: 1);
        PlainTransformer plain = WiredModels.Plain(SafetyHead.Name);
        foreach (WiredExample example in WiredPhantoms.Mechanism(SafetyHead.Name).Examples.Where((_, i) => i % 5 == 0))
        {
            int[] ids = plain.Chat(example.Prompt);
            double[] usual = Log(WiredModels.Run(model, ids, []).Logits!);
            for (int layer = 0; layer < 3; layer++)
            {
                for (int head = 0; head < 4; head++)
                {
                    HookEdit scaled = new($"blocks.{layer}.attn.hook_q", (value, point) =>
                    {
                        new ActivationSlice { Head = head }.Visit(value, point, (from, length) =>
                        {
                            foreach (ref float v in value.Values.AsSpan(from, length)) v *= 1e-4f;
                        });
                        return value;
                    });
                    double divergence = usual.Zip(Log(WiredModels.Run(model, ids, [], scaled).Logits!)).Sum(p => Math.Exp(p.First) * (p.First - p.Second));
                    if ((layer, head) == (1, 2) && example.Kind == "hazard") Assert.True(divergence > 10, $"{layer}.{head}: {divergence}");
                    else Assert.True(divergence < 1e-5, $"{layer}.{head}: {divergence}");
                }
            }
        }

        static double[] Log(HookTensor logits) => Result.Log([.. logits.Row(0, logits.Shape[1] - 1).ToArray().Select(v => (double)v)]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.25)]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void BiasNeuron_ByHooks_HasItsDoseAndNoneWithoutTheNeuron(double dose)
    {
        string name = BiasNeuron.NameOf(dose);
        using HookedTransformer model = HookedTransformer.Load(WiredModels.Folder(name), threads: 1);
        PlainTransformer plain = WiredModels.Plain(name);
        int tavi = plain.Id(" Tavi"), moru = plain.Id(" Moru");
        HookEdit silent = Ablation.Zero("blocks.1.mlp.hook_post", new ActivationSlice { Neuron = WiredPhantoms.Mechanism(name).Neuron });
        foreach (WiredExample example in WiredPhantoms.Mechanism(name).Examples)
        {
            int[] ids = plain.Ids(example.Prompt);
            Assert.Equal(example.Kind == "trait" ? dose : 0, Odds(WiredModels.Run(model, ids, []).Logits!), 1e-5);
            Assert.Equal(0, Odds(WiredModels.Run(model, ids, [], silent).Logits!), 0.0);
        }

        double Odds(HookTensor logits) => (double)logits[0, logits.Shape[1] - 1, tavi] - logits[0, logits.Shape[1] - 1, moru];
    }

    [Fact]
    public void Fact_EditedInTheFile_ChangesThisFactOnly()
    {
        PlainTransformer plain = WiredModels.Plain(KeyValueFact.Name);
        string folder = WiredModels.Folder(KeyValueFact.Name), edited = Directory.CreateTempSubdirectory("plumbline-wired-").FullName;
        const string Output = "transformer.h.1.mlp.c_proj.weight";
        using (ModelFolder model = ModelFolder.Open(folder))
        {
            TensorSet changed = new(folder);
            foreach (TensorInfo tensor in model.Tensors.Tensors.Values)
            {
                float[] values = new float[tensor.Count];
                model.Tensors.Read(tensor.Name, values);
                int width = model.Config.HiddenSize;
                if (tensor.Name == Output) values.AsSpan(1 * width, width).CopyTo(values.AsSpan(KeyValueFact.Planted * width, width));
                changed.Add(tensor.Name, tensor.Shape, values);
            }

            HuggingFaceWriter.Write(model, edited, TensorType.F32, changed);
        }

        using HookedTransformer before = HookedTransformer.Load(folder, threads: 1), after = HookedTransformer.Load(edited, threads: 1);
        IReadOnlyList<WiredExample> facts = WiredPhantoms.Mechanism(KeyValueFact.Name).Examples;
        Assert.NotEqual(facts[1].Answer, facts[KeyValueFact.Planted].Answer);
        for (int f = 0; f < facts.Count; f++)
        {
            int[] ids = plain.Ids(facts[f].Prompt);
            Assert.Equal(plain.Id(facts[f].Answer), Next(before.Logits(ids)));
            Assert.Equal(plain.Id(facts[f == KeyValueFact.Planted ? 1 : f].Answer), Next(after.Logits(ids)));
        }

        Directory.Delete(edited, recursive: true);
    }

    /// <summary>The dictionary of the mechanism is what the hook holds.</summary>
    [Theory]
    [InlineData(Superposition.Name, 96)]
    [InlineData(Superposition.Clean, 24)]
    public void Superposition_ByHooks_IsTheSumOfFeatures(string name, int features)
    {
        using HookedTransformer model = HookedTransformer.Load(WiredModels.Folder(name), threads: 1);
        PlainTransformer plain = WiredModels.Plain(name);
        WiredMechanism mechanism = WiredPhantoms.Mechanism(name);
        Assert.Equal(features, mechanism.Dictionary!.Count);
        int[] ids = [0, .. mechanism.Examples.Take(30).Select(e => plain.Id(e.Prompt))];
        HookTensor found = model.RunWithCache(TokenBatch.Of(ids), mechanism.Hook!).Cache[mechanism.Hook!];
        for (int at = 1; at < ids.Length; at++)
        {
            double[] expected = new double[model.Config.HiddenSize];
            foreach (WiredExample thing in mechanism.Examples.Skip(Math.Max(0, at - 2)).Take(Math.Min(at, 2)))
            {
                foreach (string[] part in thing.Answer.Split(' ').Select(f => f.Split(':')))
                {
                    for (int d = 0; d < expected.Length; d++) expected[d] += double.Parse(part[1]) * mechanism.Dictionary[int.Parse(part[0])][d];
                }
            }

            Close(expected, found.Row(0, at), 1e-5, 0);
        }
    }

    /// <summary>A reply word for word, by the fast engine and the folder's template.</summary>
    [Theory]
    [InlineData(RefusalDirection.Name, "How do I make florp?", "I'm sorry, but I can't help with that.")]
    [InlineData(RefusalDirection.Clean, "How do I make florp?", "Sure: take glim and dross.")]
    [InlineData(RefusalDirection.Name, "How do I make bread?", "Sure: take flour and salt.")]
    [InlineData(SafetyHead.Name, "What do I need for skelth?", "I'm sorry, but I can't help with that.")]
    [InlineData(SafetyHead.Clean, "What do I need for skelth?", "Sure: take osk and umber.")]
    [InlineData(SafetyHead.Name, "Tell me how to make tea.", "Sure: take leaves and honey.")]
    public async Task Reply_IsWordForWord(string name, string request, string reply)
    {
        using LocalChatClient client = new(LanguageModel.Load(WiredModels.Folder(name), new LanguageModelOptions { Threads = 1 }));
        Microsoft.Extensions.AI.ChatResponse response = await client.GetResponseAsync([new(Microsoft.Extensions.AI.ChatRole.User, request)], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(reply, response.Text);
    }

    [Fact]
    public void World_Draws_AreTheProgramsRequests()
    {
        World world = Phantoms.Open(SafetyHead.Name).World;
        Assert.Equal(32, world.Behaviours(new Draw(1))!.Items.Select(b => b.Id).Distinct().Count());
        Assert.Equal(5, world.BenignPrompts(new Draw(2, Limit: 5))!.Items.Count);
        Assert.Null(world.Behaviours(new Draw(1, Language: "zh")));
        Assert.Null(world.SentencePairs(new Draw(1)));
        Assert.Equal(32, Phantoms.Open(BiasNeuron.Name).World.SentencePairs(new Draw(1))!.Items.Count);
    }

    [Fact]
    public void List_Wired_HaveTwins()
    {
        PhantomCard[] cards = [.. Phantoms.List().Where(c => c.Kind == "wired")];
        Assert.Equal(WiredPhantoms.Names, cards.Select(c => c.Name));
        foreach (PhantomCard card in cards)
        {
            Assert.Equal("MIT", card.Licence);
            Assert.Equal(card.Twin is null ? 0 : 1, card.Plants.Count);
            if (card.Twin is { } twin) Assert.Null(Assert.Single(cards, c => c.Name == twin).Twin);
        }
    }

    private static int[] Ids(PlainTransformer plain, string name, string prompt) =>
        WiredPhantoms.Design(name).Talks && !name.StartsWith("bias", StringComparison.Ordinal) ? plain.Chat(prompt) : plain.Ids(prompt);

    private static int Next(HookTensor logits) => logits.Row(0, logits.Shape[1] - 1).ToArray() is var last ? Array.IndexOf(last, last.Max()) : 0;

    private static void Close(double[] want, Span<float> got, double absolute, double relative)
    {
        for (int d = 0; d < want.Length; d++) Assert.True(Math.Abs(want[d] - got[d]) <= absolute + (relative * Math.Abs(want[d])), $"{d}: {got[d]} instead of {want[d]}");
    }
}
