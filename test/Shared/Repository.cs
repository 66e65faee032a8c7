namespace Plumbline.Tests;

/// <summary>Files of the checkout that the test runs in.</summary>
internal static class Repository
{
    /// <summary>The path of a file, counted from the root.</summary>
    public static string Path(params string[] parts)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "Plumbline.slnx"))) folder = folder.Parent;
        Assert.NotNull(folder);
        return System.IO.Path.Combine([folder.FullName, .. parts]);
    }
}
