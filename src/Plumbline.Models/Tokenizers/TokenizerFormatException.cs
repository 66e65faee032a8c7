namespace Plumbline.Models.Tokenizers;

/// <summary>A tokenizer's file is wrong or asks for something that cannot be done exactly; the message names the key and says what to do.</summary>
public sealed class TokenizerFormatException : Exception
{
    public TokenizerFormatException(string message) : base(message) { }

    public TokenizerFormatException(string message, Exception inner) : base(message, inner) { }

    public TokenizerFormatException() { }
}

/// <summary>A text cannot be encoded, e.g. an unknown character in a vocabulary without an unknown token.</summary>
public sealed class TokenizationException : Exception
{
    public TokenizationException(string message) : base(message) { }

    public TokenizationException(string message, Exception inner) : base(message, inner) { }

    public TokenizationException() { }
}
