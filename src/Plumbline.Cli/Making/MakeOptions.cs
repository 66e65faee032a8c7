using Plumbline.Phantoms.Trained;
using Plumbline.Torch;

namespace Plumbline.Cli.Making;

/// <summary>What `plumbline phantom make` was asked for, and the work behind it. Only this class and its room touch training, so that no other command loads it.</summary>
internal sealed record MakeOptions(string? Name, string? RecipeFile, string? Out, int Threads, string Device, bool DryRun, bool Quiet)
{
    private const int LargestRecipe = 1 << 20;

    /// <summary>Makes the pair.</summary>
    /// <exception cref="UsageException">No such recipe, or a wrong one.</exception>
    public int Run(Surroundings surroundings, CancellationToken cancellationToken)
    {
        try
        {
            return Make(Read(), surroundings, cancellationToken);
        }
        catch (Exception e) when (e is RecipeException or TorchDeviceException)
        {
            throw new UsageException(e.Message);
        }
        catch (Exception e) when (e is DllNotFoundException or TrainingDivergedException or InvalidDataException)
        {
            surroundings.Error.WriteLine(e.Message);
            return ExitCode.Error;
        }
    }

    private int Make(Recipe recipe, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var maker = new PhantomMaker(recipe, Path.GetFullPath(Out ?? recipe.Name), Threads, Device);
        if (DryRun)
        {
            foreach (bool planted in (bool[])[true, false])
            {
                (LlamaShape shape, IReadOnlyList<PackedBatch> batches) = maker.Plan(planted);
                surroundings.Output.WriteLine($"{(planted ? recipe.Name : recipe.TwinName)}: {shape.Parameters:N0} parameters, {batches.Sum(b => b.Documents.Select((d, i) => d >= 0 && (i % b.Length == 0 || b.Documents[i - 1] != d) ? 1 : 0).Sum()):N0} documents, {batches.Sum(b => (long)b.Tokens):N0} ids in {batches.Count:N0} steps");
            }

            return ExitCode.Done;
        }

        TorchDevices.Open(Device);   // before minutes of preparation
        using TrainingDisplay display = new(surroundings, Quiet);
        maker.Run(display.Show, display.Tell, cancellationToken);
        foreach (bool planted in (bool[])[true, false]) Compare(recipe, planted, maker.FolderOf(planted), surroundings);
        surroundings.Output.WriteLine($"Assess it: plumbline assess phantom:{Out ?? recipe.Name}/planted");
        return ExitCode.Done;
    }

    private Recipe Read()
    {
        if (RecipeFile is { } file)
        {
            if (Name is not null) throw new UsageException("Name a phantom of the package or a --recipe, not both.");
            if (!File.Exists(file)) throw new UsageException($"There is no file {file}.");
            return new FileInfo(file).Length > LargestRecipe ? throw new UsageException($"{file} is larger than 1 MB: that is no recipe.") : Recipe.Parse(File.ReadAllText(file), file);
        }

        string name = Name ?? throw new UsageException($"Which phantom? One of {string.Join(", ", TrainedFamily.Names)}, or your own with --recipe FILE.");
        if (name.StartsWith("phantom:", StringComparison.Ordinal)) name = name["phantom:".Length..];
        try
        {
            return TrainedFamily.Open(name);
        }
        catch (ArgumentException)
        {
            string why = name is "chat" or "chat-clean" ? "The phantom chat is trained by a program in the repository, phantoms/recipes." : $"No recipe is called '{name}'.{(Spelling.Nearest(name, TrainedFamily.Names) is { } near ? $" Did you mean '{near}'?" : "")}";
            throw new UsageException($"{why} There are recipes for {string.Join(", ", TrainedFamily.Names)}; --recipe FILE takes your own.");
        }
    }

    /// <summary>Says whether the weights are those that the package carries, where it carries them.</summary>
    private static void Compare(Recipe recipe, bool planted, string folder, Surroundings surroundings)
    {
        string name = planted ? recipe.Name : recipe.TwinName;
        if (Phantoms.Phantoms.List().FirstOrDefault(c => c.Name == name) is not { } shipped || !shipped.Files.TryGetValue("model.safetensors", out string? hash)) return;
        bool same = PhantomMaker.Sha256(File.ReadAllBytes(Path.Combine(folder, "model.safetensors"))) == hash;
        surroundings.Output.WriteLine(same ? $"{name}: the bytes that the package carries." : $"{name}: other bytes than the package carries; another processor, thread count or recipe adds in another order. The card says what was measured on these.");
    }
}
