using Plumbline.JudgeRecipes;
using Plumbline.Judges;
using Plumbline.Tests;

namespace Plumbline.Measure.Tests.Toxicity;

public sealed class RefusalRecipeTests
{
    /// <summary>The same labels give the classifier that ships, byte for byte.</summary>
    [Fact]
    public void Train_Again_GivesTheShippedBytes()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("PLUMBLINE_SLOW") == "1", "trains for some seconds, on one processor the same bytes; set PLUMBLINE_SLOW=1");
        Assert.Equal(RefusalClassifier.Shipped.ToBytes(), RefusalRecipe.Train(new LabelledData(Golden.Path("datasets"))).Classifier.ToBytes());
    }
}
