using CsCheck;

namespace Plumbline.Torch.Tests;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("plumbline-tensors-").FullName, "x.safetensors");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Fact]
    public void Read_Write_GivesTheSameValues()
    {
        SafetensorsFile.Write(_path, [new NamedWeight("a", [2, 3], [1, -2, 0.5f, 4, 5, 6]), new NamedWeight("b", [0], [])], half: false, new Dictionary<string, string> { ["k"] = "v" });
        (IReadOnlyDictionary<string, NamedWeight> weights, IReadOnlyDictionary<string, string> metadata) = SafetensorsFile.Read(_path);
        Assert.Equal([1, -2, 0.5f, 4, 5, 6], weights["a"].Values);
        Assert.Equal([2L, 3], weights["a"].Shape);
        Assert.Empty(weights["b"].Values);
        Assert.Equal("v", metadata["k"]);
        SafetensorsFile.Write(_path, [new NamedWeight("a", [2], [1.0002f, 70000f])], half: true);
        Assert.Equal([1f, float.PositiveInfinity], SafetensorsFile.Read(_path).Weights["a"].Values);
    }

    [Fact]
    public void Read_BrokenFile_IsRefusedOrReadable()
    {
        SafetensorsFile.Write(_path, [new NamedWeight("a", [2, 3], [1, 2, 3, 4, 5, 6])], half: false);
        byte[] whole = File.ReadAllBytes(_path);
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte, Gen.Int[0, whole.Length]).Sample((at, value, length) =>
        {
            byte[] broken = whole[..length];
            if (at < length) broken[at] = value;
            File.WriteAllBytes(_path, broken);
            try
            {
                SafetensorsFile.Read(_path);
            }
            catch (InvalidDataException)
            {
            }
        }, iter: 500, threads: 1);
    }
}
