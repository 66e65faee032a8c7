using System.CommandLine;
using System.Net;
using Plumbline.Cli.Serving;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline serve`: a model of this machine behind an OpenAI-compatible HTTP API.</summary>
internal static class ServeCommand
{
    private const int HighestPort = 65535;

    public static Command Build(Surroundings surroundings)
    {
        Argument<string> target = new("target") { Description = "phantom, phantom:NAME, a GGUF file, a Hugging Face folder, or hf:ORGANISATION/NAME[@REVISION] from the Hugging Face cache." };
        Option<int> port = new("--port") { Description = "The port; 0 takes a free one.", DefaultValueFactory = _ => 8080 };
        port.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int>() is < 0 or > HighestPort) result.AddError($"--port must be from 0 to {HighestPort}.");
        });
        Option<string> host = new("--host") { Description = "The address to listen on; 0.0.0.0 lets the network in.", DefaultValueFactory = _ => "127.0.0.1" };
        Option<string?> key = new("--api-key-env") { Description = "The environment variable with the key that requests must bring." };
        Option<int?> threads = new("--threads") { Description = "Threads of the model." };
        threads.Validators.Add(result =>
        {
            if (!result.Errors.Any() && result.GetValueOrDefault<int?>() is < 1 or > 1024) result.AddError("--threads must be from 1 to 1024.");
        });
        Option<long> seed = new("--seed") { Description = "The seed of the first request that names none; the next one gets the next.", DefaultValueFactory = _ => 1 };
        Option<string?> memory = MemoryOption.Build();
        Option<int?> context = MemoryOption.BuildContext();
        Option<bool> download = HubOption.Build();
        Command command = new("serve", """
            Serves a model on this machine by OpenAI's API: GET /v1/models, POST /v1/chat/completions, POST /v1/completions.
            Listens on this machine only, unless --host says otherwise. Ctrl-C ends it.

            Examples:
              plumbline serve phantom
              plumbline serve ./SmolLM2-135M-Instruct.Q4_1.gguf --port 8000 --threads 4 --memory 512m
              plumbline serve hf:HuggingFaceTB/SmolLM2-135M-Instruct --download
              plumbline serve ./model --host 0.0.0.0 --api-key-env KEY
            """)
        { target, port, host, key, threads, memory, context, seed, download };
        command.SetAction(async (parsed, cancellation) =>
        {
            ModelServerOptions options = new()
            {
                Host = AddressOf(parsed.GetValue(host)!),
                Port = parsed.GetValue(port),
                Key = parsed.GetValue(key) is { } variable ? KeyOf(variable, surroundings) : null,
                Seed = parsed.GetValue(seed),
                Clock = surroundings.Clock,
            };
            await HubOption.FetchAsync(parsed.GetValue(target), parsed.GetValue(download), surroundings, quiet: false, cancellation);
            using ServedModel model = ServedModel.Open(parsed.GetValue(target)!, new() { Threads = parsed.GetValue(threads), MemoryLimit = MemoryOption.Read(parsed.GetValue(memory)), Context = parsed.GetValue(context) }, surroundings.Environment);
            await using ModelServer server = await ModelServer.StartAsync(model, options, cancellation);
            await surroundings.Output.WriteLineAsync($"Serving {model.Name} at {server.Address}");
            await surroundings.Output.FlushAsync(cancellation);
            if (!IPAddress.IsLoopback(options.Host) && options.Key is null) await surroundings.Error.WriteLineAsync("Whoever reaches this address may ask the model: --api-key-env demands a key.");
            try
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, surroundings.Clock, cancellation);
            }
            catch (OperationCanceledException)
            {
                // Ctrl-C is how a server ends.
            }

            return ExitCode.Done;
        });
        return command;
    }

    private static IPAddress AddressOf(string host) => host switch
    {
        "localhost" => IPAddress.Loopback,
        "*" => IPAddress.Any,
        _ when IPAddress.TryParse(host, out IPAddress? address) => address,
        _ => throw new UsageException($"--host '{host}' is no address: name an IP address of this machine, localhost, or 0.0.0.0 for all."),
    };

    private static string KeyOf(string variable, Surroundings surroundings) => surroundings.Environment(variable)?.Trim() is { Length: > 0 } key
        ? key
        : throw new UsageException($"The environment variable {variable}, which is to hold the key, is not set.");
}
