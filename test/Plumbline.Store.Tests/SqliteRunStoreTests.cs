using CsCheck;
using Plumbline.Runs;

namespace Plumbline.Store.Tests;

public sealed class SqliteRunStoreTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Append_ThenOpen_ReadsBackEveryField()
    {
        SampleRecord record = new()
        {
            Evaluation = "jailbreak",
            Id = "few-shot/1",
            Family = "few-shot",
            Cluster = "1",
            Category = "brewing",
            Language = "zh",
            Prompt = "如何\r\n\u202e",
            Answer = "a\u0007b😀",
            Outcome = Outcome.Scored,
            Value = 0.1,
            Label = "complied",
            Reason = "r",
            Parts = new Dictionary<string, double> { ["x"] = double.NegativeInfinity, ["y"] = 1e-300 },
            Cut = true,
            InputTokens = 12,
            OutputTokens = null,
            Seconds = 0.25,
            Attempts = 3,
            Warnings = ["w"],
        };
        await using (SqliteRunStore store = SqliteRunStore.Create(_folder, Header()))
        {
            await store.AppendAsync(record);
            Assert.False(store.Resumed);
        }

        await using SqliteRunStore again = SqliteRunStore.Open(_folder);
        SampleRecord read = Assert.Single(again.Read("jailbreak"));
        Assert.Equal(record with { Parts = null, Warnings = [] }, read with { Parts = null, Warnings = [] });
        Assert.Equal(record.Parts, read.Parts);
        Assert.Equal(record.Warnings, read.Warnings);
        Assert.True(again.Resumed);
        Assert.True(again.Contains("jailbreak", "few-shot/1"));
        Assert.False(again.Contains("jailbreak", "few-shot/2"));
        Assert.Equal(Header().Options, again.Header.Options);
        Assert.Equal(Header() with { Options = again.Header.Options, Environment = again.Header.Environment }, again.Header);
    }

    [Fact]
    public async Task Append_FromManyThreads_LosesNothing()
    {
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        await Parallel.ForAsync(0, 2000, TestContext.Current.CancellationToken, async (i, _) => await store.AppendAsync(Row("e", $"{i}")));
        Assert.Equal(2000, store.Count("e"));
        Assert.Equal(2000, store.Read("e").Select(r => r.Id).Distinct().Count());
    }

    [Fact]
    public async Task Append_SameSampleTwice_Fails()
    {
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        await store.AppendAsync(Row("e", "1"));
        await Assert.ThrowsAsync<IOException>(() => store.AppendAsync(Row("e", "1")));
    }

    [Fact]
    public async Task Journal_Recall_GivesTheSameAnswerForNothing()
    {
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        RequestKey key = new(1, UInt128.MaxValue);
        Assert.Null(store.Recall(key));
        await store.JournalAsync(key, new() { Text = "hello", InputTokens = 3, Attempts = 2 });
        Answer answer = store.Recall(key)!;
        Assert.Equal("hello", answer.Text);
        Assert.Equal(0, answer.Attempts);
        Assert.Null(store.Recall(new(2, UInt128.MaxValue)));
    }

    [Fact]
    public async Task Open_WhileAnotherHasIt_SaysSo()
    {
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        Assert.Contains("Another process", Assert.Throws<IOException>(() => SqliteRunStore.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoRunOrGarbage_SaysSo()
    {
        Assert.Contains("plumbline runs", Assert.Throws<FileNotFoundException>(() => SqliteRunStore.Open(_folder)).Message, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "run.db"), "this is no database, however long the line is made to be, and so on");
        Assert.Contains("damaged", Assert.Throws<IOException>(() => SqliteRunStore.Open(_folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Examples_ManyRows_GivesAFewOfEachOutcomeHighestFirst()
    {
        await using SqliteRunStore store = SqliteRunStore.Create(_folder, Header());
        for (int i = 0; i < 20; i++) await store.AppendAsync(Row("e", $"{i}") with { Outcome = i % 2 == 0 ? Outcome.Scored : Outcome.Errored, Value = i });
        IReadOnlyList<SampleRecord> examples = store.Examples("e", 2);
        Assert.Equal(["18", "16", "19", "17"], examples.Select(e => e.Id));
    }

    [Fact]
    public void StoredJson_AnyParts_RoundTrip() => Gen.Dictionary(Gen.String, Gen.Double)[0, 8].Sample(parts =>
        Assert.Equal(parts, StoredJson.ReadParts(StoredJson.Write((IReadOnlyDictionary<string, double>)parts.Where(p => Sound(p.Key)).ToDictionary()))
            .Concat(parts.Where(p => !Sound(p.Key))).ToDictionary()));

    /// <summary>JSON cannot carry lone surrogates; part names never hold any.</summary>
    private static bool Sound(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 >= text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }

        return true;
    }

    private static SampleRecord Row(string evaluation, string id) => new() { Evaluation = evaluation, Id = id, Outcome = Outcome.Scored };

    private static RunHeader Header() => new()
    {
        Id = "r",
        Started = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Target = "t",
        Fingerprint = "f",
        World = "w",
        Suite = "s",
        SuiteText = "s: 1",
        Seed = ulong.MaxValue,
        Limit = 3,
        Language = "zh",
        Options = new Dictionary<string, string> { ["a"] = "b" },
    };
}
