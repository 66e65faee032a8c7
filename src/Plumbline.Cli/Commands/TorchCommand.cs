using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security;
using Plumbline.Torch;

namespace Plumbline.Cli.Commands;

/// <summary>`plumbline torch`: the native libraries of training, which no assessment needs and the tool does not carry.</summary>
internal static class TorchCommand
{
    public static Command Build(Surroundings surroundings)
    {
        Command command = new("torch", "The native libraries that training needs. No assessment loads them.\n\nExample:\n  plumbline torch get");
        Option<bool> dryRun = new("--dry-run") { Description = "Says what would be restored and whether it is there already; restores nothing." };
        Command get = new("get", """
            Has the .NET SDK restore the packages TorchSharp and libtorch (about 150 MB to load, 720 MB on the disk) from your own package sources into your package folder.

            Example:
              plumbline torch get
            """) { dryRun };
        get.SetAction((parsed, cancellation) => GetAsync(parsed.GetValue(dryRun), surroundings, cancellation));
        command.Subcommands.Add(get);
        return command;
    }

    private static async Task<int> GetAsync(bool dryRun, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (!TorchNatives.Supported) throw new UsageException($"There is no libtorch for {TorchNatives.System}: train on linux-x64, win-x64 or osx-arm64.");
        if (TorchNatives.Look() is { Found: true } there)
        {
            surroundings.Output.WriteLine($"Training can run: {there.Torch}, {there.Bridge}.");
            return ExitCode.Done;
        }

        surroundings.Output.WriteLine($"To be restored: TorchSharp {TorchNatives.BridgeVersion}, {TorchNatives.Package} {TorchNatives.TorchVersion}.");
        if (dryRun) return ExitCode.Done;
        string project = Path.Combine(Directory.CreateDirectory(TorchNatives.UserFolder).FullName, "torch.csproj");
        await File.WriteAllTextAsync(project, $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net{Environment.Version.Major}.0</TargetFramework>
                <ManagePackageVersionsCentrally>false</ManagePackageVersionsCentrally>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="TorchSharp" Version="{SecurityElement.Escape(TorchNatives.BridgeVersion)}" />
                <PackageReference Include="{SecurityElement.Escape(TorchNatives.Package)}" Version="{SecurityElement.Escape(TorchNatives.TorchVersion)}" />
              </ItemGroup>
            </Project>

            """, cancellationToken);
        int exit = await RestoreAsync(project, surroundings, cancellationToken);
        TorchPlaces places = TorchNatives.Look();
        if (exit == 0 && places.Found)
        {
            surroundings.Output.WriteLine($"Training can run: {places.Torch}, {places.Bridge}.");
            return ExitCode.Done;
        }

        surroundings.Error.WriteLine(exit != 0
            ? $"dotnet restore ended with {exit}. Its message stands above; package sources are those of your NuGet configuration (`dotnet nuget list source`). The same command goes on where it stopped."
            : $"The packages were restored, but the libraries lie in none of {string.Join(", ", places.Folders)}.");
        return ExitCode.Error;
    }

    private static async Task<int> RestoreAsync(string project, Surroundings surroundings, CancellationToken cancellationToken)
    {
        string beside = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet"));
        ProcessStartInfo start = new(File.Exists(beside) ? beside : "dotnet", ["restore", project]) { WorkingDirectory = Path.GetDirectoryName(project)!, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        using Process restore = Process.Start(start) ?? throw new IOException("dotnet did not start.");
        restore.OutputDataReceived += (_, line) => Pass(line.Data);
        restore.ErrorDataReceived += (_, line) => Pass(line.Data);
        restore.BeginOutputReadLine();
        restore.BeginErrorReadLine();
        try
        {
            await restore.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            restore.Kill(entireProcessTree: true);
            throw;
        }

        return restore.ExitCode;

        void Pass(string? line)
        {
            if (line is not null) lock (surroundings.Error) surroundings.Error.WriteLine(line);
        }
    }
}
