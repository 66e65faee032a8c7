using Plumbline.Models.Tokenizers.Decoders;
using Plumbline.Models.Tokenizers.Normalizers;
using Plumbline.Models.Tokenizers.Patterns;
using Plumbline.Models.Tokenizers.PostProcessing;
using Plumbline.Models.Tokenizers.PreTokenizers;
using Plumbline.Models.Tokenizers.Vocabularies;

namespace Plumbline.Models.Tokenizers;

/// <summary>
/// Makes a tokenizer from a GGUF file's metadata (keys <c>tokenizer.ggml.*</c>): models gpt2 (byte-level BPE), llama
/// (SentencePiece BPE), bert (WordPiece) and t5 (Unigram).
/// </summary>
public static class GgufTokenizer
{
    private const string Root = "tokenizer.ggml.";
    private const int MaxTokenLength = 1 << 14;
    private const string Metaspace = "\u2581";
    private const string O200KWords = @"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private enum TokenType
    {
        Normal = 1,
        Unknown = 2,
        Control = 3,
        UserDefined = 4,
        Unused = 5,
        Byte = 6,
    }

    /// <summary>The values of <c>tokenizer.ggml.pre</c> whose splitting is known.</summary>
    public static IReadOnlyCollection<string> KnownPreTokenizers { get; } =
    [
        "gpt-2", "phi-2", "mpt", "olmo", "jais", "roberta-bpe",
        "llama3", "llama-v3", "llama-bpe", "falcon3", "dbrx", "smaug-bpe", "chatglm-bpe", "glm4",
        "qwen2", "deepseek-r1-qwen", "stablelm2",
        "smollm", "starcoder", "refact", "command-r", "codeshell",
        "gpt-4o", "llama4", "tekken", "deepseek-v3", "falcon", "bloom",
    ];

    /// <summary>Makes the tokenizer.</summary>
    /// <param name="metadata">
    /// Values by key: string, long, double, bool, string[], int[] or float[]; a character map may also be byte[] or sbyte[].
    /// Other keys than the tokenizer's are ignored.
    /// </param>
    /// <returns>The tokenizer; <see cref="Tokenizer.Warnings"/> names a missing or unknown <c>tokenizer.ggml.pre</c>.</returns>
    /// <exception cref="TokenizerFormatException">A key is missing, has the wrong type or does not fit the others.</exception>
    public static Tokenizer Create(IReadOnlyDictionary<string, object> metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        return new Reader(metadata).Read();
    }

    private sealed class Reader(IReadOnlyDictionary<string, object> metadata)
    {
        private readonly List<string> _warnings = [];

        public Tokenizer Read()
        {
            string model = Get<string>("model") ?? throw Missing("model");
            string[] tokens = Get<string[]>("tokens") ?? throw Missing("tokens");
            if (tokens.Length is 0 or > Vocabulary.IdLimit) throw new TokenizerFormatException($"{Root}tokens has {tokens.Length} entries; 1 to {Vocabulary.IdLimit} are read.");
            int[]? types = Ints("token_type");
            if (types is not null && types.Length != tokens.Length) throw new TokenizerFormatException($"{Root}token_type has {types.Length} entries and tokens {tokens.Length}; they must be equal.");
            return model switch
            {
                "gpt2" => Gpt2(tokens, types),
                "llama" => Llama(tokens, types),
                "bert" => Bert(tokens, types),
                "t5" => Unigram(tokens, types),
                _ => throw new TokenizerFormatException($"{Root}model is \"{model}\"; gpt2, llama, bert and t5 are known."),
            };
        }

