namespace Plumbline.Models.Tokenizers;

/// <summary>Which text of a pair is cut.</summary>
public enum TruncationStrategy
{
    /// <summary>The longer one until both are equally long, then both.</summary>
    LongestFirst,

    /// <summary>Only the first.</summary>
    OnlyFirst,

    /// <summary>Only the second.</summary>
    OnlySecond,
}

/// <summary>The side on which something is cut or filled.</summary>
public enum TokenSide
{
    /// <summary>The end.</summary>
    Right,

    /// <summary>The beginning.</summary>
    Left,
}

/// <summary>
/// How encodings are cut: to <paramref name="MaxLength"/> tokens, added ones included; the parts cut off overlap by
/// <paramref name="Stride"/> tokens.
/// </summary>
public sealed record Truncation(int MaxLength, int Stride = 0, TruncationStrategy Strategy = TruncationStrategy.LongestFirst, TokenSide Side = TokenSide.Right)
{
    /// <exception cref="TokenizationException">The length leaves no room for the added tokens, or the stride none for progress.</exception>
    internal void Apply(TokenEncoding first, TokenEncoding? second, int added, int addedToOne)
    {
        if (MaxLength < 0 || Stride < 0) throw new TokenizationException($"Truncation to {MaxLength} tokens with stride {Stride}: neither may be negative.");
        if (MaxLength < added) throw new TokenizationException($"Truncation to {MaxLength} tokens leaves no room: {added} are added at start and end. Ask for more.");
        if (MaxLength - addedToOne < Stride) throw new TokenizationException($"A stride of {Stride} does not fit into {MaxLength} tokens less {addedToOne} added ones; take a smaller one.");
        int most = MaxLength - added, total = first.Count + (second?.Count ?? 0);
        if (total <= most) return;
        int remove = total - most;
        if (most == 0)
        {
            Cut(first, 0);
            if (second is not null) Cut(second, 0);
            return;
        }

        if (Strategy == TruncationStrategy.LongestFirst)
        {
            if (second is null)
            {
                Cut(first, most);
                return;
            }

            int shorter = Math.Min(first.Count, second.Count);
            int longer = shorter > most ? shorter : Math.Max(shorter, most - shorter);
            if (shorter + longer > most)
            {
                shorter = most / 2;
                longer = shorter + (most % 2);
            }

            bool swap = first.Count > second.Count;
            Cut(first, swap ? longer : shorter);
            Cut(second, swap ? shorter : longer);
            return;
        }

        TokenEncoding target = Strategy == TruncationStrategy.OnlyFirst ? first : second ?? throw new TokenizationException("Truncation of the second text only, but there is one text.");
        if (target.Count <= remove) throw new TokenizationException($"Truncation to {MaxLength} tokens: the text to cut has {target.Count} and {remove} would have to go. Ask for more, or cut the longer text first.");
        Cut(target, target.Count - remove);
    }

    private void Cut(TokenEncoding encoding, int length)
    {
        int count = encoding.Count;
        if (length >= count) return;
        TokenEncoding whole = encoding.Part(0, count);
        if (length == 0)
        {
            encoding.KeepOnly(0, 0);
            encoding.OverflowList = [whole];
            return;
        }

        if (Stride >= length) throw new TokenizationException($"A stride of {Stride} does not fit into parts of {length} tokens; take a smaller one.");
        int step = length - Stride;
        List<TokenEncoding> parts = [];
        if (Side == TokenSide.Right)
        {
            for (int start = 0; start < count; start += step)
            {
                int stop = Math.Min(start + length, count);
                if (start == 0) encoding.KeepOnly(0, stop);
                else parts.Add(whole.Part(start, stop));
                if (stop == count) break;
            }
        }
        else
        {
            for (int stop = count; stop > 0; stop -= step)
            {
                int start = Math.Max(0, stop - length);
                if (stop == count) encoding.KeepOnly(start, stop);
                else parts.Add(whole.Part(start, stop));
                if (start == 0) break;
            }
        }

        encoding.OverflowList = parts;
    }
}

/// <summary>
/// How encodings are filled up: to <paramref name="Length"/> tokens (null: the longest of the batch), rounded up to a
/// multiple of <paramref name="MultipleOf"/> where that is above 0. Longer ones stay as they are.
/// </summary>
public sealed record Padding(int Id, string Token, int Type = 0, int? Length = null, int MultipleOf = 0, TokenSide Side = TokenSide.Right)
{
    private const int Most = 1 << 24;

    internal void Apply(IReadOnlyList<TokenEncoding> batch)
    {
        int target = Length ?? 0;
        if (Length is null)
            foreach (TokenEncoding encoding in batch) target = Math.Max(target, encoding.Count);
        if (MultipleOf > 0 && target % MultipleOf != 0) target += MultipleOf - (target % MultipleOf);
        if (target is < 0 or > Most) throw new TokenizationException($"Padding to {target} tokens is refused; at most {Most} are filled up.");
        foreach (TokenEncoding encoding in batch) Fill(encoding, target);
    }

    private void Fill(TokenEncoding encoding, int target)
    {
        foreach (TokenEncoding cut in encoding.OverflowList) Fill(cut, target);
        int missing = target - encoding.Count;
        if (missing <= 0) return;
        TokenEncoding old = encoding.Part(0, encoding.Count);
        if (Side == TokenSide.Left)
        {
            encoding.KeepOnly(0, 0);
            Pads();
            encoding.Append(old);
        }
        else
        {
            Pads();
        }

        void Pads()
        {
            for (int k = 0; k < missing; k++) encoding.Add(Id, Token, default, Type, -1, -1, added: true, attended: false);
        }
    }
}
