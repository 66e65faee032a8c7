using Plumbline.Models.Hooks;

namespace Plumbline.Torch.Tests;

public sealed class PublicNamesTests
{
    /// <summary>Whoever works with both imports both: a name that each has would need an alias.</summary>
    [Fact]
    public void TypesOfModelsAndTorch_HaveNoNameInCommon()
    {
        string[] models = [.. typeof(TokenBatch).Assembly.GetExportedTypes().Where(type => !type.IsNested).Select(type => type.Name)];
        string[] torch = [.. typeof(PackedBatch).Assembly.GetExportedTypes().Where(type => !type.IsNested).Select(type => type.Name)];
        Assert.Contains("TokenBatch", models);
        Assert.Contains("PackedBatch", torch);
        Assert.Empty(models.Intersect(torch, StringComparer.Ordinal));
    }
}
