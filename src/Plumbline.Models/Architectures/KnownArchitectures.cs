using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>Every family that is supported.</summary>
internal static class KnownArchitectures
{
    public static IReadOnlyList<Architecture> All { get; } =
    [
        Bert.Architecture, DistilBert.Architecture, Falcon.Architecture, Gemma.Architecture, Gemma2.Architecture, Gemma3.Architecture, Gpt2.Architecture, GptJ.Architecture, GptNeoX.Architecture,
        Llama.Architecture, Mistral.Architecture, Olmo2.Architecture, Opt.Architecture, Phi3.Architecture, Qwen2.Architecture, Qwen3.Architecture, Roberta.Architecture, StableLm.Architecture,
    ];

    /// <summary>Every model_type, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(a => a.ModelType));

    /// <summary>The family of a model_type; null where it is not known.</summary>
    public static Architecture? Find(string modelType) => All.FirstOrDefault(a => a.ModelType == modelType);

    /// <summary>The family of a model that was read.</summary>
    public static Architecture Of(string modelType) => Find(modelType) ?? throw new ModelFileException($"The architecture {TensorLookup.Quote(modelType)} is not supported. Supported are {Names}.");

    /// <summary>The tensors of a model.</summary>
    public static ModelDescription Describe(ModelConfig config) => Of(config.Architecture).Describe(config);
}
