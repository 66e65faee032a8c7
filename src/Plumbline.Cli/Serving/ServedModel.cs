using Microsoft.Extensions.AI;
using Plumbline.Cli.Hub;
using Plumbline.Models.Files;
using Plumbline.Models.Inference;
using Plumbline.Phantoms.Scripted;

namespace Plumbline.Cli.Serving;

/// <summary>A model as a server offers it. Disposing ends the model.</summary>
/// <param name="Name">The id under /v1/models.</param>
/// <param name="Chat">Null for a model that is not made for chat.</param>
/// <param name="Completions">Null for a model that neither continues nor scores texts.</param>
internal sealed record ServedModel(string Name, IChatClient? Chat, ICompletionSource? Completions) : IDisposable
{
    private readonly IDisposable? _owned;

    /// <summary>Any chat client; a scorer whose tokens are words serves completions too.</summary>
    public ServedModel(string name, IChatClient chat) : this(name, chat, Source(chat))
    {
    }

    private ServedModel(string name, LanguageModel model, IDisposable owned) : this(name, model.Template is null ? null : new LocalChatClient(model), new LocalCompletions(model)) => _owned = owned;

    /// <summary>Other names that a request may use for it.</summary>
    public IReadOnlyList<string> Aliases { get; init; } = [];

    /// <summary>Opens what the user named.</summary>
    /// <exception cref="UsageException">It is no model on this machine.</exception>
    /// <exception cref="ModelFileException">The model is broken, of a kind that is not supported, or without a tokenizer.</exception>
    /// <param name="named">As the user named it.</param>
    /// <param name="options">Threads, memory and context of a model on this machine.</param>
    /// <param name="environment">Says where the cache of hub models is; null: this process's.</param>
    public static ServedModel Open(string named, LanguageModelOptions options, Func<string, string?>? environment = null)
    {
        if (TargetResolver.Scripted(named) is { } card) return new(named, card.Answers is null ? new ScriptedPhantom(card.Law) : AnswerPools.Of(card.Answers).Phantom(card.Law));
        string path = ModelPath.Resolve(named, environment);
        LanguageModel model = LanguageModel.Load(path, options);
        if (model.Tokenizer is null)
        {
            model.Dispose();
            throw new ModelFileException($"{path} has no tokenizer, so it reads no text: put its tokenizer.json beside the weights.");
        }

        bool phantom = ModelPath.IsPhantom(named);
        string file = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        if (HubModelName.IsHub(named))
        {
            HubModelName hub = HubModelName.Parse(named);
            return new(hub.Id, model, model) { Aliases = [named, hub.ToString()] };
        }

        string name = phantom ? named : Path.GetExtension(file) is ".gguf" or ".safetensors" or ".bin" or ".json" ? Path.GetFileNameWithoutExtension(file) : file;
        return new(name, model, model) { Aliases = phantom ? named == "phantom" ? ["phantom:chat"] : named == "phantom:chat" ? ["phantom"] : [] : [file, named] };
    }

    /// <summary>Whether a request means this model.</summary>
    public bool Answers(string model) => model == Name || Aliases.Contains(model);

    /// <inheritdoc/>
    public void Dispose()
    {
        Chat?.Dispose();
        _owned?.Dispose();
    }

    private static ICompletionSource? Source(IChatClient chat) =>
        chat.GetService(typeof(LanguageModel)) is LanguageModel { Tokenizer: not null } model ? new LocalCompletions(model)
        : chat.GetService(typeof(ISequenceScorer)) is ISequenceScorer scorer ? new WordScores(scorer) : null;
}
