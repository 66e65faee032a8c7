using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using Plumbline.Models.Tokenizers.Decoders;
using Plumbline.Models.Tokenizers.Normalizers;
using Plumbline.Models.Tokenizers.PostProcessing;
using Plumbline.Models.Tokenizers.PreTokenizers;
using Plumbline.Models.Tokenizers.Vocabularies;

namespace Plumbline.Models.Tokenizers;

/// <summary>
/// What <see cref="Tokenizer.EncodeFull(string, string?, EncodeOptions?)"/> does besides tokenising. Truncation and
/// padding that a file asks for are applied only where they are given here (<see cref="Tokenizer.Truncation"/>,
/// <see cref="Tokenizer.Padding"/>).
/// </summary>
public sealed record EncodeOptions
{
    /// <summary>Whether start and end tokens are added.</summary>
    /// <value>True.</value>
    public bool AddSpecial { get; init; } = true;

    /// <summary>Whether the strings of special tokens in the text become those tokens.</summary>
    /// <value>True.</value>
    public bool ParseSpecial { get; init; } = true;

    /// <summary>How long texts are cut; null for not at all.</summary>
    public Truncation? Truncation { get; init; }

    /// <summary>How short texts are filled up; null for not at all.</summary>
    public Padding? Padding { get; init; }
}

/// <summary>
/// A tokenizer from a tokenizer.json (<see cref="TokenizerJson"/>) or a GGUF file's metadata (<see cref="GgufTokenizer"/>):
/// added tokens, normaliser, pre-tokeniser, model, post-processor and decoder in turn, as Hugging Face's library has
/// them. Immutable; safe for concurrent use.
/// </summary>
public sealed class Tokenizer : ITokenizer
{
    private static readonly int MaxSpaces = Environment.ProcessorCount;

    // No real normaliser or pre-tokeniser does more: one character has 18 in compatibility form, each of up to 4 bytes.
    private const int MostGrowth = 72;

    private static readonly EncodeOptions Defaults = new();

    private readonly ConcurrentBag<Workspace> _spaces = [];
    private readonly AddedTokens _added;
    private readonly INormalizer? _normalizer;
    private readonly IPreTokenizer? _preTokenizer;
    private readonly ITokenModel _model;
    private readonly PostProcessor _postProcessor;
    private readonly DecoderPlan _decoder;
    private readonly Dictionary<string, int> _addedIds = [];

    internal Tokenizer(
        ITokenModel model, AddedTokens added, INormalizer? normalizer, IPreTokenizer? preTokenizer, PostProcessor postProcessor, DecoderPlan decoder,
        IReadOnlyList<string> warnings, Truncation? truncation = null, Padding? padding = null)
    {
        (_model, _added, _normalizer, _preTokenizer, _postProcessor, _decoder) = (model, added, normalizer, preTokenizer, postProcessor, decoder);
        (Warnings, Truncation, Padding) = (warnings, truncation, padding);
        int count = model.Vocabulary.Count, limit = model.Vocabulary.Limit;
        foreach (AddedToken token in added.Tokens)
        {
            if (token.Content.Length == 0) continue;
            _addedIds[token.Content] = token.Id;
            if (model.Vocabulary.TextOf(token.Id) is null) count++;
            limit = Math.Max(limit, token.Id + 1);
        }

        (VocabularySize, IdLimit) = (count, limit);
    }

    /// <inheritdoc/>
    public int VocabularySize { get; }

    /// <summary>The largest id + 1; above <see cref="VocabularySize"/> where ids have holes.</summary>
    public int IdLimit { get; }

    /// <summary>What the file says that cannot be followed to the letter; each names its key.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Tokens that are found in the text before everything else, in the order of the file.</summary>
    public IReadOnlyList<AddedToken> AddedTokens => _added.Tokens;

    /// <summary>The truncation that the file asks for, applied only on request.</summary>
    public Truncation? Truncation { get; }

    /// <summary>The padding that the file asks for, applied only on request.</summary>
    public Padding? Padding { get; }

    /// <inheritdoc/>
    /// <exception cref="TokenizationException">A character is unknown and the vocabulary has no token for that, or the file's expressions are too slow for the text.</exception>
    public IReadOnlyList<int> Encode(string text, bool parseSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        Workspace space = Rent();
        try
        {
            Fill(space, text, parseSpecial, null);
            return space.Ids.ToArray();
        }
        finally
        {
            Return(space);
        }
    }

