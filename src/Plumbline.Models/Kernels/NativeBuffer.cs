using System.Runtime.InteropServices;

namespace Plumbline.Models.Kernels;

/// <summary>
/// Floats or bytes in native memory, aligned to a cache line and zeroed: matrices outlive no garbage collection and
/// may exceed the length of an array.
/// </summary>
internal sealed unsafe class NativeBuffer : IDisposable
{
    private const nuint Alignment = 64;
    private void* _memory;

    public NativeBuffer(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nuint length = checked((nuint)Math.Max(bytes, 1));
        _memory = NativeMemory.AlignedAlloc(length, Alignment);
        NativeMemory.Clear(_memory, length);
        Length = bytes;
    }

    ~NativeBuffer() => Free();

    public static NativeBuffer OfFloats(long count) => new(checked(count * sizeof(float)));

    /// <summary>The size in bytes.</summary>
    public long Length { get; }

    public float* Floats => (float*)Pointer;

    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_memory is null, this);
            return (byte*)_memory;
        }
    }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }
}
