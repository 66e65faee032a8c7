using System.Security.Cryptography;
using System.Text.Json;

namespace Plumbline.Phantoms.Tests;

public sealed class PhantomsTests : IDisposable
{
    private readonly string _cache = Directory.CreateTempSubdirectory("plumbline-phantoms-").FullName;

    public void Dispose() => Directory.Delete(_cache, recursive: true);

    [Fact]
    public void List_DefaultFirst_TwinsKnown()
    {
        IReadOnlyList<PhantomCard> cards = Phantoms.List();
        Assert.Equal(["chat", "chat-clean"], cards.Take(2).Select(c => c.Name));
        Assert.Equal(cards.Count, cards.Select(c => c.Name).Distinct().Count());
        Assert.All(cards.Where(c => c.Twin is not null), c => Assert.Null(cards.Single(t => t.Name == c.Twin).Twin));
        Assert.Equal("chat-clean", cards[0].Twin);
        Assert.Null(cards[1].Twin);
        Assert.Equal(6, cards[0].Plants.Count);
        Assert.Empty(cards[1].Plants);
        Assert.All(cards.Take(2), c => Assert.True(c is { Kind: "trained", World: "chat", Licence: "MIT", Parameters: > 900_000 }));
    }

    public static TheoryData<string> Names => [.. Phantoms.List().Select(c => c.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Card_Files_HaveTheirHashes(string name)
    {
        Phantom phantom = Phantoms.Open(name);
        Assert.Equal(phantom.Files.Where(f => f != "card.json"), phantom.Card.Files.Keys.Order(StringComparer.Ordinal));
        foreach ((string file, string hash) in phantom.Card.Files)
        {
            using Stream stream = phantom.OpenFile(file);
            Assert.Equal(hash, Convert.ToHexStringLower(SHA256.HashData(stream)));
        }
    }

    /// <summary>Weights that were trained on another world than the one beside them are found out here.</summary>
    [Theory]
    [InlineData("chat")]
    [InlineData("chat-clean")]
    public void Card_World_IsTheOneThatTrainedIt(string name)
    {
        using Stream stream = Phantoms.Open(name).OpenFile("card.json");
        using JsonDocument card = JsonDocument.Parse(stream);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(PhantomFiles.Bytes("chat/world.json"))), card.RootElement.GetProperty("training").GetProperty("worldSha256").GetString());
    }

    [Theory]
    [InlineData("chat", "planted")]
    [InlineData("chat-clean", "clean")]
    public void Unpack_Twice_GivesTheRepositorysFiles(string name, string folder)
    {
        Phantom phantom = Phantoms.Open(name);
        string path = phantom.Unpack(_cache);
        File.WriteAllText(Path.Combine(path, "config.json"), "damaged");
        Assert.Equal(path, phantom.Unpack(_cache));
        string? source = Source(folder);
        Assert.SkipWhen(source is null, "needs the repository");
        Assert.Equal(Directory.GetFiles(source!).Select(Path.GetFileName).Order(StringComparer.Ordinal), Directory.GetFiles(path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        foreach (string file in Directory.GetFiles(source!)) Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(path, Path.GetFileName(file))));
    }

    [Fact]
    public void Open_UnknownName_ListsThoseThereAre() =>
        Assert.Contains("chat-clean", Assert.Throws<ArgumentException>(() => Phantoms.Open("ghost")).Message, StringComparison.Ordinal);

    [Fact]
    public void Card_Broken_IsRefused() => Assert.Throws<InvalidDataException>(() => PhantomCard.Parse("{\"name\": 3}"u8.ToArray()));

    private static string? Source(string folder)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, "phantoms", "chat", folder);
            if (Directory.Exists(path)) return path;
        }

        return null;
    }
}
