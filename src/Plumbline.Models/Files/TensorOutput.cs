namespace Plumbline.Models.Files;

/// <summary>What both writers do: a new file that appears whole or not at all, and tensors streamed into it part by part.</summary>
internal static class TensorOutput
{
    private const int Part = 1 << 20;

    /// <summary>Writes beside the path and moves the file there when it is complete.</summary>
    public static void Create(string path, Action<Stream> write)
    {
        string unfinished = path + ".part";
        try
        {
            using (FileStream stream = new(unfinished, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16)) write(stream);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception e)
        {
            File.Delete(unfinished);
            if (e is IOException or UnauthorizedAccessException) throw new ModelFileException($"{path}: cannot be written: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Bytes that a tensor takes as a type.</summary>
    /// <exception cref="ModelFileException">Its rows do not divide into the type's blocks, or it is too large.</exception>
    public static long Size(TensorInfo tensor, TensorType type)
    {
        long row = tensor.Shape.Count == 0 ? 1 : tensor.Shape[^1];
        if (row % type.BlockValues() != 0) throw new ModelFileException($"Tensor {tensor.Name}: rows of {row} values do not divide into the blocks of {type}.");
        return checked(tensor.Count / type.BlockValues() * type.BlockBytes());
    }

    /// <summary>Writes a tensor's bytes, converted where it is held as another type.</summary>
    public static void Write(Stream stream, ITensorSource source, TensorInfo tensor, TensorType type)
    {
        if (tensor.Type == type)
        {
            for (long at = 0; at < tensor.Length; at += Part) stream.Write(source.Bytes(tensor.Name, at, (int)Math.Min(Part, tensor.Length - at)));
            return;
        }

        if (!tensor.Type.HoldsWeights()) throw new ModelFileException($"{source.Path}: tensor {tensor.Name} has type {tensor.Type} and cannot be written as {type}.");

        // Whole where it is small, since a reordered view gives its rows without keeping them only when read whole.
        int step = tensor.Count <= 1 << 26 ? (int)tensor.Count : 1 << 20;
        float[] values = new float[step];
        byte[] bytes = new byte[checked(step / type.BlockValues() * type.BlockBytes())];
        for (long first = 0; first < tensor.Count; first += step)
        {
            int count = (int)Math.Min(step, tensor.Count - first), length = count / type.BlockValues() * type.BlockBytes();
            if (count == tensor.Count) source.Read(tensor.Name, values);
            else source.Read(tensor.Name, first, values.AsSpan(0, count));
            try
            {
                TensorEncoding.FromSingle(type, values.AsSpan(0, count), bytes.AsSpan(0, length));
            }
            catch (ModelFileException e)
            {
                throw new ModelFileException($"Tensor {tensor.Name}: {e.Message}", e);
            }

            stream.Write(bytes.AsSpan(0, length));
        }
    }
}
