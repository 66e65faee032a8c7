using System.CommandLine;
using Plumbline.Cli.Help;

namespace Plumbline.Cli.Tests.Help;

public sealed class HelpTests : IDisposable
{
    private readonly CommandLine _plumbline = new();

    private static RootCommand Root => PlumblineCommand.Build(new(TextWriter.Null, TextWriter.Null, TimeProvider.System, _ => null, false, false));

    public void Dispose() => _plumbline.Dispose();

    [Fact]
    public void Descriptions_EveryCommandAndPart_AreThereInBothLanguages()
    {
        string[] keys = [.. HelpText.All(Root).SelectMany(c => HelpText.Parts(c).Select(p => HelpText.KeyOf(c, p)).Prepend(HelpText.KeyOf(c))).Distinct()];
        Assert.Empty(keys.Except(HelpText.Chinese.Keys));
        Assert.Empty(HelpText.Chinese.Keys.Except(keys));
        foreach (Command command in HelpText.All(Root))
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), HelpText.KeyOf(command));
            Assert.All(HelpText.Parts(command), part => Assert.False(string.IsNullOrWhiteSpace(part.Description), HelpText.KeyOf(command, part)));
        }
    }

    [Fact]
    public async Task Help_EveryCommand_HasExamplesAndExitCodesInBothLanguages()
    {
        foreach (Command command in HelpText.All(Root))
        {
            string[] path = command is RootCommand ? [] : HelpText.KeyOf(command).Split(' ');
            Assert.Equal(0, await _plumbline.RunAsync([.. path, "--help"]));
            Assert.Contains("Example", _plumbline.Output, StringComparison.Ordinal);
            Assert.Contains("Exit codes: 0", _plumbline.Output, StringComparison.Ordinal);
            Assert.Contains("Usage:", _plumbline.Output, StringComparison.Ordinal);
            Assert.Equal(0, await _plumbline.RunAsync([.. path, "--help", "--language", "zh"]));
            Assert.Contains("示例：", _plumbline.Output, StringComparison.Ordinal);
            Assert.Contains("退出码：0", _plumbline.Output, StringComparison.Ordinal);
            Assert.Contains("用法：", _plumbline.Output, StringComparison.Ordinal);
            foreach (string heading in new[] { "Description:", "Usage:", "Options:", "Arguments:", "Commands:", "Exit codes", "Example" }) Assert.DoesNotContain(heading, _plumbline.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Help_Root_ListsCommandsWithoutTheirExamples()
    {
        await _plumbline.RunAsync("--help");
        string commands = _plumbline.Output[_plumbline.Output.IndexOf("Commands:", StringComparison.Ordinal)..];
        Assert.DoesNotContain("Example", commands, StringComparison.Ordinal);
        Assert.Contains("assess", commands, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_UnknownLanguage_SaysWhichThereAre()
    {
        Assert.Equal(2, await _plumbline.RunAsync("assess", "--help", "--language=fr"));
        Assert.Contains("en or zh", _plumbline.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Assess_Quiet_GivesTheVerdictWithoutTheTable()
    {
        await _plumbline.RunAsync("assess", "phantom:scripted", "--quiet", "--limit", "20", "--out", _plumbline.PathOf("run"));
        Assert.DoesNotContain("95 % interval", _plumbline.Output, StringComparison.Ordinal);
        Assert.Contains("Report: ", _plumbline.Output, StringComparison.Ordinal);
    }
}
