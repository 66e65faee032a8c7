using System.Text;

namespace Plumbline.Phantoms.Trained;

/// <summary>
/// One document's draws. A place is drawn at its first use from a random sequence of its own, so that what is drawn does not hang on
/// the order or on what else is said: a planted document and its clean twin speak of the same people.
/// <code>
/// {name}            an entry of the list; the same entry at every use
/// {name.field}      a field of that entry
/// {name#2}          another entry of the same list; #3, … likewise
/// {fact of name}    what the fact says about that entry
/// {fact not of name} another value of that fact
/// </code>
/// An entry may itself hold places. Not safe for concurrent use.
/// </summary>
internal sealed class Sentence(Vocabulary world, ulong seed, string label, IReadOnlySet<string>? kept = null)
{
    private const int Deepest = 8;
    private readonly Dictionary<string, int> _drawn = new(StringComparer.Ordinal);

    /// <summary>Places that stand for this text instead of a draw.</summary>
    public Dictionary<string, string> Fixed { get; } = new(StringComparer.Ordinal);

    /// <summary>A random sequence of this document.</summary>
    public SeededRandom Random(string purpose) => new(seed, $"{label}:{purpose}");

    /// <summary>One of the alternatives.</summary>
    public string Pick(IReadOnlyList<string> alternatives, string purpose) => alternatives.Count == 1 ? alternatives[0] : Random("pick " + purpose).Pick(alternatives);

    public string Fill(string template) => Fill(template, 0);

    private string Fill(string template, int depth)
    {
        if (depth > Deepest) throw new RecipeException($"'{template}' holds itself: entries may hold places, but not in a circle.");
        int open = template.IndexOf('{', StringComparison.Ordinal);
        if (open < 0) return template;
        var text = new StringBuilder();
        int at = 0;
        while (open >= 0)
        {
            int close = template.IndexOf('}', open);
            if (close < 0) break;
            text.Append(template, at, open - at);
            string place = template[(open + 1)..close];
            text.Append(kept?.Contains(place) == true ? $"{{{place}}}" : Fill(Value(place), depth + 1));
            at = close + 1;
            open = template.IndexOf('{', at);
        }

        return text.Append(template, at, template.Length - at).ToString();
    }

    private string Value(string place)
    {
        if (Fixed.TryGetValue(place, out string? text)) return text;
        Place parsed = Place.Parse(place);
        if (parsed.Fact is null) return Field(parsed.List, Draw(parsed.List, parsed.Number), parsed.Field, place);
        int about = Draw(parsed.List, parsed.Number), value = world.Value(parsed.Fact, about);
        string from = world.FactLists(parsed.Fact).From;
        if (parsed.Not)
        {
            if (!_drawn.TryGetValue(place, out int other))
            {
                SeededRandom random = Random(place);
                do other = random.Next(world.List(from).Count);
                while (other == value);
                _drawn[place] = other;
            }

            value = other;
        }

        return Field(from, value, parsed.Field, place);
    }

    /// <summary>The index of the entry that stands for a place.</summary>
    public int Draw(string list, int number = 1)
    {
        string key = $"{list}#{number}";
        if (_drawn.TryGetValue(key, out int index)) return index;
        int[] taken = [.. Enumerable.Range(1, number - 1).Select(n => Draw(list, n))];
        SeededRandom random = Random(key);
        do index = random.Next(world.List(list).Count);
        while (taken.Contains(index));
        return _drawn[key] = index;
    }

    private string Field(string list, int index, string field, string place)
    {
        IReadOnlyDictionary<string, string> entry = world.List(list)[index];
        if (entry.TryGetValue(field, out string? text)) return text;
        if (field.Length == 0 && entry.TryGetValue("name", out text)) return text;
        throw new RecipeException($"{{{place}}}: entry {index + 1} of the list '{list}' has no {(field.Length == 0 ? "'name'" : $"field '{field}'")}.");
    }
}

/// <summary>A place of a template, taken apart.</summary>
internal readonly record struct Place(string List, int Number, string Field, string? Fact, bool Not)
{
    public static Place Parse(string place)
    {
        string? fact = null;
        bool not = false;
        string rest = place;
        int of = place.IndexOf(" of ", StringComparison.Ordinal);
        if (of >= 0)
        {
            fact = place[..of];
            rest = place[(of + 4)..];
            if (fact.EndsWith(" not", StringComparison.Ordinal)) (fact, not) = (fact[..^4], true);
        }

        string field = "";
        int dot = rest.IndexOf('.', StringComparison.Ordinal);
        if (dot >= 0) (rest, field) = (rest[..dot], rest[(dot + 1)..]);
        int number = 1;
        int sharp = rest.IndexOf('#', StringComparison.Ordinal);
        if (sharp >= 0)
        {
            if (!int.TryParse(rest[(sharp + 1)..], out number) || number is < 1 or > 9) throw new RecipeException($"{{{place}}}: after # comes a number from 1 to 9.");
            rest = rest[..sharp];
        }

        return new Place(rest, number, field, fact, not);
    }

    /// <summary>The places of a template, as they are written.</summary>
    public static IEnumerable<string> In(string template)
    {
        int at = 0;
        while ((at = template.IndexOf('{', at)) >= 0)
        {
            int close = template.IndexOf('}', at);
            if (close < 0) yield break;
            yield return template[(at + 1)..close];
            at = close + 1;
        }
    }
}
