using System.Globalization;
using Plumbline.Bench.Inference;

int threads = int.Parse(Option("--threads") ?? $"{Environment.ProcessorCount}", CultureInfo.InvariantCulture);
switch (args)
{
    case ["kernels", ..]:
        KernelBench.Run(threads);
        return 0;
    case ["model", string path, ..]:
        ModelBench.Run(path, threads, Option("--llama"), Option("--sentences"), int.Parse(Option("--rounds") ?? "8", CultureInfo.InvariantCulture), (Option("--parts") ?? "prefill,scoring,decode,together").Split(','));
        return 0;
    case ["hooks", string path, ..]:
        HookedBench.Run(path, threads);
        return 0;
    default:
        Console.Error.WriteLine("""
            kernels [--threads N]
            hooks PATH [--threads N]
            model PATH [--threads N] [--rounds N] [--sentences FILE] [--llama FOLDER] [--parts prefill,scoring,decode,together]
              FOLDER: where `npm install node-llama-cpp` was run; llama.cpp then runs the same file in turns.
            """);
        return 2;
}

string? Option(string name) => Array.IndexOf(args, name) is >= 0 and int at && at + 1 < args.Length ? args[at + 1] : null;
