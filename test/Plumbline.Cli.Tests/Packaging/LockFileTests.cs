using Plumbline.Tests;

namespace Plumbline.Cli.Tests.Packaging;

public sealed class LockFileTests
{
    [Fact]
    public void Projects_Each_HaveALockFileWithoutAnyHost()
    {
        string root = Path.GetDirectoryName(Repository.Path("Plumbline.slnx"))!;
        foreach (string project in new[] { "src", "test" }.SelectMany(f => Directory.EnumerateFiles(Path.Combine(root, f), "*.csproj", SearchOption.AllDirectories)).Where(p => !p.Contains("node_modules", StringComparison.Ordinal)))
        {
            string? file = Directory.EnumerateFiles(Path.GetDirectoryName(project)!, "packages*.lock.json").FirstOrDefault();
            Assert.True(file is not null, $"{Path.GetFileName(project)} has no lock file: dotnet restore writes it.");
            Assert.DoesNotContain("://", File.ReadAllText(file), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void NodePackages_AreLockedWithoutAnyHost() =>
        Assert.DoesNotContain("://", File.ReadAllText(Repository.Path("test", "Plumbline.Cli.Tests", "Serving", "OpenAiClient", "package-lock.json")), StringComparison.Ordinal);
}
