using System.Diagnostics;

namespace Plumbline.Bench.Engine;

/// <summary>A process from start to end, with the count of requests that it sent checked.</summary>
internal static class Timed
{
    /// <summary>Prompts a second.</summary>
    public static async Task<double> RunAsync(ProcessStartInfo start, EndpointServer server, int prompts)
    {
        long before = server.Requests;
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} did not start.");
        Task drained = start.RedirectStandardOutput ? process.StandardOutput.ReadToEndAsync() : Task.CompletedTask;
        await process.WaitForExitAsync();
        await drained;
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        long sent = server.Requests - before;
        return sent == prompts ? prompts / seconds : throw new InvalidOperationException($"{start.FileName} sent {sent} requests for {prompts} prompts and ended with {process.ExitCode}: no fair comparison.");
    }
}
