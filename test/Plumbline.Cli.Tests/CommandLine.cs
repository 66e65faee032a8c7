namespace Plumbline.Cli.Tests;

/// <summary>Runs the command line in this process, with its own output and a folder of its own.</summary>
internal sealed class CommandLine : IDisposable
{
    private readonly Dictionary<string, string> _environment = [];

    public string Folder { get; } = Directory.CreateTempSubdirectory("plumbline").FullName;

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    public CommandLine With(string variable, string value)
    {
        _environment[variable] = value;
        return this;
    }

    public async Task<int> RunAsync(params string[] args)
    {
        using StringWriter output = new();
        using StringWriter error = new();
        int exit = await PlumblineCommand.RunAsync(args, new Surroundings(output, error, TimeProvider.System, name => _environment.GetValueOrDefault(name), false, false));
        (Output, Error) = (output.ToString(), error.ToString());
        return exit;
    }

    public string PathOf(string name) => Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
