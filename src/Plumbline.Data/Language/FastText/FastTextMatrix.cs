namespace Plumbline.Data.Language.FastText;

/// <summary>A matrix of rows, dense or product-quantised (Jégou et al. 2011, as Joulin et al. 2016 use it). Immutable.</summary>
internal abstract class FastTextMatrix(int rows, int columns)
{
    public int Rows { get; } = rows;

    public int Columns { get; } = columns;

    /// <summary>Adds a row to a vector.</summary>
    public abstract void AddRow(int row, Span<float> to);

    /// <summary>The product of a row with a vector.</summary>
    public abstract float Dot(int row, ReadOnlySpan<float> vector);

    /// <summary>Reads either kind.</summary>
    public static FastTextMatrix Read(ref FastTextFile file, bool quantised, int columns, string what) => quantised ? Quantised.Of(ref file, columns, what) : Dense.Of(ref file, columns, what);

    private static int Rows32(ref FastTextFile file, int columns, string what)
    {
        long rows = file.Int64($"{what}'s rows"), cols = file.Int64($"{what}'s columns");
        if (rows is < 0 or > int.MaxValue) throw file.Fault($"{what} has {rows} rows");
        return cols == columns ? (int)rows : throw file.Fault($"{what} has {cols} columns where the vectors have {columns}");
    }

    private sealed class Dense(int rows, int columns, float[] values) : FastTextMatrix(rows, columns)
    {
        public static Dense Of(ref FastTextFile file, int columns, string what)
        {
            int rows = Rows32(ref file, columns, what);
            return new(rows, columns, file.Floats((long)rows * columns, what));
        }

        public override void AddRow(int row, Span<float> to)
        {
            ReadOnlySpan<float> own = values.AsSpan(row * Columns, Columns);
            for (int i = 0; i < own.Length; i++) to[i] += own[i];
        }

        public override float Dot(int row, ReadOnlySpan<float> vector)
        {
            ReadOnlySpan<float> own = values.AsSpan(row * Columns, Columns);
            float sum = 0;
            for (int i = 0; i < own.Length; i++) sum += own[i] * vector[i];
            return sum;
        }
    }

    private sealed class Quantised(int rows, int columns, byte[] codes, Quantiser quantiser, byte[]? normCodes, Quantiser? norms) : FastTextMatrix(rows, columns)
    {
        public static Quantised Of(ref FastTextFile file, int columns, string what)
        {
            bool normed = file.Flag($"{what}'s mark of norms");
            int rows = Rows32(ref file, columns, what);
            byte[] codes = file.Bytes(file.Int32($"{what}'s number of codes"), $"{what}'s codes");
            Quantiser quantiser = Quantiser.Of(ref file, columns, what);
            if (codes.LongLength != (long)rows * quantiser.Parts) throw file.Fault($"{what} has {codes.Length} codes where {rows} rows of {quantiser.Parts} are wanted");
            return normed ? new(rows, columns, codes, quantiser, file.Bytes(rows, $"{what}'s norms"), Quantiser.Of(ref file, 1, $"{what}'s norms")) : new(rows, columns, codes, quantiser, null, null);
        }

        public override void AddRow(int row, Span<float> to)
        {
            float norm = Norm(row);
            for (int part = 0; part < quantiser.Parts; part++)
            {
                ReadOnlySpan<float> centroid = quantiser.Centroid(part, codes[(row * quantiser.Parts) + part]);
                for (int i = 0; i < centroid.Length; i++) to[(part * quantiser.Width) + i] += norm * centroid[i];
            }
        }

        public override float Dot(int row, ReadOnlySpan<float> vector)
        {
            float sum = 0;
            for (int part = 0; part < quantiser.Parts; part++)
            {
                ReadOnlySpan<float> centroid = quantiser.Centroid(part, codes[(row * quantiser.Parts) + part]);
                for (int i = 0; i < centroid.Length; i++) sum += vector[(part * quantiser.Width) + i] * centroid[i];
            }

            return sum * Norm(row);
        }

        private float Norm(int row) => normCodes is null ? 1 : norms!.Centroid(0, normCodes[row])[0];
    }

    /// <summary>256 centroids for each part of a vector.</summary>
    private sealed record Quantiser(int Parts, int Width, int LastWidth, float[] Centroids)
    {
        private const int Size = 256;

        public static Quantiser Of(ref FastTextFile file, int columns, string what)
        {
            int dim = file.Int32($"{what}'s quantiser"), parts = file.Int32($"{what}'s parts"), width = file.Int32($"{what}'s width of a part"), last = file.Int32($"{what}'s width of the last part");
            if (dim != columns || parts < 1 || width < 1 || last < 1 || last > width || ((parts - 1L) * width) + last != dim) throw file.Fault($"{what}'s quantiser of {parts} parts of {width} (the last of {last}) does not cut {columns} columns");
            return new(parts, width, last, file.Floats((long)dim * Size, $"{what}'s centroids"));
        }

        public ReadOnlySpan<float> Centroid(int part, byte code) => part == Parts - 1
            ? Centroids.AsSpan((part * Size * Width) + (code * LastWidth), LastWidth)
            : Centroids.AsSpan(((part * Size) + code) * Width, Width);
    }
}
