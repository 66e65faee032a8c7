namespace Plumbline.Models.Hooks;

/// <summary>Edits that take a part of an activation away. Nothing else is frozen: all that follows is computed anew.</summary>
public static class Ablation
{
    /// <summary>Sets it to 0.</summary>
    /// <param name="pattern">Hooks.</param>
    /// <param name="slice">Which part; null for all.</param>
    public static HookEdit Zero(string pattern, ActivationSlice? slice = null) => new(pattern, (value, point) =>
    {
        (slice ?? ActivationSlice.All).Visit(value, point, (first, length) => value.Values.AsSpan(first, length).Clear());
        return value;
    });

    /// <summary>Sets it to its mean over other prompts at the same position; see <see cref="MeanByPosition"/>.</summary>
    /// <param name="pattern">One hook.</param>
    /// <param name="mean">[1, pos, …] of that hook.</param>
    /// <param name="slice">Which part; null for all.</param>
    public static HookEdit Mean(string pattern, HookTensor mean, ActivationSlice? slice = null) => Resample(pattern, mean, slice);

    /// <summary>Sets it to the value of another run at the same position.</summary>
    /// <param name="pattern">One hook.</param>
    /// <param name="other">The value there: of as many prompts, or of one for all.</param>
    /// <param name="slice">Which part; null for all.</param>
    /// <exception cref="ArgumentException">When run: positions or sizes do not correspond.</exception>
    public static HookEdit Resample(string pattern, HookTensor other, ActivationSlice? slice = null) => new(pattern, (value, point) =>
    {
        bool one = other.Shape.Count > 0 && other.Shape[0] == 1;
        if (!other.Shape.Skip(1).SequenceEqual(value.Shape.Skip(1)) || (!one && other.Shape[0] != value.Shape[0]))
        {
            throw new ArgumentException($"At {point.Name} the other value has shape {HookTensor.Show(other.Shape)} and this one {HookTensor.Show(value.Shape)}; "
                + "prompts of different length have no positions that correspond.");
        }

        int size = other.Values.Length / other.Shape[0];
        (slice ?? ActivationSlice.All).Visit(value, point, (first, length) => other.Values.AsSpan(one ? first % size : first, length).CopyTo(value.Values.AsSpan(first, length)));
        return value;
    });

    /// <summary>The mean of an activation over prompts of one length, position by position.</summary>
    /// <param name="values">Activations [batch, pos, …] of one hook; at least one.</param>
    /// <returns>[1, pos, …].</returns>
    public static HookTensor MeanByPosition(params IReadOnlyList<HookTensor> values)
    {
        (double[] sums, int count) = Sum(values);
        return new HookTensor([1, .. values[0].Shape.Skip(1)], Array.ConvertAll(sums, sum => (float)(sum / count)));
    }

    /// <summary>The mean of an activation over prompts and positions, repeated for each position.</summary>
    /// <param name="values">Activations [batch, pos, …] of one hook; at least one.</param>
    /// <returns>[1, pos, …].</returns>
    public static HookTensor MeanOverAll(params IReadOnlyList<HookTensor> values)
    {
        (double[] sums, int count) = Sum(values);
        int positions = values[0].Shape[1], width = sums.Length / positions;
        float[] means = new float[sums.Length];
        for (int d = 0; d < width; d++)
        {
            double sum = 0;
            for (int i = 0; i < positions; i++) sum += sums[(i * width) + d];
            for (int i = 0; i < positions; i++) means[(i * width) + d] = (float)(sum / ((double)count * positions));
        }

        return new HookTensor([1, .. values[0].Shape.Skip(1)], means);
    }

    private static (double[] Sums, int Count) Sum(IReadOnlyList<HookTensor> values)
    {
        int count = values.Sum(value => value.Shape[0]);
        if (count == 0) throw new ArgumentException("There is no activation to take a mean over.", nameof(values));
        int[] shape = [.. values[0].Shape.Skip(1)];
        double[] sums = new double[values[0].Values.Length / values[0].Shape[0]];
        foreach (HookTensor value in values)
        {
            if (!value.Shape.Skip(1).SequenceEqual(shape)) throw new ArgumentException($"Shapes {HookTensor.Show(values[0].Shape)} and {HookTensor.Show(value.Shape)} have no common mean.", nameof(values));
            for (int i = 0; i < value.Values.Length; i++) sums[i % sums.Length] += value.Values[i];
        }

        return (sums, count);
    }
}
