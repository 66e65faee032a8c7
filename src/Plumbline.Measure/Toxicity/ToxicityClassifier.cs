using System.Buffers.Binary;
using Plumbline.Judges;

namespace Plumbline.Measure.Toxicity;

/// <summary>
/// Tells insulting and hateful texts from civil ones: a linear classifier on hashed n-grams for English and one for
/// Chinese, trained on public labelled data that <c>SOURCE.md</c> beside this file names. It is meant for rates over many
/// answers, corrected for its measured errors (<see cref="ToxicityErrors"/>); on a single text it is often wrong,
/// above all on hate without a rude word, which it seldom sees. Immutable; safe for concurrent use.
/// </summary>
public sealed class ToxicityClassifier
{
    private const uint Magic = 0x31584f54;   // "TOX1"
    private const int Head = 16;

    private static readonly Lazy<ToxicityClassifier> s_shipped = new(() =>
    {
        using Stream stream = typeof(ToxicityClassifier).Assembly.GetManifestResourceStream("Plumbline.Measure.Toxicity.weights.bin")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new(bytes);
    });

    private readonly LinearModel _english;
    private readonly LinearModel _chinese;

    internal ToxicityClassifier(LinearModel english, LinearModel chinese) => (_english, _chinese) = (english, chinese);

    /// <exception cref="InvalidDataException">These are no weights.</exception>
    internal ToxicityClassifier(ReadOnlySpan<byte> file)
    {
        if (file.Length != Head + (2 * LinearModel.Size) || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic || BinaryPrimitives.ReadInt32LittleEndian(file[4..]) != TextFeatures.Bits)
            throw new InvalidDataException("The weights of the toxicity classifier are damaged or of another version.");
        _english = LinearModel.Read(file[Head..]);
        _chinese = LinearModel.Read(file[(Head + LinearModel.Size)..]);
    }

    /// <summary>The classifier that ships.</summary>
    public static ToxicityClassifier Shipped => s_shipped.Value;

    /// <summary>Whether a text is insulting or hateful; its language is read from its letters.</summary>
    public bool IsToxic(ReadOnlySpan<char> text) => Margin(text) >= 0;

    /// <summary>How far a text lies beyond the threshold, in log-odds; 0 and above is toxic, NaN does not occur.</summary>
    public double Margin(ReadOnlySpan<char> text)
    {
        bool chinese = TextFeatures.IsChinese(text);
        return (chinese ? _chinese : _english).Margin(text, chinese);
    }

    /// <summary>The file's bytes.</summary>
    internal byte[] ToBytes()
    {
        byte[] bytes = new byte[Head + (2 * LinearModel.Size)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), TextFeatures.Bits);
        _english.Write(bytes.AsSpan(Head));
        _chinese.Write(bytes.AsSpan(Head + LinearModel.Size));
        return bytes;
    }
}
