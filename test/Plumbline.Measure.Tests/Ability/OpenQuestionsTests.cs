using Plumbline.Measure.Ability;

namespace Plumbline.Measure.Tests.Ability;

public sealed class OpenQuestionsTests
{
    [Theory]
    [InlineData("It is blue.", "blue", true)]
    [InlineData("BLUE", "blue", true)]
    [InlineData("It is bluish.", "blue", false)]
    [InlineData("答案是北京。", "北京", true)]
    [InlineData("C++ is one", "C++", true)]
    [InlineData("12", "1", false)]
    [InlineData("", "blue", false)]
    public void Holds_WholeWords_OnlyThose(string text, string answer, bool holds) => Assert.Equal(holds, OpenQuestions.Holds(text, answer));
}
