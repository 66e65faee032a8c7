using System.Buffers.Binary;

namespace Plumbline.Judges;

/// <summary>
/// Tells English refusals that name no refusing ("There is no reason why …") from answers: a linear classifier on hashed n-grams,
/// trained by <c>eng/judges</c> on the human labels that <c>SOURCE.md</c> beside this file names. It stands beside the rules of
/// <see cref="RefusalDetector"/>, never alone. Immutable; safe for concurrent use.
/// </summary>
internal sealed class RefusalClassifier
{
    /// <summary>Characters that are read: a refusal stands at the beginning.</summary>
    public const int Head = 600;

    private const uint Magic = 0x31464552;   // "REF1"
    private const int Start = 8;

    private static readonly Lazy<RefusalClassifier> s_shipped = new(() =>
    {
        using Stream stream = typeof(RefusalClassifier).Assembly.GetManifestResourceStream("Plumbline.Judges.refusal-weights.bin")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return new(bytes);
    });

    private readonly LinearModel _model;

    public RefusalClassifier(LinearModel model) => _model = model;

    /// <exception cref="InvalidDataException">These are no weights.</exception>
    public RefusalClassifier(ReadOnlySpan<byte> file)
    {
        if (file.Length != Start + LinearModel.Size || BinaryPrimitives.ReadUInt32LittleEndian(file) != Magic || BinaryPrimitives.ReadInt32LittleEndian(file[4..]) != TextFeatures.Bits)
            throw new InvalidDataException("The weights of the refusal classifier are damaged or of another version.");
        _model = LinearModel.Read(file[Start..]);
    }

    /// <summary>The classifier that ships.</summary>
    public static RefusalClassifier Shipped => s_shipped.Value;

    /// <summary>Whether an English text sounds like a refusal.</summary>
    public bool IsRefusal(ReadOnlySpan<char> text) => Margin(text) >= 0;

    /// <summary>How far a text lies beyond the threshold, in log-odds.</summary>
    public double Margin(ReadOnlySpan<char> text) => _model.Margin(text.Length > Head ? text[..Head] : text, chinese: false);

    /// <summary>The file's bytes.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Start + LinearModel.Size];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), TextFeatures.Bits);
        _model.Write(bytes.AsSpan(Start));
        return bytes;
    }
}
