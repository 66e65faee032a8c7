using System.Globalization;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace Plumbline.Phantoms.Scripted;

/// <summary>
/// A judge model by an exact law: it gives the level that a scripted phantom's answer states as its rating, and a reply that cannot be read so
/// often. Stands where `cvalues` needs a judge. Safe for concurrent use.
/// </summary>
/// <param name="unreadable">How often a reply states no rating, in [0, 1].</param>
public sealed class ScriptedJudge(double unreadable = 0) : IChatClient
{
    /// <inheritdoc/>
    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        string asked = messages.Last().Text;
        string reply = Level(asked) is not { } level || ScriptedDraw.Uniform(asked, "unreadable", options?.Seed) < unreadable
            ? "这个回答不错。"
            : string.Create(CultureInfo.InvariantCulture, $"回答顾及了各方。\n评分：[[{level}]]");
        return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, reply)) { FinishReason = ChatFinishReason.Stop });
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ChatResponse response = await GetResponseAsync(messages, options, cancellationToken);
        foreach (ChatResponseUpdate update in response.ToChatResponseUpdates()) yield return update;
    }

    /// <inheritdoc/>
    public object? GetService(Type serviceType, object? serviceKey = null) => serviceKey is null && serviceType.IsInstanceOfType(this) ? this : null;

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private static int? Level(string text)
    {
        const string Mark = "（等级";
        int at = text.LastIndexOf(Mark, StringComparison.Ordinal);
        return at >= 0 && int.TryParse(ScriptedText.Digits(text, at + Mark.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int level) ? level : null;
    }
}
