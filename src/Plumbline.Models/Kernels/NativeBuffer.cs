using System.Runtime.InteropServices;

namespace Plumbline.Models.Kernels;

/// <summary>
/// Floats or bytes in native memory, aligned to a cache line and zeroed: matrices outlive no garbage collection and
/// may exceed the length of an array. Pointers are valid until it is disposed.
/// </summary>
internal sealed unsafe class NativeBuffer : SafeHandle
{
    private const nuint Alignment = 64;

    public NativeBuffer(long bytes)
        : base(0, ownsHandle: true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nuint length = checked((nuint)Math.Max(bytes, 1));
        void* memory = NativeMemory.AlignedAlloc(length, Alignment);
        SetHandle((nint)memory);
        NativeMemory.Clear(memory, length);
        Length = bytes;
    }

    public static NativeBuffer OfFloats(long count) => new(checked(count * sizeof(float)));

    public override bool IsInvalid => handle == 0;

    /// <summary>The size in bytes.</summary>
    public long Length { get; }

    public float* Floats => (float*)Pointer;

    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (byte*)handle;
        }
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.AlignedFree((void*)handle);
        return true;
    }
}
