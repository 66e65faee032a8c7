namespace Plumbline.Models.Architectures;

/// <summary>RoBERTa: BERT whose positions begin behind the padding id, with another head.</summary>
internal static class Roberta
{
    public static Architecture Architecture { get; } = new()
    {
        ModelType = "roberta",
        ClassName = "Roberta",
        Prefix = "roberta.",
        Read = static keys =>
        {
            int pad = keys.Id("pad_token_id") ?? 1;
            return Bert.Config(keys, "roberta") with { PadId = pad, PositionOffset = pad + 1 };
        },
        Describe = static c => Bert.Blocks(c, "roberta.") with
        {
            HeadTransform = new("lm_head.dense", c.HiddenSize, "hidden_size", Bias: true),
            HeadNorm = "lm_head.layer_norm",
        },
    };
}
