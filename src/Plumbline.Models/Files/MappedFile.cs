using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;

namespace Plumbline.Models.Files;

/// <summary>A file mapped for reading. Safe for concurrent reading; not for disposing while others read.</summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? _map;
    private readonly MemoryMappedViewAccessor? _view;
    private byte* _start;

    private MappedFile(string path, long length, MemoryMappedFile? map)
    {
        (Path, Length, _map) = (path, length, map);
        if (map is null) return;
        _view = map.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        byte* start = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref start);
        _start = start + _view.PointerOffset;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its length when it was opened, in bytes.</summary>
    public long Length { get; }

    /// <summary>Maps a file; an empty one too.</summary>
    /// <exception cref="ModelFileException">It is not there, or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        if (!BitConverter.IsLittleEndian) throw new ModelFileException($"{path}: model files are little-endian, and this machine is not; they cannot be mapped here.");
        try
        {
            using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            long length = RandomAccess.GetLength(handle);
            if (length == 0) return new MappedFile(path, 0, null);

            // The map keeps its own duplicate of the handle.
            MemoryMappedFile map = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
            try
            {
                return new MappedFile(path, length, map);
            }
            catch
            {
                map.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ModelFileException($"{path}: cannot be opened: {e.Message}", e);
        }
    }

    /// <summary>Some of its bytes.</summary>
    public ReadOnlySpan<byte> Slice(long offset, int length)
    {
        ObjectDisposedException.ThrowIf(_start is null && Length > 0, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>(_start + offset, length);
    }

    /// <summary>Its first bytes, as many as there are.</summary>
    public ReadOnlySpan<byte> Head(int atMost) => Slice(0, (int)Math.Min(atMost, Length));

    public void Dispose()
    {
        if (_start is not null)
        {
            _start = null;
            _view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        _view?.Dispose();
        _map?.Dispose();
    }
}