        private Tokenizer Gpt2(string[] tokens, int[]? types)
        {
            string[] lines = Get<string[]>("merges") ?? throw Missing("merges");
            List<(string Left, string Right)> merges = new(lines.Length);
            for (int k = 0; k < lines.Length; k++)
            {
                if (string.IsNullOrEmpty(lines[k])) throw new TokenizerFormatException($"{Root}merges[{k}] is empty; a merge is two tokens with one space between them.");

                // A part may begin with a space only in theory: the byte alphabet has none.
                int space = lines[k].IndexOf(' ', Math.Min(1, lines[k].Length));
                if (space < 0) throw new TokenizerFormatException($"{Root}merges[{k}] is \"{lines[k]}\"; a merge is two tokens with one space between them.");
                merges.Add((lines[k][..space], lines[k][(space + 1)..]));
            }

            (IPreTokenizer preTokenizer, bool ignoreMerges, bool addStart) = PreTokenizer();
            Vocabulary vocabulary = Words(tokens);
            BpeModel model = new(vocabulary, merges, new BpeOptions { IgnoreMerges = ignoreMerges });
            return Build(model, tokens, types, null, new SequencePreTokenizer([preTokenizer, new ByteLevelPreTokenizer(false, false)]), new DecoderPlan([_ => new ByteLevelStage()], byteLevel: true), addStart, addEnd: false);
        }

        private (IPreTokenizer PreTokenizer, bool IgnoreMerges, bool AddStart) PreTokenizer()
        {
            string? pre = Get<string>("pre");
            switch (pre)
            {
                case "gpt-2" or "phi-2" or "mpt" or "olmo" or "jais" or "roberta-bpe":
                    return (Isolated(StandardPattern.Gpt2), false, false);
                case "llama3" or "llama-v3" or "llama-bpe" or "falcon3":
                    return (Isolated(StandardPattern.Cl100K), true, true);
                case "dbrx" or "smaug-bpe" or "chatglm-bpe" or "glm4":
                    return (Isolated(StandardPattern.Cl100K), false, false);
                case "qwen2" or "deepseek-r1-qwen" or "stablelm2":
                    return (Isolated(StandardPattern.Qwen2), false, false);
                case "smollm" or "starcoder" or "refact" or "command-r" or "codeshell":
                    return (new SequencePreTokenizer([SplitPreTokenizer.Digits(individual: true), Isolated(StandardPattern.Gpt2)]), false, false);
                case "gpt-4o" or "llama4":
                    return (Isolated(StandardPattern.O200K), false, false);
                case "tekken":
                    return (Isolated(CodePointRegex.Parse(O200KWords)), true, true);
                case "deepseek-v3":
                    return (new SequencePreTokenizer(
                    [
                        Isolated(CodePointRegex.Parse(@"\p{N}{1,3}")),
                        Isolated(CodePointRegex.Parse("[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+")),
                        Isolated(CodePointRegex.Parse(@"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")),
                    ]), false, false);
                case "falcon":
                    return (new SequencePreTokenizer(
                    [
                        Isolated(CodePointRegex.Parse(@"[\p{P}\$\+<=>\^~\|`]+")), Isolated(StandardPattern.Gpt2), Isolated(CodePointRegex.Parse("[0-9][0-9][0-9]")),
                    ]), false, false);
                case "bloom":
                    return (Isolated(CodePointRegex.Parse(" ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+")), false, false);
                default:
                    _warnings.Add(pre is null
                        ? $"{Root}pre is missing: text is split as GPT-2 does, and ids may differ from those the model was trained with. Convert the model again with a newer converter, or set the key."
                        : $"{Root}pre is \"{pre}\", which is not known: text is split as GPT-2 does, and ids may differ from those the model was trained with. Use the model's tokenizer.json instead.");
                    return (Isolated(StandardPattern.Gpt2), false, false);
            }

            static SplitPreTokenizer Isolated(IPattern pattern) => new(pattern, SplitBehavior.Isolated);
        }

        private Tokenizer Llama(string[] tokens, int[]? types)
        {
            float[] scores = Scores(tokens);
            bool prefix = Get<object>("add_space_prefix") as bool? ?? true;
            Vocabulary vocabulary = Words(tokens);
            int unknown = Id("unknown_token_id", tokens) ?? 0;
            BpeModel model = new(
                vocabulary, id => scores[id], id => types is null || (TokenType)types[id] is TokenType.Normal or TokenType.UserDefined,
                new BpeOptions { UnknownToken = tokens[unknown], FuseUnknown = true, ByteFallback = true });
            INormalizer spaces = new ReplaceNormalizer(new LiteralPattern([' ']), Utf32.Of(Metaspace));
            INormalizer normalizer = prefix ? new SequenceNormalizer([new PrependNormalizer(Utf32.Of(Metaspace)), spaces]) : spaces;
            List<Func<bool, DecodeStage>> stages = [_ => new ReplaceStage(new LiteralPattern(Utf32.Of(Metaspace)), " ", Metaspace), eager => new ByteFallbackStage(eager), _ => new FuseStage()];
            if (prefix) stages.Add(_ => new StripStage(' ', 1, 0));
            return Build(model, tokens, types, normalizer, null, new DecoderPlan(stages), addStart: true, addEnd: false);
        }

