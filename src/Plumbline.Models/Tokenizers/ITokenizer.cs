namespace Plumbline.Models.Tokenizers;

/// <summary>Text to ids and back. Immutable; safe for concurrent use.</summary>
public interface ITokenizer
{
    /// <summary>The number of ids, added tokens included.</summary>
    int VocabularySize { get; }

    /// <summary>Ids of the text, without added start or end tokens.</summary>
    /// <param name="text">Any text; lone surrogates become U+FFFD.</param>
    /// <param name="parseSpecial">True: the strings of special tokens in the text become those tokens. False: they are read as plain text.</param>
    IReadOnlyList<int> Encode(string text, bool parseSpecial = true);

    /// <summary>The text of the ids.</summary>
    /// <param name="ids">Ids below <see cref="VocabularySize"/>; others are skipped.</param>
    /// <param name="keepSpecial">Whether special tokens appear.</param>
    string Decode(IReadOnlyList<int> ids, bool keepSpecial = false);

    /// <summary>The id of a token by its text, or null.</summary>
    int? IdOf(string token);

    /// <summary>A decoder that is fed id by id and never gives half a character.</summary>
    IStreamingDecoder Stream(bool keepSpecial = false);
}

/// <summary>Decodes a stream of ids; not safe for concurrent use.</summary>
public interface IStreamingDecoder
{
    /// <summary>The text that became certain with this id; empty while a character is unfinished.</summary>
    string Add(int id);

    /// <summary>What is left at the end; bytes that never became a character come as U+FFFD.</summary>
    string Finish();
}
