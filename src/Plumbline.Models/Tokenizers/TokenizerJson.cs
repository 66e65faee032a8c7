using System.Text;
using System.Text.Json;
using Plumbline.Models.Tokenizers.Decoders;
using Plumbline.Models.Tokenizers.Normalizers;
using Plumbline.Models.Tokenizers.Patterns;
using Plumbline.Models.Tokenizers.PostProcessing;
using Plumbline.Models.Tokenizers.PreTokenizers;
using Plumbline.Models.Tokenizers.Vocabularies;

namespace Plumbline.Models.Tokenizers;

/// <summary>
/// Reads Hugging Face's tokenizer.json, version 1.0. What is unknown is refused; unknown fields are not. The file is
/// hostile input: its size, depth and ids are bounded, expressions cannot run away.
/// </summary>
public static class TokenizerJson
{
    /// <summary>The largest file that is read, in bytes; real ones stay below 40 MB.</summary>
    public const int MaxBytes = 256 << 20;

    private const int MaxTokenLength = 1 << 16;
    private const int MaxContent = 1024;
    private const int MaxLatticeToken = 1024;
    private const int MaxAddedLength = 1024;
    private const int MaxAdded = 1 << 20;

    /// <summary>Reads a file.</summary>
    /// <exception cref="TokenizerFormatException">The file is wrong, too large or asks for what is not supported; the message names the key.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        long length = new FileInfo(path).Length;
        if (length > MaxBytes) throw new TokenizerFormatException($"{path} has {length} bytes; tokenizer files of more than {MaxBytes} are refused.");
        return Parse(File.ReadAllBytes(path), path);
    }

    /// <summary>Reads a file's content.</summary>
    /// <param name="json">UTF-8, a byte order mark is skipped.</param>
    /// <param name="name">The file's name, for messages.</param>
    /// <exception cref="TokenizerFormatException">As <see cref="Load"/>.</exception>
    public static Tokenizer Parse(ReadOnlyMemory<byte> json, string name = "tokenizer.json")
    {
        if (json.Span.StartsWith("\uFEFF"u8)) json = json[3..];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = 64 });
            return new Reader(document.RootElement).Read();
        }
        catch (TokenizerFormatException e)
        {
            throw new TokenizerFormatException($"{name}: {e.Message}", e);
        }
        catch (JsonException e)
        {
            throw new TokenizerFormatException($"{name} is no JSON that can be read (at most 64 levels deep): {e.Message}", e);
        }
        catch (InvalidOperationException e)
        {
            // An escape that is no character, e.g. half a surrogate pair.
            throw new TokenizerFormatException($"{name} holds text that is no Unicode: {e.Message}", e);
        }
    }

    internal static INormalizer? Normalizer(JsonElement e) => new Reader(e).ReadNormalizer(e, "normalizer");

    internal static IPreTokenizer? PreTokenizer(JsonElement e) => new Reader(e).ReadPreTokenizer(e, "pre_tokenizer");

    internal static DecoderPlan Decoder(JsonElement e) => new Reader(e).ReadDecoder(e);

    private sealed class Reader(JsonElement root)
    {
        private readonly List<string> _warnings = [];

        public Tokenizer Read()
        {
            if (root.ValueKind != JsonValueKind.Object) throw Wrong("the file", "an object");
            if (root.TryGetProperty("version", out JsonElement version) && (version.ValueKind != JsonValueKind.String || version.GetString() != "1.0"))
                throw new TokenizerFormatException($"version is {version.GetRawText()}; only \"1.0\" is known.");
            if (!root.TryGetProperty("model", out JsonElement model) || model.ValueKind != JsonValueKind.Object)
                throw new TokenizerFormatException("model is missing; a tokenizer.json needs one.");

            INormalizer? normalizer = ReadNormalizer(Optional(root, "normalizer"), "normalizer");
            IPreTokenizer? preTokenizer = ReadPreTokenizer(Optional(root, "pre_tokenizer"), "pre_tokenizer");
            DecoderPlan decoder = ReadDecoder(Optional(root, "decoder"));
            HashSet<int> special = [];
            ITokenModel read = ReadModel(model, special);
            IReadOnlyList<AddedToken> tokens = ReadAdded(Optional(root, "added_tokens"), read.Vocabulary);
            foreach (AddedToken token in tokens)
                if (token.Special) special.Add(token.Id);
            AddedTokens added = new(tokens, normalizer);
            Dictionary<int, string> known = tokens.Where(t => t.Content.Length > 0).ToDictionary(t => t.Id, t => t.Content);
            PostProcessor postProcessor = ReadPostProcessor(Optional(root, "post_processor"), id => known.ContainsKey(id) || read.Vocabulary.TextOf(id) is not null);
            return new Tokenizer(read, added, normalizer, preTokenizer, postProcessor, decoder, _warnings, ReadTruncation(Optional(root, "truncation")), ReadPadding(Optional(root, "padding"), known, read.Vocabulary));
        }

        // Normalisers

        public INormalizer? ReadNormalizer(JsonElement? element, string key)
        {
            if (element is not { ValueKind: not JsonValueKind.Null } e) return null;
            string type = Type(e, key);
            switch (type)
            {
                case "Sequence":
                    return new SequenceNormalizer([.. Items(e, "normalizers", key).Select((x, k) => ReadNormalizer(x, $"{key}.normalizers[{k}]") ?? throw Wrong($"{key}.normalizers[{k}]", "a normaliser"))]);
                case "NFC":
                    return UnicodeNormalizer.Nfc;
                case "NFD":
                    return UnicodeNormalizer.Nfd;
                case "NFKC":
                    return UnicodeNormalizer.Nfkc;
                case "NFKD":
                    return UnicodeNormalizer.Nfkd;
                case "Lowercase":
                    return new LowercaseNormalizer();
                case "StripAccents":
                    return FilterNormalizer.StripAccents;
                case "Nmt":
                    return FilterNormalizer.Nmt;
                case "Strip":
                    return new StripNormalizer(Bool(e, "strip_left", key, true), Bool(e, "strip_right", key, true));
                case "Prepend":
                    return new PrependNormalizer(Utf32.Of(Content(e, "prepend", key)));
                case "Replace":
                    return new ReplaceNormalizer(ReadPattern(e, key), Utf32.Of(Content(e, "content", key)));
                case "ByteLevel":
                    return new ByteLevelNormalizer();
                case "BertNormalizer":
                    return new BertNormalizer(
                        Bool(e, "clean_text", key, true), Bool(e, "handle_chinese_chars", key, true),
                        Optional(e, "strip_accents") is { ValueKind: not JsonValueKind.Null } ? Bool(e, "strip_accents", key, false) : null, Bool(e, "lowercase", key, true));
                case "Precompiled":
                    string text = Optional(e, "precompiled_charsmap") is { ValueKind: JsonValueKind.String } s ? s.GetString()! : "";
                    byte[] map = new byte[text.Length];
                    if (!Convert.TryFromBase64String(text, map, out int written)) throw new TokenizerFormatException($"{key}.precompiled_charsmap is not base64.");
                    return new PrecompiledNormalizer(map.AsSpan(0, written), $"{key}.precompiled_charsmap");
                default:
                    throw new TokenizerFormatException($"{key}.type is \"{type}\", a normaliser that is not known.");
            }
        }

        // Pre-tokenisers

        public IPreTokenizer? ReadPreTokenizer(JsonElement? element, string key)
        {
            if (element is not { ValueKind: not JsonValueKind.Null } e) return null;
            string type = Type(e, key);
            switch (type)
            {
                case "Sequence":
                    return new SequencePreTokenizer([.. Items(e, "pretokenizers", key).Select((x, k) => ReadPreTokenizer(x, $"{key}.pretokenizers[{k}]") ?? throw Wrong($"{key}.pretokenizers[{k}]", "a pre-tokeniser"))]);
                case "ByteLevel":
                    return new ByteLevelPreTokenizer(Bool(e, "add_prefix_space", key, true), Bool(e, "use_regex", key, true));
                case "Whitespace":
                    return SplitPreTokenizer.Whitespace;
                case "WhitespaceSplit":
                    return SplitPreTokenizer.WhitespaceSplit;
                case "BertPreTokenizer":
                    return SplitPreTokenizer.Bert;
                case "UnicodeScripts":
                    return new ScriptPreTokenizer();
                case "Punctuation":
                    return SplitPreTokenizer.Punctuation(Behavior(e, key, SplitBehavior.Isolated));
                case "Digits":
                    return SplitPreTokenizer.Digits(Bool(e, "individual_digits", key, false));
                case "CharDelimiterSplit":
                    int delimiter = Character(e, "delimiter", key);
                    return new SplitPreTokenizer(new CharacterPattern(c => c == delimiter), SplitBehavior.Removed);
                case "FixedLength":
                    int length = Int(e, "length", key);
                    return length > 0 ? new FixedLengthPreTokenizer(length) : throw Wrong($"{key}.length", "above 0");
                case "Split":
                    return new SplitPreTokenizer(ReadPattern(e, key), Behavior(e, key, null), Bool(e, "invert", key, false));
                case "Metaspace":
                    (int replacement, PrependScheme scheme) = Metaspace(e, key);
                    return new MetaspacePreTokenizer(replacement, scheme, Bool(e, "split", key, true));
                default:
                    throw new TokenizerFormatException($"{key}.type is \"{type}\", a pre-tokeniser that is not known.");
            }
        }

        // Decoders

        public DecoderPlan ReadDecoder(JsonElement? element)
        {
            if (element is not { ValueKind: not JsonValueKind.Null } e) return DecoderPlan.Spaces;
            List<Func<bool, DecodeStage>> stages = [];
            bool byteLevel = Type(e, "decoder") == "ByteLevel";
            AddStages(e, "decoder", stages);
            return new DecoderPlan(stages, byteLevel);
        }

        private void AddStages(JsonElement e, string key, List<Func<bool, DecodeStage>> stages)
        {
            string type = Type(e, key);
            switch (type)
            {
                case "Sequence":
                    int k = 0;
                    foreach (JsonElement item in Items(e, "decoders", key)) AddStages(item, $"{key}.decoders[{k++}]", stages);
                    break;
                case "ByteLevel":
                    stages.Add(_ => new ByteLevelStage());
                    break;
                case "WordPiece":
                    string prefix = String(e, "prefix", key, "##");
                    bool cleanup = Bool(e, "cleanup", key, true);
                    stages.Add(_ => new WordPieceStage(prefix, cleanup));
                    break;
                case "Metaspace":
                    (int replacement, PrependScheme scheme) = Metaspace(e, key);
                    string text = char.ConvertFromUtf32(replacement);
                    stages.Add(_ => new MetaspaceStage(text, scheme != PrependScheme.Never));
                    break;
                case "ByteFallback":
                    stages.Add(eager => new ByteFallbackStage(eager));
                    break;
                case "Fuse":
                    stages.Add(_ => new FuseStage());
                    break;
                case "Strip":
                    int content = Character(e, "content", key, ' ');
                    int start = Int(e, "start", key, 0), stop = Int(e, "stop", key, 0);
                    if (start < 0 || stop < 0) throw Wrong($"{key}.start and stop", "0 or more");
                    stages.Add(_ => new StripStage(content, start, stop));
                    break;
                case "Replace":
                    IPattern pattern = ReadPattern(e, key);
                    string by = Content(e, "content", key);
                    string? literal = e.GetProperty("pattern") is { ValueKind: JsonValueKind.Object } p && p.TryGetProperty("String", out JsonElement s) ? s.GetString() : null;
                    stages.Add(_ => new ReplaceStage(pattern, by, literal));
                    break;
                case "BPEDecoder":
                    string suffix = String(e, "suffix", key, "</w>");
                    stages.Add(_ => new BpeStage(suffix));
                    break;
                case "CTC":
                    string pad = String(e, "pad_token", key, "<pad>"), delimiter = String(e, "word_delimiter_token", key, "|");
                    bool clean = Bool(e, "cleanup", key, true);
                    stages.Add(_ => new CtcStage(pad, delimiter, clean));
                    break;
                default:
                    throw new TokenizerFormatException($"{key}.type is \"{type}\", a decoder that is not known.");
            }
        }

        // Post-processors

        private PostProcessor ReadPostProcessor(JsonElement? element, Func<int, bool> known)
        {
            PostProcessor result = new(null);
            if (element is { ValueKind: not JsonValueKind.Null } e) Add(e, "post_processor");
            return result;

            void Add(JsonElement e, string key)
            {
                string type = Type(e, key);
                switch (type)
                {
                    case "Sequence":
                        int k = 0;
                        foreach (JsonElement item in Items(e, "processors", key)) Add(item, $"{key}.processors[{k++}]");
                        return;
                    case "ByteLevel":
                        if (Bool(e, "trim_offsets", key, true)) result = result with { TrimSpans = true, AddPrefixSpace = Bool(e, "add_prefix_space", key, true) };
                        return;
                }

                if (result.Template is not null) throw new TokenizerFormatException($"{key} is a second post-processor that adds tokens; only one is supported.");
                switch (type)
                {
                    case "TemplateProcessing":
                        result = result with { Template = new Template(ReadTemplate(e, "single", key, 1), ReadTemplate(e, "pair", key, 2)) };
                        break;
                    case "BertProcessing":
                        TemplatePiece cls = Pair(e, "cls", key), sep = Pair(e, "sep", key);
                        result = result with { Template = new Template([cls, new(0, 0), sep], [cls, new(0, 0), sep, new(1, 1), sep with { Type = 1 }]), KeepTypesWithoutSpecial = false };
                        break;
                    case "RobertaProcessing":
                        cls = Pair(e, "cls", key);
                        sep = Pair(e, "sep", key);
                        result = result with { Template = new Template([cls, new(0, 0), sep], [cls, new(0, 0), sep, sep, new(1, 0), sep]), TypesOfOverflow = true };
                        if (Bool(e, "trim_offsets", key, true)) result = result with { TrimSpans = true, AddPrefixSpace = Bool(e, "add_prefix_space", key, true) };
                        break;
                    default:
                        throw new TokenizerFormatException($"{key}.type is \"{type}\", a post-processor that is not known.");
                }
            }

            TemplatePiece Pair(JsonElement e, string name, string key)
            {
                if (Optional(e, name) is not { ValueKind: JsonValueKind.Array } pair || pair.GetArrayLength() != 2 || pair[0].ValueKind != JsonValueKind.String || !pair[1].TryGetInt32(out int id))
                    throw Wrong($"{key}.{name}", "a token and its id");
                if (!known(id)) throw new TokenizerFormatException($"{key}.{name} has the id {id}, which the vocabulary does not hold.");
                return new TemplatePiece(-1, 0, id, pair[0].GetString()!);
            }

            IReadOnlyList<TemplatePiece> ReadTemplate(JsonElement e, string name, string key, int texts)
            {
                List<TemplatePiece> pieces = [];
                int k = 0;
                foreach (JsonElement item in Items(e, name, key))
                {
                    string at = $"{key}.{name}[{k++}]";
                    if (k > 64) throw new TokenizerFormatException($"{key}.{name} has more than 64 pieces.");
                    if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("Sequence", out JsonElement sequence))
                    {
                        string id = String(sequence, "id", at);
                        int number = id switch { "A" => 0, "B" => 1, _ => throw Wrong($"{at}.Sequence.id", "\"A\" or \"B\"") };
                        if (number >= texts) throw Wrong($"{at}.Sequence.id", "\"A\" in the template for one text");
                        if (pieces.Exists(p => p.Sequence == number)) throw new TokenizerFormatException($"{at} names the text {id} twice.");
                        pieces.Add(new TemplatePiece(number, Int(sequence, "type_id", at, 0)));
                    }
                    else if (item.ValueKind == JsonValueKind.Object && item.TryGetProperty("SpecialToken", out JsonElement token))
                    {
                        string id = String(token, "id", at);
                        int type = Int(token, "type_id", at, 0);
                        if (Optional(e, "special_tokens") is not { ValueKind: JsonValueKind.Object } all || !all.TryGetProperty(id, out JsonElement special))
                            throw new TokenizerFormatException($"{at} names the special token \"{id}\", which {key}.special_tokens does not define.");
                        JsonElement[] ids = [.. Items(special, "ids", $"{key}.special_tokens.{id}")], names = [.. Items(special, "tokens", $"{key}.special_tokens.{id}")];
                        if (ids.Length != names.Length || ids.Length > 64) throw Wrong($"{key}.special_tokens.{id}", "as many ids as tokens, at most 64");
                        for (int j = 0; j < ids.Length; j++)
                        {
                            if (ids[j].ValueKind != JsonValueKind.Number || !ids[j].TryGetInt32(out int number) || !known(number))
                                throw new TokenizerFormatException($"{key}.special_tokens.{id} has the id {ids[j].GetRawText()}, which the vocabulary does not hold.");
                            pieces.Add(new TemplatePiece(-1, type, number, names[j].GetString() ?? id));
                        }
                    }
                    else
                    {
                        throw Wrong(at, "a Sequence or a SpecialToken");
                    }
                }

                return pieces;
            }
        }

        // Models

        private static ITokenModel ReadModel(JsonElement e, HashSet<int> special)
        {
            string type = Optional(e, "type") is { ValueKind: not JsonValueKind.Null }
                ? Type(e, "model")
                : e.TryGetProperty("merges", out _) ? "BPE" // old files do not say
                : Optional(e, "vocab") is { ValueKind: JsonValueKind.Array } ? "Unigram"
                : e.TryGetProperty("max_input_chars_per_word", out _) ? "WordPiece"
                : e.TryGetProperty("unk_token", out _) ? "WordLevel"
                : throw new TokenizerFormatException("model.type is missing and the model's fields do not tell it.");
            switch (type)
            {
                case "BPE":
                    if (Optional(e, "dropout") is { ValueKind: not JsonValueKind.Null } dropout && (dropout.ValueKind != JsonValueKind.Number || dropout.GetDouble() != 0))
                        throw new TokenizerFormatException($"model.dropout is {dropout.GetRawText()}: ids would be random. Set it to null in the file.");
                    return new BpeModel(ReadVocabulary(e), ReadMerges(e), new BpeOptions
                    {
                        UnknownToken = NullableString(e, "unk_token"),
                        ContinuingSubwordPrefix = NullableString(e, "continuing_subword_prefix"),
                        EndOfWordSuffix = NullableString(e, "end_of_word_suffix"),
                        FuseUnknown = Bool(e, "fuse_unk", "model", false),
                        ByteFallback = Bool(e, "byte_fallback", "model", false),
                        IgnoreMerges = Bool(e, "ignore_merges", "model", false),
                    });
                case "WordPiece":
                    int most = Int(e, "max_input_chars_per_word", "model", 100);
                    if (most is < 0 or > 10_000) throw Wrong("model.max_input_chars_per_word", "0 to 10,000");
                    return new WordPieceModel(ReadVocabulary(e), String(e, "unk_token", "model", "[UNK]"), String(e, "continuing_subword_prefix", "model", "##"), most);
                case "WordLevel":
                    return new WordLevelModel(ReadVocabulary(e), String(e, "unk_token", "model", "<unk>"));
                case "Unigram":
                    return ReadUnigram(e, special);
                default:
                    throw new TokenizerFormatException($"model.type is \"{type}\", a model that is not known (BPE, WordPiece, WordLevel and Unigram are).");
            }
        }

        private static Vocabulary ReadVocabulary(JsonElement e)
        {
            if (Optional(e, "vocab") is not { ValueKind: JsonValueKind.Object } vocab) throw Wrong("model.vocab", "an object of tokens and ids");
            Dictionary<string, int> ids = new(vocab.GetPropertyCount());
            HashSet<int> used = new(vocab.GetPropertyCount());
            foreach (JsonProperty token in vocab.EnumerateObject())
            {
                if (token.Name.Length > MaxTokenLength) throw new TokenizerFormatException($"model.vocab has a token of {token.Name.Length} characters; at most {MaxTokenLength} are read.");
                if (token.Value.ValueKind != JsonValueKind.Number || !token.Value.TryGetInt32(out int id) || id < 0 || id >= Vocabulary.IdLimit)
                    throw new TokenizerFormatException($"model.vocab gives \"{token.Name}\" the id {token.Value.GetRawText()}; ids are whole numbers from 0 to {Vocabulary.IdLimit - 1}.");
                if (!used.Add(id)) throw new TokenizerFormatException($"model.vocab gives the id {id} twice, the second time to \"{token.Name}\"; decoding would be ambiguous.");
                if (!ids.TryAdd(token.Name, id)) throw new TokenizerFormatException($"model.vocab holds \"{token.Name}\" twice.");
            }

            return new Vocabulary(ids);
        }

        private static List<(string Left, string Right)> ReadMerges(JsonElement e)
        {
            if (Optional(e, "merges") is not { ValueKind: JsonValueKind.Array } array) throw Wrong("model.merges", "an array");
            List<(string Left, string Right)> merges = new(array.GetArrayLength());
            JsonValueKind kind = JsonValueKind.Undefined;
            int at = -1;
            foreach (JsonElement merge in array.EnumerateArray())
            {
                at++;
                if (at == 0) kind = merge.ValueKind;
                if (merge.ValueKind != kind) throw new TokenizerFormatException($"model.merges mixes strings and pairs (at {at}).");
                if (kind == JsonValueKind.String)
                {
                    string line = merge.GetString()!;
                    if (at == 0 && line.StartsWith("#version", StringComparison.Ordinal)) continue;
                    int space = line.IndexOf(' ', StringComparison.Ordinal);
                    if (space < 0 || line.IndexOf(' ', space + 1) >= 0) throw new TokenizerFormatException($"model.merges[{at}] is \"{line}\"; a merge is two tokens with one space between them.");
                    merges.Add((line[..space], line[(space + 1)..]));
                }
                else if (kind == JsonValueKind.Array && merge.GetArrayLength() == 2 && merge[0].ValueKind == JsonValueKind.String && merge[1].ValueKind == JsonValueKind.String)
                {
                    merges.Add((merge[0].GetString()!, merge[1].GetString()!));
                }
                else
                {
                    throw Wrong($"model.merges[{at}]", "a string or a pair of strings");
                }
            }

            return merges;
        }

        private static UnigramModel ReadUnigram(JsonElement e, HashSet<int> special)
        {
            if (Optional(e, "vocab") is not { ValueKind: JsonValueKind.Array } vocab) throw Wrong("model.vocab", "an array of tokens and scores");
            int count = vocab.GetArrayLength();
            if (count > Vocabulary.IdLimit) throw new TokenizerFormatException($"model.vocab has {count} tokens; at most {Vocabulary.IdLimit} are read.");
            Dictionary<string, int> ids = new(count);
            double[] scores = new double[count];
            long characters = 0;
            int id = 0;
            foreach (JsonElement token in vocab.EnumerateArray())
            {
                if (token.ValueKind != JsonValueKind.Array || token.GetArrayLength() != 2 || token[0].ValueKind != JsonValueKind.String || token[1].ValueKind != JsonValueKind.Number)
                    throw Wrong($"model.vocab[{id}]", "a token and its score");
                string text = token[0].GetString()!;
                characters += text.Length;
                if (text.Length > MaxLatticeToken || characters > 1 << 24) throw new TokenizerFormatException($"model.vocab[{id}]: tokens of more than {MaxLatticeToken} characters, or 16 M together, are refused.");
                scores[id] = token[1].GetDouble();
                if (!double.IsFinite(scores[id])) throw Wrong($"model.vocab[{id}]", "finite");
                if (!ids.TryAdd(text, id)) throw new TokenizerFormatException($"model.vocab holds \"{text}\" twice ({ids[text]} and {id}).");
                id++;
            }

            int unknown = Optional(e, "unk_id") is { ValueKind: not JsonValueKind.Null } ? Int(e, "unk_id", "model") : -1;
            if (unknown >= count || (unknown < 0 && Optional(e, "unk_id") is { ValueKind: JsonValueKind.Number }))
                throw new TokenizerFormatException($"model.unk_id is {unknown}; the vocabulary has {count} tokens.");
            return new UnigramModel(new Vocabulary(ids), scores, unknown, Bool(e, "byte_fallback", "model", false), special);
        }

        private List<AddedToken> ReadAdded(JsonElement? element, Vocabulary vocabulary)
        {
            List<AddedToken> tokens = [];
            if (element is not { ValueKind: not JsonValueKind.Null } array) return tokens;
            if (array.ValueKind != JsonValueKind.Array) throw Wrong("added_tokens", "an array");
            if (array.GetArrayLength() > MaxAdded) throw new TokenizerFormatException($"added_tokens has {array.GetArrayLength()} entries; at most {MaxAdded} are read.");
            Dictionary<string, int> seen = [];
            Dictionary<int, string> owner = [];
            int at = 0, largest = -1;
            foreach (JsonElement e in array.EnumerateArray())
            {
                string key = $"added_tokens[{at++}]";
                string content = String(e, "content", key);
                if (content.Length > MaxAddedLength) throw new TokenizerFormatException($"{key} has {content.Length} characters; at most {MaxAddedLength} are read.");
                int claimed = Int(e, "id", key);
                if (claimed < 0 || claimed >= Vocabulary.IdLimit) throw Wrong($"{key}.id", $"0 to {Vocabulary.IdLimit - 1}");
                if (content.Length == 0)
                {
                    _warnings.Add($"{key} is empty and was left out.");
                    continue;
                }

                if (vocabulary.TextOf(claimed) is { } other && other != content)
                    throw new TokenizerFormatException($"{key} (\"{content}\") claims the id {claimed}, which is that of \"{other}\".");

                // The file's id counts only where the model's vocabulary has it; else the next free one is given.
                int id = vocabulary.IdOf(content);
                if (id < 0) id = largest >= vocabulary.Count ? largest + 1 : vocabulary.Count;
                if (seen.TryGetValue(content, out int before)) id = tokens[before].Id;
                else if (id != claimed) _warnings.Add($"{key} (\"{content}\") says id {claimed}; it gets {id}, as in the reference library.");
                if (!owner.TryAdd(id, content) && owner[id] != content) throw new TokenizerFormatException($"{key} (\"{content}\") and \"{owner[id]}\" have the same id {id}.");
                if (vocabulary.IdOf(content) < 0 && vocabulary.TextOf(id) is { } taken) throw new TokenizerFormatException($"{key} (\"{content}\") would get the id {id}, which is that of \"{taken}\"; put it into model.vocab.");
                largest = Math.Max(largest, id);
                AddedToken token = new(
                    id, content, Bool(e, "single_word", key, false), Bool(e, "lstrip", key, false), Bool(e, "rstrip", key, false),
                    Bool(e, "normalized", key, !Bool(e, "special", key, false)), Bool(e, "special", key, false));
                if (seen.TryAdd(content, tokens.Count)) tokens.Add(token);
                else tokens[seen[content]] = token;
            }

            return tokens;
        }

        private static Truncation? ReadTruncation(JsonElement? element)
        {
            if (element is not { ValueKind: not JsonValueKind.Null } e) return null;
            string direction = String(e, "direction", "truncation", "Right"), strategy = String(e, "strategy", "truncation", "LongestFirst");
            if (!Enum.TryParse(direction, out TokenSide side) || !Enum.TryParse(strategy, out TruncationStrategy how)) throw Wrong("truncation.direction and strategy", "known");
            return new Truncation(Int(e, "max_length", "truncation"), Int(e, "stride", "truncation", 0), how, side);
        }

        private static Padding? ReadPadding(JsonElement? element, Dictionary<int, string> added, Vocabulary vocabulary)
        {
            if (element is not { ValueKind: not JsonValueKind.Null } e) return null;
            string direction = String(e, "direction", "padding", "Right");
            if (!Enum.TryParse(direction, out TokenSide side)) throw Wrong("padding.direction", "\"Right\" or \"Left\"");
            int? length = null;
            if (Optional(e, "strategy") is { } strategy)
            {
                if (strategy.ValueKind == JsonValueKind.Object) length = Int(strategy, "Fixed", "padding.strategy");
                else if (strategy.ValueKind != JsonValueKind.String || strategy.GetString() != "BatchLongest") throw Wrong("padding.strategy", "\"BatchLongest\" or {\"Fixed\": n}");
            }

            int id = Int(e, "pad_id", "padding", 0);
            if (!added.ContainsKey(id) && vocabulary.TextOf(id) is null) throw new TokenizerFormatException($"padding.pad_id is {id}, which the vocabulary does not hold.");
            return new Padding(id, String(e, "pad_token", "padding", "[PAD]"), Int(e, "pad_type_id", "padding", 0), length, Int(e, "pad_to_multiple_of", "padding", 0), side);
        }

        // Parts

        private static IPattern ReadPattern(JsonElement e, string key)
        {
            if (Optional(e, "pattern") is not { ValueKind: JsonValueKind.Object } pattern) throw Wrong($"{key}.pattern", "{\"String\": …} or {\"Regex\": …}");
            if (pattern.TryGetProperty("String", out JsonElement literal) && literal.ValueKind == JsonValueKind.String) return new LiteralPattern(Utf32.Of(literal.GetString()!));
            if (!pattern.TryGetProperty("Regex", out JsonElement regex) || regex.ValueKind != JsonValueKind.String) throw Wrong($"{key}.pattern", "{\"String\": …} or {\"Regex\": …}");
            string expression = regex.GetString()!;
            foreach (StandardPattern standard in StandardPattern.All)
                if (standard.Expression == expression) return standard;
            try
            {
                return CodePointRegex.Parse(expression);
            }
            catch (TokenizerFormatException error)
            {
                throw new TokenizerFormatException($"{key}.pattern: {error.Message}", error);
            }
        }

        private static SplitBehavior Behavior(JsonElement e, string key, SplitBehavior? missing)
        {
            if (Optional(e, "behavior") is null && missing is { } value) return value;
            string name = String(e, "behavior", key);
            return name switch
            {
                "Removed" => SplitBehavior.Removed,
                "Isolated" => SplitBehavior.Isolated,
                "MergedWithPrevious" => SplitBehavior.MergedWithPrevious,
                "MergedWithNext" => SplitBehavior.MergedWithNext,
                "Contiguous" => SplitBehavior.Contiguous,
                _ => throw new TokenizerFormatException($"{key}.behavior is \"{name}\"; Removed, Isolated, MergedWithPrevious, MergedWithNext and Contiguous are known."),
            };
        }

        private static (int Replacement, PrependScheme Scheme) Metaspace(JsonElement e, string key)
        {
            int replacement = Character(e, "replacement", key, 0x2581);
            string? name = Optional(e, "prepend_scheme") is { ValueKind: not JsonValueKind.Null } ? String(e, "prepend_scheme", key) : null;
            PrependScheme scheme = name switch
            {
                null or "always" => PrependScheme.Always,
                "first" => PrependScheme.First,
                "never" => PrependScheme.Never,
                _ => throw new TokenizerFormatException($"{key}.prepend_scheme is \"{name}\"; always, first and never are known."),
            };
            if (Optional(e, "add_prefix_space") is { ValueKind: not JsonValueKind.Null })
            {
                // The old spelling: true stands for always, false for never.
                bool add = Bool(e, "add_prefix_space", key, true);
                if (name is null) scheme = add ? PrependScheme.Always : PrependScheme.Never;
                else if (!add && scheme != PrependScheme.Never) throw new TokenizerFormatException($"{key}: add_prefix_space is false and prepend_scheme is \"{name}\"; they contradict each other.");
            }

            return (replacement, scheme);
        }

        private static int Character(JsonElement e, string name, string key, int missing = -1)
        {
            if (Optional(e, name) is null && missing >= 0) return missing;
            string text = String(e, name, key);
            return Rune.DecodeFromUtf16(text, out Rune rune, out int used) == System.Buffers.OperationStatus.Done && used == text.Length
                ? rune.Value
                : throw new TokenizerFormatException($"{key}.{name} is \"{text}\"; it must be one character.");
        }

        private static string Type(JsonElement e, string key)
        {
            if (e.ValueKind != JsonValueKind.Object) throw Wrong(key, "an object with a type");
            return String(e, "type", key);
        }

        private static IEnumerable<JsonElement> Items(JsonElement e, string name, string key) =>
            Optional(e, name) is { ValueKind: JsonValueKind.Array } array ? array.EnumerateArray() : throw Wrong($"{key}.{name}", "an array");

        private static JsonElement? Optional(JsonElement e, string name) => e.ValueKind == JsonValueKind.Object && e.TryGetProperty(name, out JsonElement value) ? value : null;

        private static string Content(JsonElement e, string name, string key)
        {
            string text = String(e, name, key);
            return text.Length <= MaxContent ? text : throw new TokenizerFormatException($"{key}.{name} has {text.Length} characters; at most {MaxContent} are read.");
        }

        private static string? NullableString(JsonElement e, string name) => Optional(e, name) is { ValueKind: not JsonValueKind.Null } ? String(e, name, "model") : null;

        private static string String(JsonElement e, string name, string key, string? missing = null)
        {
            JsonElement? value = Optional(e, name);
            if (value is null && missing is not null) return missing;
            return value is { ValueKind: JsonValueKind.String } text ? text.GetString()! : throw Wrong($"{key}.{name}", "a string");
        }

        private static bool Bool(JsonElement e, string name, string key, bool missing) => Optional(e, name) switch
        {
            null or { ValueKind: JsonValueKind.Null } => missing,
            { ValueKind: JsonValueKind.True } => true,
            { ValueKind: JsonValueKind.False } => false,
            _ => throw Wrong($"{key}.{name}", "true or false"),
        };

        private static int Int(JsonElement e, string name, string key, int? missing = null)
        {
            JsonElement? value = Optional(e, name);
            if (value is null or { ValueKind: JsonValueKind.Null } && missing is { } m) return m;
            return value is { ValueKind: JsonValueKind.Number } number && number.TryGetInt32(out int result) ? result : throw Wrong($"{key}.{name}", "a whole number");
        }

        private static TokenizerFormatException Wrong(string what, string want) => new($"{what} must be {want}.");
    }
}
