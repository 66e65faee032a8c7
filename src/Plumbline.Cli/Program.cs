using Plumbline.Cli;

return await PlumblineCommand.RunAsync(args, Surroundings.OfThisProcess());