        private Tokenizer Bert(string[] tokens, int[]? types)
        {
            // The file marks the start of a word with U+2581 and has continuations bare; WordPiece marks continuations with ##.
            string[] words = new string[tokens.Length];
            for (int k = 0; k < tokens.Length; k++)
            {
                bool plain = types is null || (TokenType)types[k] == TokenType.Normal;
                words[k] = !plain ? tokens[k] : tokens[k].StartsWith(Metaspace, StringComparison.Ordinal) ? tokens[k][1..] : types is null && tokens[k].StartsWith('[') ? tokens[k] : "##" + tokens[k];
            }

            bool lower = !words.Any(w => w.Length > 1 && !w.StartsWith('[') && w.Any(char.IsAsciiLetterUpper));
            if (!lower) _warnings.Add($"{Root}tokens holds capitals: text keeps its case. A GGUF file does not say whether the model is cased.");
            string unknown = tokens[Id("unknown_token_id", tokens) ?? throw Missing("unknown_token_id")];
            WordPieceModel model = new(Words(words), unknown, "##", 100);
            int? start = Id("cls_token_id", tokens) ?? Id("bos_token_id", tokens), end = Id("seperator_token_id", tokens) ?? Id("separator_token_id", tokens) ?? Id("eos_token_id", tokens);
            // The key's misspelling is the format's own.
            Template? template = start is { } cls && end is { } sep ? Around(words, cls, sep, pairType: 1) : null;
            DecoderPlan decoder = new([_ => new WordPieceStage("##", cleanup: true)]);
            return Build(model, words, types, new BertNormalizer(true, true, null, lower), SplitPreTokenizer.Bert, decoder, template);
        }

        private Tokenizer Unigram(string[] tokens, int[]? types)
        {
            float[] scores = Scores(tokens);
            bool prefix = Get<object>("add_space_prefix") as bool? ?? true;
            List<INormalizer> normalizers = [];
            if (CharacterMap() is { } map) normalizers.Add(new PrecompiledNormalizer(map, $"{Root}precompiled_charsmap"));
            HashSet<int> special = [];
            UnigramModel model = new(Words(tokens), Array.ConvertAll(scores, s => (double)s), Id("unknown_token_id", tokens) ?? -1, byteFallback: false, special);
            List<IPreTokenizer> preTokenizers = [];
            if (Get<object>("remove_extra_whitespaces") as bool? ?? true) preTokenizers.Add(SplitPreTokenizer.WhitespaceSplit);
            preTokenizers.Add(new MetaspacePreTokenizer(Metaspace[0], prefix ? PrependScheme.Always : PrependScheme.Never, split: true));
            DecoderPlan decoder = new([_ => new MetaspaceStage(Metaspace, prefix)]);
            Tokenizer tokenizer = Build(model, tokens, types, normalizers.Count > 0 ? normalizers[0] : null, new SequencePreTokenizer(preTokenizers), decoder, addStart: Id("bos_token_id", tokens) is not null, addEnd: true);
            foreach (AddedToken token in tokenizer.AddedTokens)
                if (token.Special) special.Add(token.Id);
            return tokenizer;
        }

        private Tokenizer Build(ITokenModel model, string[] tokens, int[]? types, INormalizer? normalizer, IPreTokenizer? preTokenizer, DecoderPlan decoder, bool addStart, bool addEnd)
        {
            int? start = (Get<object>("add_bos_token") as bool? ?? addStart) ? Id("bos_token_id", tokens) : null;
            int? end = (Get<object>("add_eos_token") as bool? ?? addEnd) ? Id("eos_token_id", tokens) : null;
            return Build(model, tokens, types, normalizer, preTokenizer, decoder, start is null && end is null ? null : Around(tokens, start, end, pairType: 0));
        }