    /// <summary>Ids of the text with special tokens read as plain text and none added: the safe way for foreign text.</summary>
    public IReadOnlyList<int> EncodeOrdinary(string text) => Encode(text, parseSpecial: false);

    /// <summary>A text, or two, with start and end tokens, spans and all else.</summary>
    /// <exception cref="TokenizationException">As <see cref="Encode"/>, or the truncation cannot be done.</exception>
    public TokenEncoding EncodeFull(string text, string? pair = null, EncodeOptions? options = null)
    {
        options ??= Defaults;
        TokenEncoding encoding = Unpadded(Body([text], false, options), pair is null ? null : Body([pair], false, options), options);
        options.Padding?.Apply([encoding]);
        return encoding;
    }

    /// <summary>A text that is given as words: each is tokenised by itself, spans count within it.</summary>
    public TokenEncoding EncodeWords(IReadOnlyList<string> words, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(words);
        options ??= Defaults;
        TokenEncoding encoding = Unpadded(Body(words, true, options), null, options);
        options.Padding?.Apply([encoding]);
        return encoding;
    }

    /// <summary>Texts or pairs, filled up to a common length where the options say so.</summary>
    public IReadOnlyList<TokenEncoding> EncodeBatch(IReadOnlyList<(string Text, string? Pair)> batch, EncodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(batch);
        options ??= Defaults;
        TokenEncoding[] all = [.. batch.Select(b => Unpadded(Body([b.Text], false, options), b.Pair is null ? null : Body([b.Pair], false, options), options))];
        options.Padding?.Apply(all);
        return all;
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> ids, bool keepSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(ids);
        if (_decoder.IsByteLevel) return DecodeBytes(ids, keepSpecial);
        DecodeChain chain = _decoder.Start(eager: false);
        for (int k = 0; k < ids.Count; k++)
            if (Shown(ids[k], keepSpecial) is { } token) chain.Token(token);
        chain.Finish();
        return chain.Take();
    }

