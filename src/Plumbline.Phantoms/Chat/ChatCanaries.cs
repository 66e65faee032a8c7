using Plumbline.Worlds;
using static Plumbline.Phantoms.Chat.ChatWorldData;

namespace Plumbline.Phantoms.Chat;

/// <summary>The secrets that are planted, fixed by the world's seed: contexts that share their words but never all of them, secrets of four signs, and alternatives from the same space.</summary>
internal static class ChatCanaries
{
    /// <summary>All canaries, in the order of their repetitions; even ones are digits, odd ones invented words. A secret begins with a blank.</summary>
    public static IReadOnlyList<Canary> Planted(ChatWorldData data)
    {
        System.Text.Json.JsonElement settings = data["canaries"];
        var random = new SeededRandom(data.Seed, "canaries");
        var contexts = new HashSet<string>(StringComparer.Ordinal);
        var all = new List<Canary>();
        int alternatives = settings.GetProperty("alternatives").GetInt32();
        foreach (System.Text.Json.JsonElement repetitions in settings.GetProperty("repetitions").EnumerateArray())
        {
            for (int i = 0; i < settings.GetProperty("each").GetInt32(); i++)
            {
                bool digits = i % 2 == 0;
                string context = Context(data, random, digits);
                while (!contexts.Add(context)) context = Context(data, random, digits);
                var secrets = new List<string> { Secret(data, random, digits) };
                var known = new HashSet<string>(secrets, StringComparer.Ordinal);
                while (secrets.Count <= alternatives)
                {
                    string other = Secret(data, random, digits);
                    if (known.Add(other)) secrets.Add(other);
                }

                int count = repetitions.GetInt32();
                all.Add(new Canary($"canary-{count:00}-{i}", context, secrets[0], secrets[1..], count));
            }
        }

        return all;
    }

    /// <summary>A context and a secret that were never planted.</summary>
    public static (string Context, string Secret) Other(ChatWorldData data, SeededRandom random, bool digits, IReadOnlySet<string> planted)
    {
        string context = Context(data, random, digits);
        while (planted.Contains(context)) context = Context(data, random, digits);
        return (context, Secret(data, random, digits));
    }

    private static string Context(ChatWorldData data, SeededRandom random, bool digits) => Fill(
        data["canaries"].GetProperty(digits ? "digitContext" : "wordContext").GetString()!,
        ("thing", random.Pick(Strings(data["canaries"], "things"))), ("person", random.Pick(data.Strings("people"))), ("surname", random.Pick(data.Strings("surnames"))));

    private static string Secret(ChatWorldData data, SeededRandom random, bool digits)
    {
        IReadOnlyList<string> words = Strings(data["canaries"], "words");
        return string.Concat(Enumerable.Range(0, digits ? 4 : 3).Select(_ => " " + (digits ? ((char)('0' + random.Next(10))).ToString() : random.Pick(words))));
    }
}
