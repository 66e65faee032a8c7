using Plumbline.Bench.Inference;

if (args is ["kernels", ..])
{
    KernelBench.Run(args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount);
    return 0;
}

if (args is ["model", string path, ..])
{
    await ModelBench.Run(path, args.Length > 2 ? int.Parse(args[2]) : Environment.ProcessorCount, args.Length > 3 ? args[3] : null);
    return 0;
}

if (args is ["hooks", string hooked, ..])
{
    HookedBench.Run(hooked, args.Length > 2 ? int.Parse(args[2]) : Environment.ProcessorCount);
    return 0;
}

Console.Error.WriteLine("kernels [threads]\nhooks PATH [threads]\nmodel PATH [threads] [FILE with a sentence a line]");
return 2;
