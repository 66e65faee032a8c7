namespace Plumbline.Models.Tests.Files;

public sealed class FuzzTests
{
    /// <summary>A small budget on every run; eng/fuzz has the large one.</summary>
    [Theory]
    [InlineData("safetensors")]
    [InlineData("gguf")]
    [InlineData("config")]
    [InlineData("index")]
    [InlineData("llama2c")]
    [InlineData("mingpt")]
    public void Mutated_files_load_or_are_refused(string format)
    {
        using ModelFileFuzzer fuzzer = new();
        Assert.Empty(fuzzer.Run(format, count: 1000, seed: 1));
        Assert.True(fuzzer.Counts is { Refused: > 100, Loaded: > 0 }, $"{fuzzer.Counts}");
    }
}
