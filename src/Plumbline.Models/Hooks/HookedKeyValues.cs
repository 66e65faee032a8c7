namespace Plumbline.Models.Hooks;

/// <summary>Keys and values of the positions that a sequence has run, layer by layer, as attention saw them. Not safe for concurrent use.</summary>
internal sealed class HookedKeyValues(int layers, int batch, int width, int[] padding)
{
    private readonly int[] _whole = new int[batch];
    private readonly float[][] _keys = [.. Enumerable.Repeat<float[]>([], layers)], _values = [.. Enumerable.Repeat<float[]>([], layers)];

    /// <summary>Positions that are there, padding too.</summary>
    public int Length { get; private set; }

    /// <summary>Positions that there is room for.</summary>
    public int Capacity { get; private set; }

    public int Batch => batch;

    /// <summary>Bytes of all that there is room for.</summary>
    public long Bytes => BytesOf(Capacity);

    /// <summary>Bytes once there is room for more positions; while it grows, old and new lie beside each other in one layer.</summary>
    public long BytesWith(int more) => Length + more <= Capacity ? Bytes : BytesOf(Math.Max(Length + more, Capacity * 2L)) + (BytesOf(Capacity) / layers);

    private long BytesOf(long positions) => checked(2L * sizeof(float) * layers * batch * positions * width);

    /// <summary>Real tokens of a row.</summary>
    public int RealLength(int row) => Length - Math.Min(Length, padding[row]);

    /// <summary>The real length of a row's sequence for which its tokens are turned, where length matters: this and the next tokens'.</summary>
    public int WholeLength(int row) => _whole[row];

    /// <summary>Says how long the rows are going to be, once the next tokens are there.</summary>
    public void Expect(IReadOnlyList<int> lengths)
    {
        for (int row = 0; row < batch; row++) _whole[row] = lengths[row];
    }

    /// <summary>Makes room for more positions.</summary>
    public void Reserve(int more)
    {
        if (Length + more <= Capacity) return;
        int capacity = checked(Math.Max(Length + more, Capacity * 2));
        for (int layer = 0; layer < layers; layer++)
        {
            _keys[layer] = Grown(_keys[layer]);
            _values[layer] = Grown(_values[layer]);
        }

        Capacity = capacity;

        float[] Grown(float[] old)
        {
            float[] grown = new float[checked(batch * capacity * width)];
            for (int row = 0; row < batch; row++) old.AsSpan(row * Capacity * width, Length * width).CopyTo(grown.AsSpan(row * capacity * width));
            return grown;
        }
    }

    /// <summary>Writes a layer's new keys or values [batch, count, width] behind the old ones; they count once <see cref="Advance"/> is called.</summary>
    public float[] Append(int layer, bool keys, float[] rows, int count)
    {
        float[] all = (keys ? _keys : _values)[layer];
        for (int row = 0; row < batch; row++) rows.AsSpan(row * count * width, count * width).CopyTo(all.AsSpan(((row * Capacity) + Length) * width));
        return all;
    }

    public void Advance(int count) => Length += count;

    /// <summary>Forgets all but the first positions.</summary>
    public void Truncate(int length) => Length = Math.Min(Length, length);
}
