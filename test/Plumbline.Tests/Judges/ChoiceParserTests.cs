using CsCheck;
using Plumbline.Judges;

namespace Plumbline.Tests.Judges;

public sealed class ChoiceParserTests
{
    private static readonly string[] s_people = ["The grandfather", "Can't be determined", "The grandson"];
    private static readonly string[] s_fruit = ["Vitamin C", "an apple", "apple pie", "nothing at all"];

    [Theory]
    [InlineData("B", 1)]
    [InlineData("b", 1)]
    [InlineData("B.", 1)]
    [InlineData("(B)", 1)]
    [InlineData("[b]", 1)]
    [InlineData("**B**", 1)]
    [InlineData("**B. Can't be determined**", 1)]
    [InlineData("`B`", 1)]
    [InlineData("> B", 1)]
    [InlineData("**Answer: B** (A is the usual trap)", 1)]
    [InlineData("**Answer:** B", 1)]
    [InlineData("Answer: **B**", 1)]
    [InlineData("The answer is (B), not (A).", 1)]
    [InlineData("The correct answer is option B.", 1)]
    [InlineData("The best choice would be C", 2)]
    [InlineData("My final answer: c", 2)]
    [InlineData("$\\boxed{C}$", 2)]
    [InlineData("\\boxed{\\text{(C)}}", 2)]
    [InlineData("So A is out. \\boxed{\\textbf{C}}", 2)]
    [InlineData("b, because I cannot know", 1)]
    [InlineData("B because nobody says", 1)]
    [InlineData("{\"answer\": \"B\"}", 1)]
    [InlineData("<answer>C</answer>", 2)]
    [InlineData("I would choose option C.", 2)]
    [InlineData("I'd go with C here", 2)]
    [InlineData("I would not choose B, I choose C.", 2)]
    [InlineData("Option A is wrong. C is correct.", 2)]
    [InlineData("Answer: A because he was seen", 0)]
    [InlineData("A", 0)]
    [InlineData("A) The grandfather", 0)]
    [InlineData("I think it is A.", 0)]
    [InlineData("Can't be determined", 1)]
    [InlineData("It cannot be determined.", 1)]
    [InlineData("It can’t be determined from the text", 1)]
    [InlineData("the grandson, surely", 2)]
    [InlineData("It is not the grandfather but the grandson.", 2)]
    [InlineData("A. The grandfather\nB. Can't be determined\nC. The grandson\n\nAnswer: B", 1)]
    [InlineData("Ｂ", 1)]
    [InlineData("（Ｂ）", 1)]
    [InlineData("答案：Ｂ", 1)]
    [InlineData("Ⓑ", 1)]
    [InlineData("𝐁", 1)]
    [InlineData("B\u200b", 1)]
    [InlineData("Answer: B, C is wrong", 1)]
    [InlineData("答案：B，A和C都不对", 1)]
    [InlineData("答案是B", 1)]
    [InlineData("答案是“B”。", 1)]
    [InlineData("正确答案应为C，因为……", 2)]
    [InlineData("选B", 1)]
    [InlineData("我选择C。", 2)]
    [InlineData("选项A不对，应该选C", 2)]
    [InlineData("不选A，选B", 1)]
    [InlineData("B项正确", 1)]
    [InlineData("C选项是正确的，A和B都不对", 2)]
    [InlineData("B、无法确定", 1)]
    [InlineData("故选：C", 2)]
    public void Parse_OneChoice_IsRead(string answer, int expected) => Assert.Equal(expected, ChoiceParser.Parse(answer, s_people));

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("hm")]
    [InlineData("D")]
    [InlineData("Answer: D")]
    [InlineData("Answer: E. The one person, A, is not known")]
    [InlineData("It could be A or B.")]
    [InlineData("A or B")]
    [InlineData("Either B or C.")]
    [InlineData("Answer: A. No: answer: B.")]
    [InlineData("A. Answer: B. Answer: C.")]
    [InlineData("\\boxed{A} \\boxed{B}")]
    [InlineData("(A) and (C) both fit")]
    [InlineData("A. The grandfather\nB. Can't be determined\nC. The grandson")]
    [InlineData("The grandfather or the grandson")]
    [InlineData("A man was seen there.")]
    [InlineData("The answer is a matter of taste.")]
    [InlineData("A good question! A person was there.")]
    [InlineData("I don't know.")]
    [InlineData("I, for one, would not say.")]
    [InlineData("It is not the grandfather.")]
    [InlineData("C, but the answer is B. Then again the answer is A.")]
    [InlineData("答案是A，不，答案是B")]
    [InlineData("A和B都可能")]
    [InlineData("Answer: B or C")]
    [InlineData("Answer: A, C")]
    [InlineData("B/C")]
    [InlineData("**A** and **B**")]
    [InlineData("我不知道")]
    [InlineData("Answer:")]
    [InlineData("\ud800")]
    public void Parse_NoChoiceOrTwo_IsNull(string answer) => Assert.Null(ChoiceParser.Parse(answer, s_people));

    [Theory]
    [InlineData("Vitamin C", 0)]
    [InlineData("It was vitamin C.", 0)]
    [InlineData("It was vitamin C, so A.", 0)]
    [InlineData("apple pie", 2)]
    [InlineData("An apple", 1)]
    [InlineData("vitamin C, so D", null)]
    public void Parse_OptionText_CountsWithItsLetters(string answer, int? expected) => Assert.Equal(expected, ChoiceParser.Parse(answer, s_fruit));

    [Theory]
    [InlineData("Answer: M", 12)]
    [InlineData("Answer: I", 8)]
    [InlineData("I. nine", 8)]
    [InlineData("I think the answer is J", 9)]
    [InlineData("Answer: N", null)]
    [InlineData("I believe so.", null)]
    public void Parse_ManyOptions_ReachesTheLast(string answer, int? expected) =>
        Assert.Equal(expected, ChoiceParser.Parse(answer, [.. Enumerable.Range(0, 13).Select(i => $"choice number {i}")]));

    [Fact]
    public void Parse_AnyText_IsInRangeOrNull() => Gen.Select(Gen.String[Gen.Char["ABCDEabcdi IT.,:()[]*\n\"'答案是选项不、。：ＡＢanswerboxed{}\\"], 0, 60], Gen.Int[0, 5]).Sample((text, count) =>
    {
        string[] options = [.. Enumerable.Range(0, count).Select(i => $"option text {i}")];
        int? choice = ChoiceParser.Parse(text, options);
        return choice == ChoiceParser.Parse(text, options) && (choice is null || (choice >= 0 && choice < count));
    });

    /// <summary>Each of these repeated to the longest text that is read: no form backtracks its way into minutes.</summary>
    [Theory]
    [InlineData("answer ")]
    [InlineData("answer is \"'*_`")]
    [InlineData("A and ")]
    [InlineData("A,")]
    [InlineData("*")]
    [InlineData("[[(")]
    [InlineData("应该选")]
    [InlineData("\\boxed{ ")]
    [InlineData("I would choose option ")]
    [InlineData("the grandson ")]
    [InlineData("\n> ")]
    [InlineData("A ")]
    public void Parse_LongRepetition_IsQuick(string part)
    {
        string text = string.Concat(Enumerable.Repeat(part, 40_000 / part.Length));
        System.Diagnostics.Stopwatch watch = System.Diagnostics.Stopwatch.StartNew();
        ChoiceParser.Parse(text, s_people);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), $"{watch.Elapsed}");
    }

    [Fact]
    public void Parse_ArbitraryStrings_NeverThrow() => Gen.Select(Gen.String, Gen.String.Array[0, 5]).Sample((text, options) => ChoiceParser.Parse(text, options) is null or >= 0);

    [Fact]
    public void Parse_TwoDifferentVerdicts_IsNull() =>
        Gen.Select(Forms, Forms, Gen.Int[0, 3], Gen.Int[0, 3]).Sample((first, second, a, b) =>
        {
            string text = $"{string.Format(first, (char)('A' + a))}\n{string.Format(second, (char)('A' + b))}";
            return ChoiceParser.Parse(text, ["one", "two", "three", "four"]) == (a == b ? a : null);
        });

    [Fact]
    public void Parse_StatedVerdict_BeatsAnyMention() =>
        Gen.Select(Forms, Gen.Int[0, 3], Gen.Int[0, 3], Gen.Bool).Sample((form, stated, mentioned, before) =>
        {
            string verdict = string.Format(form, (char)('A' + stated)), mention = $"Some would say {(char)('A' + mentioned)} here";
            return ChoiceParser.Parse(before ? $"{mention}.\n{verdict}" : $"{verdict}\n{mention}.", ["one", "two", "three", "four"]) == stated;
        });

    [Fact]
    public void Parse_Article_IsNoChoice() =>
        Gen.Select(OneOf("person", "man", "woman", "house", "common error", "few of them"), OneOf("A {0} was there.", "Well. A {0} said so.", "The answer is a {0}.", "A {0}")).Sample((word, frame) =>
            ChoiceParser.Parse(string.Format(frame, word), ["one", "two", "three"]) is null);

    private static Gen<string> OneOf(params string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);

    private static Gen<string> Forms => OneOf("Answer: {0}", "**Answer: {0}**", "The answer is ({0}).", "I choose {0}.", "{0} is the correct option.", "答案是{0}。", "我选{0}", "The correct choice is {0}");
}
