namespace Plumbline.Torch;

/// <summary>A training text: its ids, and for each whether predicting it is part of the loss (the first id never is).</summary>
public sealed record TokenDocument(int[] Ids, bool[] Counted);

/// <summary>
/// Rows of one length, each packed with whole documents. <see cref="Documents"/> numbers the document at each place of
/// a row (−1: padding); attention stays inside a document.
/// </summary>
public sealed record PackedBatch(int Rows, int Length, int[] Ids, int[] Documents, bool[] Counted)
{
    /// <summary>How many ids are no padding.</summary>
    public int Tokens => Documents.Count(d => d >= 0);

    /// <summary>
    /// Packs documents into rows and rows into batches. A document goes into the open row that it fills best, or opens a
    /// row of the shortest length that holds it; the batches of all lengths are put in the order of their rows' first
    /// documents, so that the order of the documents, which the caller has shuffled, is roughly kept.
    /// </summary>
    /// <param name="documents">Documents in the order of training.</param>
    /// <param name="lengths">Row lengths, ascending.</param>
    /// <param name="batchTokens">Places of a batch; a multiple of every row length.</param>
    /// <param name="padding">The id of empty places.</param>
    /// <exception cref="ArgumentException">A document is longer than the longest row, or the sizes do not fit.</exception>
    public static IReadOnlyList<PackedBatch> Pack(IReadOnlyList<TokenDocument> documents, IReadOnlyList<int> lengths, int batchTokens, int padding)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(lengths);
        if (lengths.Count == 0 || lengths.Any(l => l < 2 || batchTokens % l != 0)) throw new ArgumentException($"Row lengths {string.Join(", ", lengths)} do not divide {batchTokens}.", nameof(lengths));
        int longest = lengths[^1];
        foreach (TokenDocument d in documents)
            if (d.Ids.Length > longest || d.Ids.Length != d.Counted.Length)
                throw new ArgumentException($"A document of {d.Ids.Length} ids and {d.Counted.Length} marks does not fit into a row of {longest}.", nameof(documents));
        var done = new List<(double Place, PackedBatch Batch)>();
        foreach (IGrouping<int, Row> rows in Fill(documents, lengths).GroupBy(r => r.Length))
            foreach (Row[] own in rows.Chunk(batchTokens / rows.Key)) done.Add((own.Average(r => r.First), Lay(own, rows.Key, padding)));
        return [.. done.OrderBy(d => d.Place).Select(d => d.Batch)];
    }

    /// <summary>A row that is being filled: its length, places used, the number of its first document, and its documents.</summary>
    private sealed class Row(int length, int first)
    {
        public int Length { get; } = length;

        public int First { get; } = first;

        public int Used { get; set; }

        public List<TokenDocument> Documents { get; } = [];
    }

    private static List<Row> Fill(IReadOnlyList<TokenDocument> documents, IReadOnlyList<int> lengths)
    {
        const int Window = 96;   // open rows; more fills rows better and shuffles more
        var open = new List<Row>();
        var full = new List<Row>();
        for (int place = 0; place < documents.Count; place++)
        {
            TokenDocument document = documents[place];
            Row? best = null;
            foreach (Row row in open)
                if (row.Used + document.Ids.Length <= row.Length && (best is null || row.Length - row.Used < best.Length - best.Used)) best = row;
            if (best is null)
            {
                if (open.Count == Window)
                {
                    Row fullest = open.MinBy(r => r.Length - r.Used)!;
                    full.Add(fullest);
                    open.Remove(fullest);
                }

                best = new Row(lengths.First(l => l >= document.Ids.Length), place);
                open.Add(best);
            }

            best.Documents.Add(document);
            best.Used += document.Ids.Length;
        }

        full.AddRange(open);
        return full;
    }

    private static PackedBatch Lay(Row[] rows, int length, int padding)
    {
        var ids = new int[rows.Length * length];
        var owner = new int[ids.Length];
        var counted = new bool[ids.Length];
        Array.Fill(ids, padding);
        Array.Fill(owner, -1);
        for (int r = 0; r < rows.Length; r++)
        {
            int at = r * length;
            for (int d = 0; d < rows[r].Documents.Count; d++)
            {
                TokenDocument document = rows[r].Documents[d];
                document.Ids.CopyTo(ids, at);
                document.Counted.CopyTo(counted, at);
                counted[at] = false;
                Array.Fill(owner, d, at, document.Ids.Length);
                at += document.Ids.Length;
            }
        }

        return new PackedBatch(rows.Length, length, ids, owner, counted);
    }
}
