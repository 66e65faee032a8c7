using System.Diagnostics;
using Plumbline.Bench.Inference;

string what = args.Length > 0 ? args[0] : "kernels";
int threads = args.Length > 1 ? int.Parse(args[1]) : Environment.ProcessorCount;
switch (what)
{
    case "kernels":
        KernelBench.Run(threads);
        break;
    default:
        Console.Error.WriteLine("kernels [threads]");
        return 2;
}

Debug.Flush();
return 0;
