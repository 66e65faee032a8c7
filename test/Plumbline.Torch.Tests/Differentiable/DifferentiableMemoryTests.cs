using Plumbline.Models.Hooks;
using System.Diagnostics;
using Plumbline.Torch.Differentiable;
using TorchSharp;
using static TorchSharp.torch;

namespace Plumbline.Torch.Tests.Differentiable;

[Collection("torch")]
public sealed class DifferentiableMemoryTests
{
    [Fact]
    public void Run_TenThousandWithEditsGradientsAndExceptions_LeavesTensorsAndMemoryFlat()
    {
        using DifferentiableTransformer model = WhiteboxGolden.Load("tiny-neox");
        TokenBatch batch = TokenBatch.Of([1, 5, 9]);
        Passes(1000);
        (long tensors, long resident) = Measure();
        Passes(10_000);
        (long tensorsAfter, long residentAfter) = Measure();
        Assert.Equal(tensors, tensorsAfter);
        // The graph of a pass is about 100 KB: one in a hundred left behind would be 10 MB.
        Assert.True(residentAfter - resident < 48 << 20, $"resident memory grew by {residentAfter - resident} bytes");

        void Passes(int count)
        {
            for (int i = 0; i < count; i++)
            {
                int pass = i;
                TensorFunction edit = (value, _) => pass % 3 == 0 ? throw new InvalidOperationException("wanted") : value * 2;
                try
                {
                    if (pass % 10 == 1)
                    {
                        model.Gradients(batch, new GradientRun { Hooks = ["*"], Parameters = ["*"], OneHotGradient = true, Edits = [new("blocks.1.hook_resid_pre", edit)] });
                        continue;
                    }

                    using DisposeScope scope = NewDisposeScope();
                    model.Run(batch, new TensorRun { Keep = ["*"], Edits = [new("blocks.1.hook_resid_pre", edit)] });
                }
                catch (InvalidOperationException e) when (e.Message == "wanted")
                {
                    // What an edit throws comes through as it is.
                }
            }
        }

        static (long Tensors, long Resident) Measure()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            using Process process = Process.GetCurrentProcess();
            return (Tensor.TotalCount, process.WorkingSet64);
        }
    }
}
