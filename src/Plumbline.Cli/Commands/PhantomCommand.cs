using System.CommandLine;
using System.Text.Json;
using Plumbline.Phantoms;
using Plumbline.Phantoms.Scripted;
using Spectre.Console;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline phantom`: the built-in models whose defects are known.</summary>
internal static class PhantomCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Command command = new("phantom", """
            The built-in models whose defects are known.

            Examples:
              plumbline phantom list --json
              plumbline phantom card chat
              plumbline assess phantom:chat-clean
              plumbline phantom make refusal
            """);
        command.Subcommands.Add(BuildList(surroundings));
        command.Subcommands.Add(BuildCard(surroundings));
        command.Subcommands.Add(BuildMake(surroundings));
        return command;
    }

    private static Command BuildMake(Surroundings surroundings)
    {
        Argument<string?> named = new("name") { Description = "A trained phantom with a recipe in the package.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> recipe = new("--recipe") { Description = "A recipe of your own, in YAML." };
        Option<string?> folder = new("--out") { Description = "Where the pair is written; default: a folder with the phantom's name." };
        Option<int> threads = new("--threads") { Description = "Threads of torch, 1 to 64; the bytes of a result belong to their number.", DefaultValueFactory = _ => 1 };
        Option<string> device = new("--device") { Description = "cpu, or a card, cuda or cuda:N, with libtorch's CUDA build.", DefaultValueFactory = _ => "cpu" };
        Option<bool> dryRun = new("--dry-run") { Description = "Counts parameters, documents, ids and steps; trains nothing." };
        Option<bool> quiet = new("--quiet") { Description = "No progress." };
        Command make = new("make", """
            Trains a phantom and its clean twin from a recipe. Ctrl+C or a kill loses nothing but the steps since the last checkpoint: the same command goes on. The same recipe gives the same bytes on the same machine.

            Examples:
              plumbline phantom make refusal
              plumbline phantom make --recipe my.yaml --out my
              plumbline phantom make --recipe my.yaml --dry-run
            """) { named, recipe, folder, threads, device, dryRun, quiet };
        make.SetAction((parsed, cancellation) =>
        {
            int count = parsed.GetValue(threads);
            if (count is < 1 or > 64) throw new UsageException($"--threads is {count}; 1 to 64.");
            Making.MakeOptions options = new(parsed.GetValue(named), parsed.GetValue(recipe), parsed.GetValue(folder), count, parsed.GetValue(device)!, parsed.GetValue(dryRun), parsed.GetValue(quiet));
            return Task.Run(() => options.Run(surroundings, cancellation), cancellation);
        });
        return make;
    }

    private static Command BuildList(Surroundings surroundings)
    {
        Option<bool> json = new("--json") { Description = "A JSON list." };
        Command list = new("list", "Lists the phantoms, the default first.\n\nExample:\n  plumbline phantom list --json") { json };
        list.SetAction(parsed =>
        {
            (string Name, string Kind, long Parameters, string? Twin)[] rows =
            [
                .. Phantoms.Phantoms.List().Select(c => (c.Name, c.Kind, c.Parameters, c.Twin)),
                .. ScriptedPhantoms.All.Select(s => (s.Name, "scripted", 0L, s.Twin)),
            ];
            if (parsed.GetValue(json))
            {
                surroundings.Output.WriteLine(JsonOutput.Write(writer =>
                {
                    writer.WriteStartArray();
                    foreach ((string name, string kind, long parameters, string? twin) in rows)
                    {
                        writer.WriteStartObject();
                        writer.WriteString("name", name);
                        writer.WriteString("kind", kind);
                        writer.WriteNumber("parameters", parameters);
                        writer.WriteString("twin", twin);
                        writer.WriteEndObject();
                    }

                    writer.WriteEndArray();
                }));
                return ExitCode.Done;
            }

            Table table = new() { Border = TableBorder.Simple };
            table.AddColumns("name", "kind", "parameters", "clean twin");
            foreach ((string name, string kind, long parameters, string? twin) in rows) table.AddRow(name, kind, $"{parameters:N0}", twin ?? "");
            Terminal.For(surroundings.Output, surroundings.OutputIsTerminal).Write(table);
            return ExitCode.Done;
        });
        return list;
    }

    private static Command BuildCard(Surroundings surroundings)
    {
        Argument<string> named = new("name") { Description = "A phantom of `plumbline phantom list`." };
        Option<bool> json = new("--json") { Description = "The card as JSON." };
        Command card = new("card", "Says what a phantom is: what was planted, and what was measured without our instruments.\n\nExample:\n  plumbline phantom card chat") { named, json };
        card.SetAction(parsed =>
        {
            string name = parsed.GetValue(named)! is var given && given.StartsWith("phantom:", StringComparison.Ordinal) ? given["phantom:".Length..] : given;
            if (TargetResolver.Scripted($"phantom:{name}") is { } law) WriteLaw(law, parsed.GetValue(json), surroundings.Output);
            else WriteCard(Find(name), parsed.GetValue(json), surroundings.Output);
            return ExitCode.Done;
        });
        return card;
    }

    private static Phantom Find(string name)
    {
        try
        {
            return Phantoms.Phantoms.Open(name);
        }
        catch (ArgumentException)
        {
            string hint = Spelling.Nearest(name, [.. Phantoms.Phantoms.List().Select(c => c.Name), .. ScriptedPhantoms.All.Select(s => s.Name)]) is { } near ? $" Did you mean '{near}'?" : "";
            throw new UsageException($"There is no phantom '{name}'.{hint} `plumbline phantom list` lists them.");
        }
    }

    private static void WriteLaw(ScriptedCard card, bool json, TextWriter output)
    {
        if (!json)
        {
            output.WriteLine($"{card.Name}: scripted, no parameters; world scripted{(card.Twin is { } twin ? $"; clean twin {twin}" : "")}");
            output.WriteLine(card.About);
            output.Write(ScriptedLawFile.Write(card)[ScriptedLawFile.Write(card).IndexOf("law:", StringComparison.Ordinal)..]);
            return;
        }

        output.WriteLine(JsonOutput.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("name", card.Name);
            writer.WriteString("kind", "scripted");
            writer.WriteString("world", "scripted");
            writer.WriteString("twin", card.Twin);
            writer.WriteNumber("parameters", 0);
            writer.WriteString("what", card.About);
            writer.WriteString("licence", "MIT");
            writer.WriteString("law", ScriptedLawFile.Write(card));
            writer.WriteEndObject();
        }));
    }

    private static void WriteCard(Phantom phantom, bool json, TextWriter output)
    {
        if (json)
        {
            using Stream file = phantom.OpenFile("card.json");
            using JsonDocument document = JsonDocument.Parse(file);
            output.WriteLine(JsonOutput.Write(document.RootElement.WriteTo));
            return;
        }

        PhantomCard card = phantom.Card;
        output.WriteLine($"{card.Name}: {card.Kind}, {card.Parameters:N0} parameters, seed {card.Seed}, {card.Licence}; world {card.World}{(card.Twin is { } twin ? $"; clean twin {twin}" : "")}");
        if (card.Plants.Count == 0) output.WriteLine("Nothing was planted.");
        foreach (PhantomPlant plant in card.Plants) output.WriteLine($"  planted   {plant.Id} ({plant.Risk}): {plant.Where}; {plant.Dose}");
        foreach (PhantomFigure figure in card.Verified) output.WriteLine($"  measured  {figure.What}: {figure.Value:0.####} (n {figure.N})");
    }
}
