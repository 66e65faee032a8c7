using System.Security.Cryptography;
using System.Text;
using Plumbline.Measure.Public;
using Plumbline.Tests;

namespace Plumbline.Measure.Tests.Public;

public sealed class DataCatalogueTests
{
    private const string Hash = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Fact]
    public void All_BundledSets_AreTheFoldersThatShip() => Assert.Equal(
        Directory.EnumerateDirectories(Path.Combine(AppContext.BaseDirectory, "datasets")).Select(f => Path.GetFileName(f)!).Where(f => f != "LICENSES").Order(StringComparer.Ordinal),
        DataCatalogue.All.Where(s => s.IsBundled).Select(s => s.Name));

    [Fact]
    public void All_Entries_AreComplete()
    {
        Assert.All(DataCatalogue.All, s => Assert.True(s.Rows > 0 && s.Licence.Length > 0 && s.Title.Length > 0 && s.Citation.Length > 0 && s.Languages.Count > 0, s.Name));
        Assert.All(DataCatalogue.All.Where(s => !s.IsBundled), s =>
        {
            Assert.Equal(40, s.Commit.Length);
            Assert.All(s.Files, f => Assert.Contains($"/{s.Commit}/", f.Address.AbsoluteUri, StringComparison.Ordinal));
        });
    }

    /// <summary>Sizes and hashes are those of the files themselves, where they are at hand.</summary>
    [Fact]
    public void All_Files_HaveTheHashesOfTheReferenceCopies()
    {
        string root = Golden.Path("datasets");
        int compared = 0;
        foreach (DataSetEntry set in DataCatalogue.All)
        {
            foreach (DataFile file in set.Files)
            {
                if (new FileInfo(Path.Combine(root, set.Name, file.Path)) is not { Exists: true } copy) continue;
                Assert.Equal(file.Size, copy.Length);
                Assert.Equal(file.Sha256, Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(copy.FullName))));
                compared++;
            }
        }

        Assert.True(compared >= 15, $"{compared} files compared");
    }

    [Theory]
    [InlineData("../escaped.csv")]
    [InlineData("..")]
    [InlineData("/etc/passwd")]
    [InlineData("a/b.csv")]
    [InlineData("a\\\\b.csv")]
    [InlineData("C:data.csv")]
    [InlineData(".hidden")]
    [InlineData("data.csv\\u0000")]
    [InlineData("data.csv\\n")]
    [InlineData("data.")]
    [InlineData("data.part")]
    [InlineData("data.etag")]
    [InlineData("")]
    public void Parse_HostileFileName_IsRefused(string path) => Refused("set", $$"""{"path":"{{path}}","url":"https://host/x","size":1,"sha256":"{{Hash}}"}""");

    [Theory]
    [InlineData("..")]
    [InlineData("../set")]
    [InlineData("Set")]
    [InlineData("a/b")]
    [InlineData("")]
    [InlineData("-a")]
    public void Parse_HostileSetName_IsRefused(string name) => Refused(name, $$"""{"path":"a.csv","url":"https://host/x","size":1,"sha256":"{{Hash}}"}""");

    [Theory]
    [InlineData("""{"path":"a.csv","url":"http://host/x","size":1,"sha256":"HASH"}""")]
    [InlineData("""{"path":"a.csv","url":"file:///etc/passwd","size":1,"sha256":"HASH"}""")]
    [InlineData("""{"path":"a.csv","url":"https://user:key@host/x","size":1,"sha256":"HASH"}""")]
    [InlineData("""{"path":"a.csv","url":"https://host/x","size":0,"sha256":"HASH"}""")]
    [InlineData("""{"path":"a.csv","url":"https://host/x","size":99999999999,"sha256":"HASH"}""")]
    [InlineData("""{"path":"a.csv","url":"https://host/x","size":1,"sha256":"12"}""")]
    [InlineData("""{"path":"a.csv","url":"https://host/x","size":1}""")]
    [InlineData("""{"path":"a.csv","url":"https://host/x","size":1,"sha256":"HASH"},{"path":"A.csv","url":"https://host/x","size":1,"sha256":"HASH"}""")]
    public void Parse_WrongFile_IsRefused(string file) => Refused("set", file.Replace("HASH", Hash, StringComparison.Ordinal));

    [Fact]
    public void Folder_Variable_Wins()
    {
        Assert.Equal(Path.GetFullPath("elsewhere"), DataCatalogue.Folder(name => name == "PLUMBLINE_DATA" ? "elsewhere" : null));
        Assert.EndsWith(Path.Combine("plumbline", "datasets"), DataCatalogue.Folder(_ => null), StringComparison.Ordinal);
    }

    private static void Refused(string name, string files)
    {
        string json = $$"""[{"name":"{{name}}","title":"t","rows":1,"languages":["en"],"licence":"MIT","source":"https://host/","commit":"","citation":"c","files":[{{files}}]}]""";
        Assert.Throws<InvalidDataException>(() => DataCatalogue.Parse(new MemoryStream(Encoding.UTF8.GetBytes(json))));
    }
}
