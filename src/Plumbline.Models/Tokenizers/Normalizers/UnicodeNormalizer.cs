using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers.Normalizers;

/// <summary>
/// Unicode normalisation (UAX 15) with the tables of the reference. .NET's own knows a newer Unicode, and gives no
/// account of which character became which.
/// </summary>
internal sealed class UnicodeNormalizer : INormalizer
{
    private const int HangulFirst = 0xAC00, LeadFirst = 0x1100, VowelFirst = 0x1161, TrailFirst = 0x11A7;
    private const int Leads = 19, Vowels = 21, Trails = 28;

    private readonly bool _compatible, _compose;
    private readonly int _untouched;

    private UnicodeNormalizer(bool compatible, bool compose)
    {
        (_compatible, _compose) = (compatible, compose);
        _untouched = compose && !compatible ? 0x300 : compatible ? 0xA0 : 0xC0;
    }

    public static UnicodeNormalizer Nfc { get; } = new(false, true);

    public static UnicodeNormalizer Nfd { get; } = new(false, false);

    public static UnicodeNormalizer Nfkc { get; } = new(true, true);

    public static UnicodeNormalizer Nfkd { get; } = new(true, false);

    public void Apply(TextBuffer text)
    {
        if (text.OnlyBelow(_untouched)) return;

        // Each character with its change: 0 stands for an old character, 1 is inserted (see TextBuffer.Emit).
        List<(int Point, int Change, int Class)> all = new(text.Length + 16);
        foreach (int point in text.Points) Decompose(point, all);
        Order(all);
        text.BeginRewrite();
        if (_compose) Compose(all, text);
        else
            foreach ((int point, int change, _) in all) text.Emit(point, change);
        text.EndRewrite();
    }

    private void Decompose(int point, List<(int Point, int Change, int Class)> all)
    {
        int syllable = point - HangulFirst;
        if (syllable is >= 0 and < Leads * Vowels * Trails)
        {
            all.Add((LeadFirst + (syllable / (Vowels * Trails)), 0, 0));
            all.Add((VowelFirst + (syllable % (Vowels * Trails) / Trails), 1, 0));
            if (syllable % Trails != 0) all.Add((TrailFirst + (syllable % Trails), 1, 0));
            return;
        }

        int[]? parts = point < 0xA0 ? null : _compatible ? CodePoints.Compatible(point) : CodePoints.Canonical(point);
        if (parts is null)
        {
            all.Add((point, 0, CodePoints.CombiningClass(point)));
            return;
        }

        for (int k = 0; k < parts.Length; k++) all.Add((parts[k], k == 0 ? 0 : 1, CodePoints.CombiningClass(parts[k])));
    }

    // Marks of different classes behind a starter come into the order of their classes; a stable sort, since marks of
    // one class keep theirs. A run may be long (hostile), so it is not an insertion sort.
    private static void Order(List<(int Point, int Change, int Class)> all)
    {
        for (int k = 0; k < all.Count;)
        {
            if (all[k].Class == 0)
            {
                k++;
                continue;
            }

            int end = k;
            bool sorted = true;
            while (end < all.Count && all[end].Class != 0)
            {
                if (end > k && all[end].Class < all[end - 1].Class) sorted = false;
                end++;
            }

            if (!sorted)
            {
                (int Point, int Change, int Class)[] run = [.. all[k..end].OrderBy(c => c.Class)];
                for (int j = k; j < end; j++) all[j] = run[j - k];
            }

            k = end;
        }
    }

    private static void Compose(List<(int Point, int Change, int Class)> all, TextBuffer text)
    {
        List<(int Point, int Change)> waiting = [];
        int starter = -1, starterChange = 0, lastClass = -1;
        foreach ((int point, int change, int kind) in all)
        {
            if (starter < 0)
            {
                if (kind != 0)
                {
                    text.Emit(point, change);
                    continue;
                }

                (starter, starterChange) = (point, change);
                continue;
            }

            // Blocked if a mark of the same or a higher class stands between.
            if (lastClass < 0 || (lastClass < kind && kind != 0))
            {
                int composite = Pair(starter, point);
                if (composite >= 0)
                {
                    starter = composite;
                    starterChange += change - 1;
                    continue;
                }
            }

            if (kind == 0)
            {
                Flush();
                (starter, starterChange) = (point, change);
                lastClass = -1;
                continue;
            }

            waiting.Add((point, change));
            lastClass = kind;
        }

        if (starter >= 0) Flush();

        void Flush()
        {
            text.Emit(starter, starterChange);
            foreach ((int point, int change) in waiting) text.Emit(point, change);
            waiting.Clear();
        }
    }

    private static int Pair(int first, int second)
    {
        int lead = first - LeadFirst, vowel = second - VowelFirst;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels) return HangulFirst + (((lead * Vowels) + vowel) * Trails);
        int syllable = first - HangulFirst, trail = second - TrailFirst;
        if (syllable is >= 0 and < Leads * Vowels * Trails && syllable % Trails == 0 && trail is > 0 and < Trails) return first + trail;
        return CodePoints.Compose(first, second);
    }
}