        private Tokenizer Build(ITokenModel model, string[] tokens, int[]? types, INormalizer? normalizer, IPreTokenizer? preTokenizer, DecoderPlan decoder, Template? template)
        {
            List<AddedToken> added = [];
            for (int k = 0; types is not null && k < tokens.Length; k++)
            {
                TokenType type = (TokenType)types[k];
                if (type is TokenType.Control or TokenType.Unknown or TokenType.UserDefined) added.Add(new AddedToken(k, tokens[k], false, false, false, false, type != TokenType.UserDefined));
            }

            return new Tokenizer(model, new AddedTokens(added, normalizer), normalizer, preTokenizer, new PostProcessor(template), decoder, _warnings);
        }

        private static Template Around(string[] tokens, int? start, int? end, int pairType)
        {
            List<TemplatePiece> single = [], pair = [];
            if (start is { } s)
            {
                single.Add(new TemplatePiece(-1, 0, s, tokens[s]));
                pair.Add(single[0]);
            }

            single.Add(new TemplatePiece(0, 0));
            pair.Add(new TemplatePiece(0, 0));
            if (end is { } e)
            {
                single.Add(new TemplatePiece(-1, 0, e, tokens[e]));
                pair.Add(single[^1]);
            }

            pair.Add(new TemplatePiece(1, pairType));
            if (end is { } last) pair.Add(new TemplatePiece(-1, pairType, last, tokens[last]));
            return new Template(single, pair);
        }

        private static Vocabulary Words(string[] tokens)
        {
            Dictionary<string, int> ids = new(tokens.Length);
            for (int k = 0; k < tokens.Length; k++)
            {
                if (tokens[k] is not { Length: <= MaxTokenLength }) throw new TokenizerFormatException($"{Root}tokens[{k}] is missing or has more than {MaxTokenLength} characters.");
                if (!ids.TryAdd(tokens[k], k)) throw new TokenizerFormatException($"{Root}tokens holds \"{tokens[k]}\" twice ({ids[tokens[k]]} and {k}).");
            }

            return new Vocabulary(ids);
        }

        private float[] Scores(string[] tokens)
        {
            float[] scores = Get<float[]>("scores") ?? throw Missing("scores");
            if (scores.Length != tokens.Length) throw new TokenizerFormatException($"{Root}scores has {scores.Length} entries and tokens {tokens.Length}; they must be equal.");
            int bad = Array.FindIndex(scores, s => !float.IsFinite(s));
            return bad < 0 ? scores : throw new TokenizerFormatException($"{Root}scores[{bad}] is {scores[bad]}; scores must be finite.");
        }

        private byte[]? CharacterMap() => metadata.GetValueOrDefault(Root + "precompiled_charsmap") switch
        {
            null => null,
            byte[] bytes => bytes,
            sbyte[] bytes => Array.ConvertAll(bytes, b => (byte)b),
            int[] numbers => Array.ConvertAll(numbers, n => (byte)n),
            object other => throw Wrong("precompiled_charsmap", "bytes", other),
        };

        private int[]? Ints(string key) => metadata.GetValueOrDefault(Root + key) switch
        {
            null => null,
            int[] numbers => numbers,
            object other => throw Wrong(key, "an array of whole numbers", other),
        };

        private int? Id(string key, string[] tokens)
        {
            object? value = metadata.GetValueOrDefault(Root + key);
            if (value is null) return null;
            long id = value switch { long l => l, int i => i, uint u => u, ulong u when u <= long.MaxValue => (long)u, _ => throw Wrong(key, "a whole number", value) };

            // Converters write 2^32 - 1 for "none".
            if (id is -1 or uint.MaxValue) return null;
            return id >= 0 && id < tokens.Length ? (int)id : throw new TokenizerFormatException($"{Root}{key} is {id}; there are {tokens.Length} tokens.");
        }

        private T? Get<T>(string key)
            where T : class => metadata.GetValueOrDefault(Root + key) switch
            {
                null => null,
                T value => value,
                object other => throw Wrong(key, typeof(T).Name, other),
            };

        private static TokenizerFormatException Wrong(string key, string want, object value) => new($"{Root}{key} must be {want} and is {value.GetType().Name}.");

        private static TokenizerFormatException Missing(string key) => new($"{Root}{key} is missing; a tokenizer cannot be made without it.");
    }
}
