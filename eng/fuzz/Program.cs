using System.Diagnostics;
using System.Globalization;
using Plumbline.Models.Tests.Files;

// Mutated model files, 100,000 of each format unless told otherwise. Exit code 1 where one of them did anything but load or be refused.
int count = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 100_000;
int seed = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 1;
bool clean = true;
foreach (string format in args.Length > 2 ? [args[2]] : ModelFileFuzzer.Formats)
{
    using ModelFileFuzzer fuzzer = new();
    long start = Stopwatch.GetTimestamp();
    IReadOnlyList<string> faults = fuzzer.Run(format, count, seed);
    Console.WriteLine($"{format}: {fuzzer.Counts.Loaded} loaded, {fuzzer.Counts.Refused} refused, {faults.Count} faults, {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s");
    foreach (string fault in faults) Console.WriteLine(fault);
    clean &= faults.Count == 0;
}

return clean ? 0 : 1;