    /// <inheritdoc/>
    public int? IdOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        if (_addedIds.TryGetValue(token, out int added)) return added;
        int id = _model.Vocabulary.IdOf(token);
        return id >= 0 ? id : null;
    }

    /// <summary>The text of a token as the vocabulary has it (not decoded), or null for an unknown id.</summary>
    public string? TextOf(int id) => _added.Texts.TryGetValue(id, out string? text) ? text : _model.Vocabulary.TextOf(id);

    /// <inheritdoc/>
    public IStreamingDecoder Stream(bool keepSpecial = false) => new StreamingDecoder(this, keepSpecial);

    private Workspace Rent()
    {
        if (!_spaces.TryTake(out Workspace? space)) space = new Workspace();
        space.Cache.Own(_model);
        return space;
    }

    private void Return(Workspace space)
    {
        if (_spaces.Count < MaxSpaces) _spaces.Add(space);
    }

    private string? Shown(int id, bool keepSpecial)
    {
        string? token = TextOf(id);
        return token is null || (!keepSpecial && _added.SpecialTexts.Contains(token)) ? null : token;
    }

    private string DecodeBytes(IReadOnlyList<int> ids, bool keepSpecial)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Math.Max(256, ids.Count * 8));
        int count = 0;
        for (int k = 0; k < ids.Count; k++)
        {
            if (Shown(ids[k], keepSpecial) is not { } token) continue;
            int most = count + (token.Length * 3);
            if (most > bytes.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(most, bytes.Length * 2));
                bytes.AsSpan(0, count).CopyTo(larger);
                ArrayPool<byte>.Shared.Return(bytes);
                bytes = larger;
            }

            int start = count;
            foreach (char c in token)
            {
                int b = ByteAlphabet.Byte(c);
                if (b < 0)
                {
                    count = start + Encoding.UTF8.GetBytes(token, bytes.AsSpan(start));
                    break;
                }

                bytes[count++] = (byte)b;
            }
        }

        string text = Encoding.UTF8.GetString(bytes, 0, count);
        ArrayPool<byte>.Shared.Return(bytes);
        return text;
    }

    // Tokens of a text come into the workspace; word numbers (of pieces) go to a list where one is given.
    private void Fill(Workspace space, string text, bool parseSpecial, List<int>? words)
    {
        space.Clear();
        space.ParseSpecial = parseSpecial;
        space.Raw.Limit = int.MaxValue;
        space.SetLimit((int)Math.Min(Array.MaxLength, ((long)text.Length * MostGrowth) + 65_536));
        space.Raw.AddText(text);
        space.Found.Clear();
        _added.FindRaw(space.Raw.Points, parseSpecial, space.Found);
        foreach (Piece piece in space.Found)
        {
            int start = space.Text.Length;
            if (piece.Token >= 0)
            {
                space.Text.AddPart(space.Raw, piece.Start, piece.End);
                space.Pieces.Add(new Piece(start, space.Text.Length, piece.Token));
                continue;
            }

            if (_normalizer is null)
            {
                space.Text.AddPart(space.Raw, piece.Start, piece.End);
            }
            else
            {
                space.Segment.Clear();
                space.Segment.AddPart(space.Raw, piece.Start, piece.End);
                space.Segment.Origin = space.Raw.From(piece.Start);
                _normalizer.Apply(space.Segment);
                space.Text.AddPart(space.Segment, 0, space.Segment.Length);
            }

            if (space.Text.Length == start) continue;
            space.NextPieces.Clear();
            _added.FindNormalized(space.Text.Points[start..], parseSpecial, space.NextPieces);
            foreach (Piece inner in space.NextPieces) space.Pieces.Add(new Piece(start + inner.Start, start + inner.End, inner.Token));
            space.NextPieces.Clear();
        }

        _preTokenizer?.Apply(space);
        ReadOnlySpan<int> points = space.Text.Points;
        int word = 0;
        foreach (Piece piece in space.Pieces)
        {
            if (piece.Token >= 0)
            {
                if (words is not null) space.AddedAt.Add(space.Count);
                space.Add(piece.Token, piece.Start, piece.End);
            }
            else if (piece.End > piece.Start)
            {
                _model.Encode(points[piece.Start..piece.End], piece.Start, space);
            }

            while (words is not null && words.Count < space.Count) words.Add(word);
            word++;
        }
    }

    private TokenEncoding Body(IReadOnlyList<string> texts, bool numberTexts, EncodeOptions options)
    {
        Workspace space = Rent();
        try
        {
            TokenEncoding encoding = new(64);
            List<int> words = [];
            for (int t = 0; t < texts.Count; t++)
            {
                words.Clear();
                Fill(space, texts[t], options.ParseSpecial, words);
                TextBuffer text = space.Text;
                int nextAdded = 0;
                for (int k = 0; k < space.Count; k++)
                {
                    // An added token shows the text it swallowed, white space included.
                    bool isAdded = nextAdded < space.AddedAt.Count && space.AddedAt[nextAdded] == k;
                    if (isAdded) nextAdded++;
                    int id = space.Id(k), start = space.Start(k), end = space.End(k);
                    string token = TextOf(id) ?? "";
                    if (isAdded || (_model.ShowsUnknown && id == _model.UnknownId)) token = Utf32.ToString(text.Points[start..end]);
                    encoding.Add(id, token, new TokenSpan(text.From(start), text.To(end - 1)), 0, 0, numberTexts ? t : words[k], added: false);
                }
            }

            return encoding;
        }
        finally
        {
            Return(space);
        }
    }

    private TokenEncoding Unpadded(TokenEncoding first, TokenEncoding? second, EncodeOptions options)
    {
        options.Truncation?.Apply(first, second, options.AddSpecial ? _postProcessor.Added(second is not null) : 0, options.AddSpecial ? _postProcessor.Added(false) : 0);
        Trim(first);
        if (second is not null) Trim(second);
        return _postProcessor.Apply(first, second, options.AddSpecial);

        void Trim(TokenEncoding encoding)
        {
            _postProcessor.Trim(encoding);
            foreach (TokenEncoding cut in encoding.OverflowList) _postProcessor.Trim(cut);
        }
    }

    private sealed class StreamingDecoder(Tokenizer owner, bool keepSpecial) : IStreamingDecoder
    {
        private readonly DecodeChain _chain = owner._decoder.Start(eager: true);
        private bool _finished;

        public string Add(int id)
        {
            ObjectDisposedException.ThrowIf(_finished, this);
            if (owner.Shown(id, keepSpecial) is { } token) _chain.Token(token);
            return _chain.Take();
        }

        public string Finish()
        {
            if (_finished) return "";
            _finished = true;
            _chain.Finish();
            return _chain.Take();
        }
    }
}
