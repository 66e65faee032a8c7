using CsCheck;
using Plumbline.Suites;

namespace Plumbline.Tests;

public sealed class YamlTextTests
{
    public static TheoryData<string, string> Hostile => new()
    {
        // Each would end the process, were it built.
        { "evaluations: " + new string('[', 200_000), "line 1: this is nested more than 64 levels deep" },
        { string.Concat(Enumerable.Repeat("- ", 100_000)) + "a", "line 1: this is nested more than 64 levels deep" },
        { string.Concat(Enumerable.Range(0, 700).Select(i => new string(' ', i) + "a:\n")), "line 65: this is nested more than 64 levels deep" },
        { "a: &a [*a]\nb: *b", "no YAML" },
        { "a: [", "line 2, column 1: this is no YAML" },
        { "a: 1\na: 2", "line 2, column 1: this is no YAML" },
        { "a: 1\n---\nb: 2", "one mapping is wanted" },
        { "- a", "one mapping is wanted" },
        { "", "one mapping is wanted" },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Mapping_HostileText_SaysWhereAndWhat(string yaml, string part) =>
        Assert.Contains(part, Assert.Throws<SuiteException>(() => Read(yaml)).Message, StringComparison.Ordinal);

    [Fact]
    public void Mapping_AnyText_IsReadOrRefused()
    {
        Gen.String[Gen.Char["abc: -[]{},&*!|>'\"%@`#?\\\n\t 01\0\u00e9\u4e2d\ud800"], 0, 60].Sample(text =>
        {
            try
            {
                Read(text);
            }
            catch (SuiteException e)
            {
                Assert.StartsWith("x.yaml", e.Message, StringComparison.Ordinal);
            }
        }, iter: 3000);
        Assert.Equal(2, Read("a: {b: [1, 2]}\nc: d").Children.Count);
    }

    private static YamlDotNet.RepresentationModel.YamlMappingNode Read(string yaml) => YamlText.Mapping(yaml, "x.yaml", "one mapping is wanted", (message, e) => new SuiteException(message, e));
}
