using System.Text.Json;
using Plumbline.Models.Files;
using Plumbline.Tests;

namespace Plumbline.Models.Tests.Files;

public sealed class MalformedTests
{
    [Fact]
    public void Safetensors_are_read_or_refused_as_the_manifest_says() => Check("safetensors", path =>
    {
        using Safetensors file = Safetensors.Open(path);
        ReadAll(file);
    });

    [Fact]
    public void Gguf_files_are_read_or_refused_as_the_manifest_says() => Check("gguf", OpenModel);

    [Fact]
    public void Folders_are_read_or_refused_as_the_manifest_says() => Check("folder", OpenModel);

    private static void OpenModel(string path)
    {
        using ModelFolder model = ModelFolder.Open(path);
        ReadAll(model.Tensors);
    }

    private static void ReadAll(ITensorSource source)
    {
        foreach (TensorInfo tensor in source.Tensors.Values) source.Read(tensor.Name, new float[tensor.Count]);
    }

    private static void Check(string kind, Action<string> open)
    {
        List<string> faults = [];
        int files = 0;
        foreach (JsonElement line in Golden.Lines("golden", "models", "malformed", "manifest.jsonl"))
        {
            if (line.GetProperty("kind").GetString() != kind) continue;
            files++;
            string name = line.GetProperty("file").GetString()!, expect = line.GetProperty("expect").GetString()!;
            string path = Golden.Path(["golden", "models", "malformed", .. name.Split('/')]);
            long before = GC.GetAllocatedBytesForCurrentThread();
            ModelFileException? refused = null;
            try
            {
                open(path);
            }
            catch (ModelFileException e)
            {
                refused = e;
            }

            // Every file is at most 4 kB.
            long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            if (allocated > 4_000_000) faults.Add($"{name}: {allocated} bytes allocated");
            if (refused is null && expect == "error") faults.Add($"{name}: loads, but must be refused ({line.GetProperty("wrong")})");
            if (refused is not null && expect == "ok") faults.Add($"{name}: refused, but must load: {refused.Message}");
            if (refused is null || expect == "ok") continue;
            string message = refused.Message.Replace(path, "", StringComparison.Ordinal);
            if (!refused.Message.Contains(path, StringComparison.Ordinal)) faults.Add($"{name}: the message does not name the file: {message}");
            string[] unsaid = [.. line.GetProperty("mentions").EnumerateArray().Select(e => e.GetString()!).Where(m => !refused.Message.Contains(m, StringComparison.OrdinalIgnoreCase))];
            if (unsaid.Length > 0) faults.Add($"{name}: the message lacks {string.Join(", ", unsaid)}: {message}");
        }

        Assert.NotEqual(0, files);
        Assert.True(faults.Count == 0, $"{faults.Count} faults in {files} files:\n" + string.Join("\n", faults));
    }
}
