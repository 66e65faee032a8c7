namespace Plumbline.Phantoms.Wired;

/// <summary>A named group of neighbouring coordinates of a program's residual stream.</summary>
/// <param name="Name">What it holds.</param>
/// <param name="First">Its first coordinate; 0 is the constant one, so that it is at least 1.</param>
/// <param name="Width">How many there are.</param>
internal sealed record Space(string Name, int First, int Width)
{
    /// <summary>One of its coordinates.</summary>
    public Vector this[int i] => (uint)i < (uint)Width ? Vector.Unit(First + i) : throw new ArgumentOutOfRangeException(nameof(i), i, $"{Name} has {Width} coordinates.");

    /// <summary>A direction inside it.</summary>
    public Vector Of(params IReadOnlyList<double> values) =>
        values.Count == Width ? values.Select((v, i) => v * this[i]).Aggregate(Vector.Zero, (a, b) => a + b) : throw new ArgumentException($"{Name} has {Width} coordinates, not {values.Count}.", nameof(values));

    /// <summary>How many codes there are: words of 1 and -1, as many of the one as of the other.</summary>
    public int Codes => Words(Width, Width / 2);

    /// <summary>
    /// A number as the word of that rank among those that have as many 1 as -1. The product of two codes is the width where they are equal
    /// and at least four less where they are not, so that attention finds the equal one; all have one length and the sum 0, so that equal matches are equal to the last
    /// bit; ranks r and Codes - 1 - r are each other's negative. All zero means unset.
    /// </summary>
    public Vector Code(int number)
    {
        if (Width % 2 != 0) throw new InvalidOperationException($"{Name} has {Width} coordinates; a code needs an even number.");
        if ((uint)number >= (uint)Codes) throw new ArgumentOutOfRangeException(nameof(number), number, $"{Name} has {Codes} codes.");
        double[] word = new double[Width];
        for (int i = 0, ones = Width / 2; i < Width; i++)
        {
            // Words that have -1 here come first.
            int before = Words(Width - i - 1, ones);
            word[i] = number < before ? -1 : 1;
            if (number < before) continue;
            number -= before;
            ones--;
        }

        return Of(word);
    }

    // Words of a length with so many ones: a binomial coefficient.
    private static int Words(int length, int ones)
    {
        if (ones > length) return 0;
        long words = 1;
        for (int i = 1; i <= ones; i++) words = words * (length - ones + i) / i;
        return checked((int)words);
    }
}
