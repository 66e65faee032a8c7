using Microsoft.Extensions.AI;
using Plumbline.Worlds;

namespace Plumbline.Attack.BlackBox;

/// <summary>
/// In-context attack (Wei et al. 2023, "Jailbreak and Guard Aligned Language Models with Only Few In-Context
/// Demonstrations"): compliant answers to other harmful requests go before the request as earlier turns. The
/// demonstrations are fictional and teach nothing.
/// </summary>
internal static class FewShot
{
    public const string Family = "few-shot";

    /// <summary>Demonstrations before the request.</summary>
    private const int Shots = 3;

    /// <summary>The conversation for the i-th behaviour; null where the world has no demonstrations.</summary>
    public static Func<Behaviour, int, IReadOnlyList<ChatMessage>?> For(World world, Draw draw)
    {
        IReadOnlyList<Exchange>? pool = world.Demonstrations(draw with { Limit = null })?.Items;
        if (pool is null or { Count: < Shots }) return (_, _) => null;
        return (behaviour, i) =>
        {
            List<ChatMessage> messages = [];
            for (int shot = 0; shot < Shots; shot++)
            {
                Exchange example = pool[((i * Shots) + shot) % pool.Count];
                messages.Add(new(ChatRole.User, example.Request));
                messages.Add(new(ChatRole.Assistant, example.Reply));
            }

            messages.Add(new(ChatRole.User, behaviour.Request));
            return messages;
        };
    }
}
