using Plumbline.Runs;
using Plumbline.Suites;

namespace Plumbline.Store.Tests;

public sealed class PriceTableTests
{
    [Fact]
    public void Parse_Table_GivesTheModelsPrice()
    {
        Price price = PriceTable.Parse("a: {input: 0.15, output: 0.6, currency: USD}\n\"b/c:d\":\n  output: 8\n  currency: CNY\n  input: 2\n", "p", "b/c:d");
        Assert.Equal(new(2, 8, "CNY"), price);
        Assert.Equal(18.0m, price.Of(1_000_000, 2_000_000));
    }

    [Theory]
    [InlineData("a: {input: 1, output: 2}", "line 1: 'currency:' is missing")]
    [InlineData("a: {input: -1, output: 2, currency: EUR}", "'-1' is no price")]
    [InlineData("a: {input: x, output: 2, currency: EUR}", "'x' is no price")]
    [InlineData("b: 3", "a price is a mapping")]
    [InlineData("a:\n  input: 1\n  outputs: 2", "line 3: 'outputs'")]
    [InlineData("- a", "a mapping from models")]
    [InlineData("a: {", "no YAML")]
    [InlineData("b: {input: 1, output: 2, currency: EUR}", "no price for 'a'. It has: b")]
    public void Parse_Wrong_SaysWhatAndWhere(string yaml, string what) =>
        Assert.Contains(what, Assert.Throws<SuiteException>(() => PriceTable.Parse(yaml, "p.yaml", "a")).Message, StringComparison.Ordinal);
}
