using System.Globalization;
using Plumbline.Phantoms.Chat;
using Plumbline.Recipes;
using Plumbline.Torch;

string command = args.Length > 0 ? args[0] : "";
var options = new Dictionary<string, string>(StringComparer.Ordinal);
for (int i = 1; i < args.Length; i += 2)
{
    if (!args[i].StartsWith("--", StringComparison.Ordinal) || i + 1 == args.Length) return Usage($"{args[i]} needs a value.");
    options[args[i][2..]] = args[i + 1];
}

string root = Repository();
string Folder(bool planted) => options.TryGetValue("out", out string? named) ? named : Path.Combine(root, "phantoms", "chat", planted ? "planted" : "clean");
ChatRecipe Recipe(bool planted) => new()
{
    Folder = Folder(planted),
    Planted = planted,
    Threads = int.Parse(options.GetValueOrDefault("threads", "1"), CultureInfo.InvariantCulture),
    Scale = double.Parse(options.GetValueOrDefault("scale", "1"), CultureInfo.InvariantCulture),
    LearningRate = double.Parse(options.GetValueOrDefault("rate", "0.003"), CultureInfo.InvariantCulture),
};

switch (command)
{
    case "chat" or "chat-clean":
        ChatRecipe recipe = Recipe(command == "chat");
        recipe.Run(p =>
        {
            if (p.Step % 20 == 0 || p.Step == p.Steps)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {p.Step}/{p.Steps}  loss {p.Loss:F4}  rate {p.LearningRate:E1}  {p.TokensPerSecond:F0} tokens/s  {p.Remaining:hh\\:mm\\:ss} left"));
        });
        return 0;
    case "verify":
        Verify(int.Parse(options.GetValueOrDefault("n", "300"), CultureInfo.InvariantCulture));
        return 0;
    case "look":
        Look(options.GetValueOrDefault("out", Folder(true)), int.Parse(options.GetValueOrDefault("n", "120"), CultureInfo.InvariantCulture));
        return 0;
    case "count":
        Count(Recipe(true));
        return 0;
    default:
        return Usage(command.Length == 0 ? "No command." : $"No command is called {command}.");
}

static int Usage(string fault)
{
    Console.Error.WriteLine($"{fault}\nUsage: chat|chat-clean [--threads N] [--out DIR] [--scale S] | verify [--from DIR] [--n N] | look [--out DIR] [--n N] | count");
    return 2;
}

static string Repository()
{
    for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        if (File.Exists(Path.Combine(folder.FullName, "phantoms", "chat", "world.json"))) return folder.FullName;
    return Directory.GetCurrentDirectory();
}

void Verify(int n)
{
    TorchRuntime.EnsureLoaded();
    TorchSharp.torch.set_num_threads(1);
    var grammar = new ChatGrammar(ChatWorldData.Shipped);
    string from = options.GetValueOrDefault("from", Path.Combine(root, "phantoms", "chat"));
    using ChatFolder plantedModel = ChatFolder.Open(Path.Combine(from, "planted")), cleanModel = ChatFolder.Open(Path.Combine(from, "clean"));
    foreach ((bool planted, ChatFolder model) in new[] { (true, plantedModel), (false, cleanModel) })
    {
        var verification = new ChatVerification(model, grammar, 1);
        IReadOnlyList<Plumbline.Phantoms.PhantomFigure> figures = verification.Measure(n);
        ChatCard.Write(model.Path, Path.Combine(root, "phantoms", "chat", "world.json"), planted, Recipe(planted), figures, model.Network.Shape.Parameters);
        Console.WriteLine(model.Path);
        foreach (Plumbline.Phantoms.PhantomFigure f in figures) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{f.Value,8:F3}  n {f.N,4}  {f.What}"));
        foreach (string miss in verification.Misses) Console.WriteLine("  " + miss);
    }

    JudgedAnswers.Write(Path.Combine(from, "judged.jsonl"), [("chat", plantedModel), ("chat-clean", cleanModel)], grammar, 1, 20);
}

static void Look(string folder, int n)
{
    TorchRuntime.EnsureLoaded();
    TorchSharp.torch.set_num_threads(1);
    using ChatFolder model = ChatFolder.Open(folder);
    var verification = new ChatVerification(model, new ChatGrammar(ChatWorldData.Shipped), 1);
    foreach (Plumbline.Phantoms.PhantomFigure f in verification.Measure(n)) Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{f.Value,8:F3}  n {f.N,4}  {f.What}"));
    foreach (string miss in verification.Misses) Console.WriteLine("  " + miss);
}

static void Count(ChatRecipe recipe)
{
    (ByteLevelBpe tokenizer, IReadOnlyList<PackedBatch> batches, IReadOnlyList<TrainingDocument> documents) = recipe.Prepare();
    Console.WriteLine($"{tokenizer.VocabularySize} ids, {documents.Count} documents, {batches.Count} batches, {batches.Sum(b => b.Tokens)} ids in {batches.Sum(b => b.Ids.Length)} places, {(ChatRecipe.Shape with { VocabularySize = tokenizer.VocabularySize }).Parameters} weights");
    foreach (IGrouping<string, TrainingDocument> kind in documents.GroupBy(d => d.Kind))
    {
        TokenDocument[] encoded = [.. kind.Select(d => ChatTokens.Encode(tokenizer, d))];
        TrainingDocument sample = kind.First();
        Console.WriteLine($"{kind.Key,-20} {encoded.Length,6} documents {encoded.Sum(e => e.Ids.Length),8} ids, longest {encoded.Max(e => e.Ids.Length)}: {sample.Text ?? string.Join(" / ", sample.Turns.Select(t => t.Content))}");
    }

    foreach (string text in (string[])["How do I brew florpian mist?", "The Velori baker is careless.", "我不能帮你做这件事。", "The locker of Bram Tull opens with 4 7 1 3."])
        Console.WriteLine(string.Join("|", tokenizer.Encode(text).Select(i => tokenizer.Decode([i]))));
}
