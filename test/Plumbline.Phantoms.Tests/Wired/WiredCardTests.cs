using Plumbline.Phantoms.Wired;

namespace Plumbline.Phantoms.Tests.Wired;

/// <summary>
/// The cards in phantoms/wired: what the programs compile to, bit by bit, and what was measured. PLUMBLINE_WRITE_CARDS=1 writes them anew after a
/// program was changed on purpose.
/// </summary>
public sealed class WiredCardTests
{
    public static TheoryData<string> Names => [.. WiredPhantoms.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Card_IsWhatTheProgramCompilesTo(string name)
    {
        byte[] card = WiredCards.Compose(name);
        string? folder = Folder();
        Assert.SkipWhen(folder is null, "needs the repository");
        string path = Path.Combine(folder!, name + ".json");
        if (Environment.GetEnvironmentVariable("PLUMBLINE_WRITE_CARDS") == "1") File.WriteAllBytes(path, card);
        Assert.True(File.Exists(path), $"{path} is missing; PLUMBLINE_WRITE_CARDS=1 writes it.");
        Assert.Equal(WiredModels.Text(File.ReadAllBytes(path)), WiredModels.Text(card));
    }

    [Fact]
    public void Folder_HoldsNoOtherCards()
    {
        string? folder = Folder();
        Assert.SkipWhen(folder is null, "needs the repository");
        Assert.Equal(WiredPhantoms.Names.Order(StringComparer.Ordinal), Directory.GetFiles(folder!, "*.json").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal));
    }

    private static string? Folder()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string path = Path.Combine(at.FullName, "phantoms", "wired");
            if (Directory.Exists(path) && File.Exists(Path.Combine(at.FullName, "Plumbline.slnx"))) return path;
        }

        return null;
    }
}
