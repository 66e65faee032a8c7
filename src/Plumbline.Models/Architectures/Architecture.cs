using Plumbline.Models.Files;

namespace Plumbline.Models.Architectures;

/// <summary>One family of models: how its config.json is read, and which tensors make its blocks. Adding one is one such object.</summary>
internal sealed record Architecture
{
    /// <summary>Hugging Face's model_type.</summary>
    public required string ModelType { get; init; }

    /// <summary>What its classes in transformers begin with, for configs without model_type.</summary>
    public required string ClassName { get; init; }

    /// <summary>The prefix that a base model's file leaves out.</summary>
    public string Prefix { get; init; } = "model.";

    /// <summary>Reads config.json, with the defaults of the family's class in transformers where a key is absent.</summary>
    public required Func<ConfigKeys, ModelConfig> Read { get; init; }

    /// <summary>The tensors of a model of this family.</summary>
    public required Func<ModelConfig, ModelDescription> Describe { get; init; }
}
