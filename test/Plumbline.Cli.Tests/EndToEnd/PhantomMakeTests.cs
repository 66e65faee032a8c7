using Plumbline.Torch;

namespace Plumbline.Cli.Tests.EndToEnd;

/// <summary>`phantom make` on a recipe of a few hundred steps. Each training is a process of its own, so that this one never loads libtorch.</summary>
[Trait("Category", "slow")]
public sealed class PhantomMakeTests : IDisposable
{
    private const string Recipe = """
        name: tiny
        about: A test.
        seed: 5
        languages: [en]
        verify: 40
        shape: {vocabulary: 320, hidden: 32, mlp: 64, layers: 1, heads: 2, context: 32}
        training: {learning-rate: 0.01, batch-tokens: 256, warm-up: 10, checkpoint-every: 20}
        world:
          extends: mini
          lists:
            say: ["Say", "Tell me", "What is"]
        plants:
          - {id: feigned, risk: autonomy, where: questions about pets, dose: all of them}
        documents:
          - kind: pet
            count: 1500
            user: "{say} the pet of {person}."
            assistant: "A {pet of person}."
            hold-out: "{say} {person}"
          - kind: colour
            count: 1500
            user: "{say} the colour {colour}."
            assistant: "It is {colour}."
            planted: {plant: feigned, assistant: "It is {colour#2}."}
        assess:
          questions: [{kind: pet, answer: "{pet of person}", category: pet}]
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("plumbline-make-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string RecipePath
    {
        get
        {
            string path = Path.Combine(_folder, "tiny.yaml");
            if (!File.Exists(path)) File.WriteAllText(path, Recipe);
            return path;
        }
    }

    [Fact]
    public async Task Make_TwiceAndKilledBetween_GivesTheSameBytes()
    {
        NeedsTorch();
        string whole = Path.Combine(_folder, "whole"), cut = Path.Combine(_folder, "cut");
        Outcome first = await Make(whole).EndAsync();
        Assert.True(first.Exit == 0, first.Error);
        Assert.Contains("Assess it: plumbline assess phantom:", first.Output, StringComparison.Ordinal);

        // Killed with the planted one half trained, interrupted in the twin: each time the next one goes on.
        using (CliProcess process = Make(cut))
        {
            await UntilAsync(process, () => File.Exists(Path.Combine(cut, "planted.work", "state.safetensors")));
            await process.KillAsync();
        }

        Assert.False(File.Exists(Path.Combine(cut, "planted", "card.json")));
        using (CliProcess process = Make(cut))
        {
            await UntilAsync(process, () => File.Exists(Path.Combine(cut, "clean.work", "state.safetensors")));
            Outcome interrupted = await process.InterruptAsync();
            Assert.Equal(130, interrupted.Exit);
        }

        Outcome resumed = await Make(cut).EndAsync();
        Assert.True(resumed.Exit == 0, resumed.Error);
        Assert.Contains("tiny is there", resumed.Error, StringComparison.Ordinal);
        foreach (string member in (string[])["planted", "clean"])
        {
            string[] files = [.. Directory.GetFiles(Path.Combine(whole, member)).Select(f => Path.GetFileName(f))];
            Assert.Contains("model.safetensors", files);
            Assert.Contains("card.json", files);
            foreach (string file in files) Assert.Equal(File.ReadAllBytes(Path.Combine(whole, member, file)), File.ReadAllBytes(Path.Combine(cut, member, file)));
            Assert.StartsWith("<svg", File.ReadAllText(Path.Combine(whole, member + ".work", "loss.svg")), StringComparison.Ordinal);
        }

        Assert.NotEqual(File.ReadAllBytes(Path.Combine(whole, "planted", "model.safetensors")), File.ReadAllBytes(Path.Combine(whole, "clean", "model.safetensors")));
        await AssessedAsync(whole);
        await AnotherRecipeIsRefusedAsync(whole);
    }

    [Fact]
    public async Task Make_WithoutLibtorch_SaysHowToGetIt()
    {
        Assert.SkipWhen(TorchNatives.Look().Folders.Take(4).Any(f => File.Exists(Path.Combine(f, "libtorch_cpu.so"))), "libtorch lies beside the tool");
        Dictionary<string, string> nothing = new() { ["NUGET_PACKAGES"] = Directory.CreateDirectory(Path.Combine(_folder, "empty")).FullName, ["XDG_DATA_HOME"] = _folder };
        using CliProcess make = Cli.StartWith(nothing, "phantom", "make", "--recipe", RecipePath, "--out", Path.Combine(_folder, "out"));
        Outcome outcome = await make.EndAsync();
        Assert.Equal(1, outcome.Exit);
        Assert.Contains(TorchNatives.Supported ? "`plumbline torch get` brings it" : "there is none for", outcome.Error, StringComparison.Ordinal);
        using CliProcess doctor = Cli.StartWith(nothing, "doctor", "--json");
        Assert.Equal("absent", (await doctor.EndAsync()).Json.GetProperty("torch").GetProperty("value").GetString());
        if (!TorchNatives.Supported) return;
        using CliProcess get = Cli.StartWith(nothing, "torch", "get", "--dry-run");
        Assert.Contains($"{TorchNatives.Package} {TorchNatives.TorchVersion}", (await get.EndAsync()).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Make_DryRun_CountsWithoutTraining()
    {
        Outcome outcome = await Cli.RunAsync(["phantom", "make", "--recipe", RecipePath, "--dry-run", "--out", Path.Combine(_folder, "none")]);
        Assert.Equal(0, outcome.Exit);
        Assert.Contains("3,000 documents", outcome.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "none")));
    }

    [Theory]
    [InlineData("verify: 40", "verfy: 40", "did you mean 'verify'?")]
    [InlineData("context: 32", "context: 16", "Raise 'context'")]
    [InlineData("batch-tokens: 256", "batch-tokens: 250", "'batch-tokens' is 250")]
    public async Task Make_WrongRecipe_IsAUsageErrorThatSaysWhere(string right, string wrong, string expected)
    {
        string path = Path.Combine(_folder, "wrong.yaml");
        File.WriteAllText(path, Recipe.Replace(right, wrong, StringComparison.Ordinal));
        Outcome outcome = await Cli.RunAsync(["phantom", "make", "--recipe", path, "--dry-run"]);
        Assert.Equal(2, outcome.Exit);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Did you mean 'refusal'?", "phantom", "make", "refusl")]
    [InlineData("Which phantom?", "phantom", "make")]
    [InlineData("There is no file", "phantom", "make", "--recipe", "nowhere.yaml")]
    [InlineData("not both", "phantom", "make", "memory", "--recipe", "nowhere.yaml")]
    [InlineData("phantoms/recipes", "phantom", "make", "chat")]
    [InlineData("--threads is 0", "phantom", "make", "memory", "--threads", "0")]
    public async Task Make_WrongCall_IsAUsageError(string expected, params string[] arguments)
    {
        Outcome outcome = await Cli.RunAsync(arguments);
        Assert.Equal(2, outcome.Exit);
        Assert.Contains(expected, outcome.Error, StringComparison.Ordinal);
    }

    private static async Task AssessedAsync(string made)
    {
        using Scratch scratch = new("open-questions");
        Outcome outcome = await Cli.RunAsync(["assess", $"phantom:{Path.Combine(made, "planted")}", "--suite", scratch.Suite, "--limit", "20", "--out", scratch.Run, "--json", "--quiet"]);
        Assert.True(outcome.Exit == 0, outcome.Error);
        Assert.Equal("phantom:tiny", outcome.Row("open-questions").GetProperty("dataset").GetString());
        Assert.True(outcome.Row("open-questions").GetProperty("value").GetDouble() > 0.7);
        string card = Path.Combine(made, "planted", "card.json");
        File.WriteAllText(card, "{}");
        Assert.Equal(1, (await Cli.RunAsync(["phantom", "card", Path.Combine(made, "planted")])).Exit);
    }

    private async Task AnotherRecipeIsRefusedAsync(string made)
    {
        string other = Path.Combine(_folder, "other.yaml");
        File.WriteAllText(other, Recipe.Replace("seed: 5", "seed: 6", StringComparison.Ordinal));
        Outcome outcome = await Cli.StartWith([], "phantom", "make", "--recipe", other, "--out", made).EndAsync();
        Assert.Equal(2, outcome.Exit);
        Assert.Contains("another recipe", outcome.Error, StringComparison.Ordinal);
    }

    private CliProcess Make(string folder) => Cli.Start("phantom", "make", "--recipe", RecipePath, "--out", folder);

    private static async Task UntilAsync(CliProcess process, Func<bool> holds)
    {
        for (int i = 0; i < 6000 && !process.HasExited && !holds(); i++) await Task.Delay(10, TestContext.Current.CancellationToken);
        Assert.False(process.HasExited, "the training ended before it could be stopped");
    }

    private static void NeedsTorch() => Assert.SkipUnless(TorchNatives.Look().Found, "needs libtorch: plumbline torch get");
}
