namespace Plumbline.Models.Files;

/// <summary>
/// The two orders of query and key rows: Hugging Face turns dimension i with i + d/2 (halves), GGUF's Llama and llama2.c
/// turn 2i with 2i + 1 (adjacent pairs). A head of d rows is reordered by itself; rows move whole.
/// </summary>
internal static class RotaryRows
{
    /// <summary>Whether a tensor, by its Hugging Face name, has such rows.</summary>
    public static bool Turns(string name) => name.Contains(".q_proj.", StringComparison.Ordinal) || name.Contains(".k_proj.", StringComparison.Ordinal);

    /// <summary>Where a row of halves lies among adjacent pairs.</summary>
    public static int Paired(int row, int headDimension)
    {
        int within = row % headDimension, half = headDimension / 2;
        return row - within + (within % half * 2) + (within / half);
    }

    /// <summary>Where a row of adjacent pairs lies among halves.</summary>
    public static int Halved(int row, int headDimension)
    {
        int within = row % headDimension, half = headDimension / 2;
        return row - within + (within % 2 * half) + (within / 2);
    }
}
