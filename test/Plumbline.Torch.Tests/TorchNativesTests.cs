using System.Xml.Linq;

namespace Plumbline.Torch.Tests;

[Collection("torch")]
public sealed class TorchNativesTests
{
    [Fact]
    public void Look_NowhereToBeFound_SaysSo()
    {
        TorchPlaces places = TorchNatives.Look([Path.GetTempPath()]);
        Assert.False(places.Found);
        Assert.Null(places.Torch);
        Assert.Null(places.Bridge);
    }

    [Fact]
    public void Look_HereWhereTestsTrain_FindsBoth() => Assert.True(TorchNatives.Look().Found);

    /// <summary>The versions that are looked for are those that are built with.</summary>
    [Fact]
    public void Versions_AreThoseOfTheBuild()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Directory.Packages.props"))) at = at.Parent;
        Assert.SkipWhen(at is null, "needs the repository");
        Dictionary<string, string> versions = XDocument.Load(Path.Combine(at!.FullName, "Directory.Packages.props")).Descendants("PackageVersion").ToDictionary(e => e.Attribute("Include")!.Value, e => e.Attribute("Version")!.Value);
        Assert.Equal(TorchNatives.BridgeVersion, versions["TorchSharp"]);
        foreach (string system in (string[])["linux-x64", "win-x64", "osx-arm64"]) Assert.Equal(TorchNatives.TorchVersion, versions["libtorch-cpu-" + system]);
    }
}
