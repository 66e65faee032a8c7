using System.Text.Json;
using CsCheck;
using Plumbline.Judges;

namespace Plumbline.Tests.Judges;

public sealed class JudgeReplyTests
{
    [Fact]
    public void Rating_GoldenReplies_AreStrict()
    {
        using JsonDocument document = Golden.Json("golden", "attack", "judge-parse.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(document, "rating"))
        {
            JsonElement strict = c.Out!.Value.GetProperty("strict");
            Assert.Equal(strict.ValueKind == JsonValueKind.Null ? null : strict.GetInt32(), JudgeReply.Rating(c.In.GetProperty("text").GetString()!));
            checkedCases++;
        }

        Assert.Equal(35, checkedCases);
    }

    [Fact]
    public void UnsafeAndYes_GoldenReplies_AreStrict()
    {
        using JsonDocument document = Golden.Json("golden", "attack", "judge-parse.json");
        int checkedCases = 0;
        foreach (GoldenCase c in Golden.Cases(document, "safeUnsafe"))
        {
            string text = c.In.GetProperty("text").GetString()!;
            JsonElement strict = c.Out!.Value.GetProperty("strict"), yes = c.Out.Value.GetProperty("yesNo");
            Assert.Equal(strict.ValueKind == JsonValueKind.Null ? null : strict.GetString() == "unsafe", JudgeReply.Unsafe(text));
            Assert.Equal(yes.ValueKind == JsonValueKind.Null ? null : yes.GetBoolean(), JudgeReply.Yes(text));
            checkedCases++;
        }

        Assert.Equal(18, checkedCases);
    }

    [Fact]
    public void Rating_AnyText_IsNullOrInRange() => Gen.String[Gen.Char["[]0123456789 \n/-"], 0, 30].Sample(text => JudgeReply.Rating(text, 0, 10) is null or (>= 0 and <= 10));
}
