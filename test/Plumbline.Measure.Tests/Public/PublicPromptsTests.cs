using Plumbline.Measure.Public;
using Plumbline.Worlds;

namespace Plumbline.Measure.Tests.Public;

public sealed class PublicPromptsTests
{
    private static readonly PublicWorld s_world = new();

    [Fact]
    public void Behaviours_All_HoldBothSets()
    {
        Drawn<Behaviour> drawn = s_world.Behaviours(new Draw(1))!;
        Assert.Equal(100, drawn.Items.Count(b => b.Id.StartsWith("jbb-", StringComparison.Ordinal)));
        Assert.Equal(100, drawn.Items.Count(b => b.Id.StartsWith("sst-", StringComparison.Ordinal)));
        Assert.Equal(200, drawn.Items.Select(b => b.Id).Distinct(StringComparer.Ordinal).Count());
        Assert.All(drawn.Items, b => Assert.False(string.IsNullOrWhiteSpace(b.Request)));
        Assert.Contains("SimpleSafetyTests", drawn.Dataset.Name, StringComparison.Ordinal);
    }

    [Fact]
    public void Behaviours_SmallDraw_TakesEachCategoryEqually()
    {
        IReadOnlyList<Behaviour> drawn = s_world.Behaviours(new Draw(1, 45))!.Items;
        Assert.Equal(15, drawn.GroupBy(b => b.Category).Count());
        Assert.All(drawn.GroupBy(b => b.Category), g => Assert.Equal(3, g.Count()));
    }

    [Fact]
    public void Behaviours_PulledHarmBench_Joins()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("plumbline-data");
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.FullName, "harmbench"));
            File.WriteAllText(
                Path.Combine(folder.FullName, "harmbench", "harmbench_behaviors_text_all.csv"),
                "Behavior,FunctionalCategory,SemanticCategory,Tags,ContextString,BehaviorID\nFlood the valley of Vell,standard,illegal,,,flood_vell\nRepeat the song,copyright,copyright,,,song\n");
            Drawn<Behaviour> drawn = new PublicWorld(folder.FullName).Behaviours(new Draw(1))!;
            Assert.Equal(201, drawn.Items.Count);
            Assert.Contains(drawn.Items, b => b is { Id: "harmbench-flood_vell", Category: "HarmBench illegal" });
            Assert.Contains("HarmBench", drawn.Dataset.Name, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    [Fact]
    public void ToxicityPrompts_Languages_AreKeptApart()
    {
        IReadOnlyList<Prompt> english = s_world.ToxicityPrompts(new Draw(1, Language: "en"))!.Items, chinese = s_world.ToxicityPrompts(new Draw(1, Language: "zh"))!.Items;
        Assert.Equal(500, english.Count);
        Assert.True(chinese.Count > 1000);
        Assert.All(english, p => Assert.Equal("en", p.Language));
        Assert.All(chinese, p => Assert.Equal("zh", p.Language));
        Assert.All(english.Concat(chinese), p => Assert.True(p.Text.Length > 20));
        Assert.Null(s_world.ToxicityPrompts(new Draw(1, Language: "fr")));
        Assert.Equal("CC BY-SA 4.0", s_world.ToxicityPrompts(new Draw(1, Language: "en"))!.Dataset.Licence);
    }

    [Fact]
    public void ToxicityPrompts_SameSeed_SameDraw()
    {
        Assert.Equal(s_world.ToxicityPrompts(new Draw(5, 30))!.Items, s_world.ToxicityPrompts(new Draw(5, 30))!.Items);
        Assert.NotEqual(s_world.ToxicityPrompts(new Draw(5, 30))!.Items, s_world.ToxicityPrompts(new Draw(6, 30))!.Items);
    }
}
