using CsCheck;

namespace Plumbline.Torch.Tests;

public sealed class PackedBatchTests
{
    [Fact]
    public void Pack_AnyDocuments_EachStandsOnceAndWhole()
    {
        Gen.Int[2, 32].List[1, 200].Sample(lengths =>
        {
            TokenDocument[] documents = [.. lengths.Select((n, i) => new TokenDocument([.. Enumerable.Repeat(i + 1, n)], [.. Enumerable.Repeat(true, n)]))];
            IReadOnlyList<PackedBatch> batches = PackedBatch.Pack(documents, [8, 16, 32], 64, 0);
            var found = new Dictionary<int, int>();
            foreach (PackedBatch b in batches)
            {
                Assert.True(b.Rows * b.Length <= 64 && b.Ids.Length == b.Rows * b.Length);
                for (int at = 0; at < b.Ids.Length; at++)
                {
                    Assert.Equal(b.Ids[at] == 0, b.Documents[at] < 0);
                    if (b.Ids[at] == 0) continue;
                    found[b.Ids[at]] = found.GetValueOrDefault(b.Ids[at]) + 1;
                    bool first = at % b.Length == 0 || b.Documents[at - 1] != b.Documents[at];
                    Assert.Equal(!first, b.Counted[at]);
                    if (!first) Assert.Equal(b.Ids[at - 1], b.Ids[at]);
                }
            }

            for (int i = 0; i < documents.Length; i++) Assert.Equal(documents[i].Ids.Length, found[i + 1]);
        });
    }

    [Fact]
    public void Pack_TooLongDocument_IsRefused() =>
        Assert.Throws<ArgumentException>(() => PackedBatch.Pack([new TokenDocument(new int[40], new bool[40])], [8, 32], 64, 0));
}
