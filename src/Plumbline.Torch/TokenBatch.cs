namespace Plumbline.Torch;

/// <summary>A training text: its ids, and for each whether predicting it is part of the loss (the first id never is).</summary>
public sealed record TokenDocument(int[] Ids, bool[] Counted);

/// <summary>
/// Rows of one length, each packed with whole documents. <see cref="Documents"/> numbers the document at each place of
/// a row (−1: padding); attention stays inside a document.
/// </summary>
public sealed record TokenBatch(int Rows, int Length, int[] Ids, int[] Documents, bool[] Counted)
{
    /// <summary>How many ids are no padding.</summary>
    public int Tokens => Documents.Count(d => d >= 0);

    /// <summary>
    /// Packs documents into rows and rows into batches. A document goes to the shortest row length that holds it, rows
    /// fill up in the given order (first row that has room, among the last few), and the batches of all lengths are interleaved
    /// evenly, so that the order of the documents, which the caller has shuffled, is roughly kept.
    /// </summary>
    /// <param name="documents">Documents in the order of training.</param>
    /// <param name="lengths">Row lengths, ascending.</param>
    /// <param name="batchTokens">Places of a batch; a multiple of every row length.</param>
    /// <param name="padding">The id of empty places.</param>
    /// <exception cref="ArgumentException">A document is longer than the longest row, or the sizes do not fit.</exception>
    public static IReadOnlyList<TokenBatch> Pack(IReadOnlyList<TokenDocument> documents, IReadOnlyList<int> lengths, int batchTokens, int padding)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentNullException.ThrowIfNull(lengths);
        if (lengths.Count == 0 || lengths.Any(l => l < 2 || batchTokens % l != 0)) throw new ArgumentException($"Row lengths {string.Join(", ", lengths)} do not divide {batchTokens}.");
        var done = new List<(double Place, TokenBatch Batch)>();
        for (int c = 0; c < lengths.Count; c++)
        {
            int length = lengths[c], shorter = c == 0 ? 0 : lengths[c - 1];
            List<(int Place, TokenDocument Document)> own = [.. documents.Select((d, i) => (i, d)).Where(e => e.d.Ids.Length <= length && e.d.Ids.Length > shorter)];
            PackOne(own, length, batchTokens / length, padding, done);
        }

        int longest = lengths[^1];
        foreach (TokenDocument d in documents)
            if (d.Ids.Length > longest || d.Ids.Length != d.Counted.Length)
                throw new ArgumentException($"A document of {d.Ids.Length} ids and {d.Counted.Length} marks does not fit into a row of {longest}.");
        return [.. done.OrderBy(d => d.Place).Select(d => d.Batch)];
    }

    private static void PackOne(List<(int Place, TokenDocument Document)> documents, int length, int rows, int padding, List<(double, TokenBatch)> done)
    {
        const int Window = 64;   // open rows; more fills rows better and shuffles more
        var open = new List<(int Used, int First, List<TokenDocument> Documents)>();
        var full = new List<(int First, List<TokenDocument> Documents)>();
        foreach ((int place, TokenDocument document) in documents)
        {
            int best = -1;
            for (int i = 0; i < open.Count; i++)
                if (open[i].Used + document.Ids.Length <= length && (best < 0 || open[i].Used > open[best].Used)) best = i;
            if (best >= 0)
            {
                open[best].Documents.Add(document);
                open[best] = open[best] with { Used = open[best].Used + document.Ids.Length };
                continue;
            }

            if (open.Count == Window)
            {
                int fullest = 0;
                for (int i = 1; i < open.Count; i++)
                    if (open[i].Used > open[fullest].Used) fullest = i;
                full.Add((open[fullest].First, open[fullest].Documents));
                open.RemoveAt(fullest);
            }

            open.Add((document.Ids.Length, place, [document]));
        }

        full.AddRange(open.Select(o => (o.First, o.Documents)));
        for (int from = 0; from < full.Count; from += rows)
        {
            List<(int First, List<TokenDocument> Documents)> own = full.GetRange(from, Math.Min(rows, full.Count - from));
            var ids = new int[own.Count * length];
            var owner = new int[ids.Length];
            var counted = new bool[ids.Length];
            Array.Fill(ids, padding);
            Array.Fill(owner, -1);
            for (int r = 0; r < own.Count; r++)
            {
                int at = r * length;
                for (int d = 0; d < own[r].Documents.Count; d++)
                {
                    TokenDocument document = own[r].Documents[d];
                    document.Ids.CopyTo(ids, at);
                    document.Counted.CopyTo(counted, at);
                    counted[at] = false;
                    Array.Fill(owner, d, at, document.Ids.Length);
                    at += document.Ids.Length;
                }
            }

            done.Add((own.Average(o => o.First), new TokenBatch(own.Count, length, ids, owner, counted)));
        }
    }
}
