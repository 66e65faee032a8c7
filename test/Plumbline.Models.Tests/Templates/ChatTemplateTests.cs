using System.Text.Json;
using CsCheck;
using Plumbline.Models.Templates;

namespace Plumbline.Tests.Templates;

/// <summary>Laws of rendering, and the engine's own bounds.</summary>
public sealed class ChatTemplateTests
{
    private const string Plain = "{{ bos_token }}{% for m in messages %}<|{{ m.role }}|>{{ m['content'] }}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}";

    private static readonly Gen<string> s_text = Gen.OneOf(
        Gen.String,
        Gen.OneOf("{{ 7 * 7 }}", "{% raw %}", "{%- endfor %}", "{# c #}", "%}", "}}", "\0\u0001\u001b[31m", "a\r\nb\rc\n", "😀👩‍👩‍👧", "\u202e\ufeff\u200b", "\ud800", "__class__", "<|end|>"),
        Gen.Select(Gen.OneOf("{{", "{%", "{#", "😀"), Gen.String, Gen.OneOf("}}", "%}", "#}", "\u0085"), (a, b, c) => a + b + c));

    [Fact]
    public void Render_AnyContent_ComesOutVerbatim()
    {
        ChatTemplate template = ChatTemplate.Parse(Plain);
        Gen.Select(s_text, s_text, Gen.Bool).Sample((first, second, prompt) =>
        {
            string text = template.Render([new("user", first), new("assistant", second)], prompt, bosToken: "<s>");
            return text == $"<s><|user|>{first}<|end|><|assistant|>{second}<|end|>" + (prompt ? "<|assistant|>" : "");
        });
    }

    [Fact]
    public void Render_SameInput_GivesSameText()
    {
        ChatTemplate template = ChatTemplate.Parse("{{ messages | tojson(indent=2) }}{{ messages }}{{ messages[0].content | upper | title | reverse }}{{ strftime_now('%c') }}", ReferenceEngine.Options);
        Gen.Select(s_text, s_text).Sample((first, second) =>
            template.Render([new("user", first), new("user", second)], false) == template.Render([new("user", first), new("user", second)], false));
    }

    [Fact]
    public void Render_JsonAndTurns_Agree() => s_text.Where(t => !t.Any(char.IsSurrogate)).Sample(content =>
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages");
            json.WriteStartObject();
            json.WriteString("role", "user");
            json.WriteString("content", content);
            json.WriteEndObject();
            json.WriteEndArray();
            json.WriteEndObject();
        }

        using JsonDocument variables = JsonDocument.Parse(buffer.ToArray());
        ChatTemplate template = ChatTemplate.Parse(Plain);
        return template.Render(variables.RootElement) == template.Render([new("user", content)], false);
    });

    [Fact]
    public void Render_ManyThreads_GivesSameText()
    {
        ChatTemplate template = ChatTemplate.Parse("{% macro m(x) %}[{{ x }}]{% endmacro %}{% set ns = namespace(n=0) %}{% for i in range(200) %}{% set ns.n = ns.n + i %}{{ m(i) }}{% endfor %}{{ ns.n }}");
        string expected = template.Render([], false);
        Parallel.For(0, 64, _ => Assert.Equal(expected, template.Render([], false)));
    }

    [Fact]
    public void Tojson_AnyText_ReadsBack() => s_text.Where(t => !t.Any(char.IsSurrogate)).Sample(content =>
    {
        string json = ChatTemplate.Parse("{{ messages[0].content | tojson }}").Render([new("user", content)], false);
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.GetString() == content;
    });

    [Fact]
    public void Number_AnyDouble_PrintsShortestTextThatReadsBack() => Gen.Double.Where(double.IsFinite).Sample(number =>
    {
        string text = Numbers.Text(number);
        return double.Parse(text).Equals(number) && (text.Contains('.') || text.Contains('e'));
    });

    [Fact]
    public void Round_AnyDouble_AgreesWithDecimal() => Gen.Select(Gen.Int[-1_000_000, 1_000_000], Gen.Int[0, 6]).Sample((n, digits) =>
    {
        // n / 1024 is exact both as a double and as a decimal.
        decimal exact = Math.Round(n / 1024m, digits, MidpointRounding.ToEven);
        return Numbers.Round(n / 1024.0, digits).Equals((double)exact) || (exact == 0 && Numbers.Round(n / 1024.0, digits) == 0);
    });

    [Fact]
    public void Divide_AnyIntegers_IsNearestDouble() => Gen.Select(Gen.Long, Gen.Long).Where((a, b) => b != 0).Sample((a, b) =>
    {
        using JsonDocument variables = JsonDocument.Parse($$"""{"a": {{a}}, "b": {{b}}}""");
        double quotient = double.Parse(ChatTemplate.Parse("{{ a / b }}").Render(variables.RootElement));
        // No neighbour may be nearer: compare |q b - a| by exact arithmetic of doubles as fractions.
        return Distance(quotient) <= Distance(Math.BitIncrement(quotient)) && Distance(quotient) <= Distance(Math.BitDecrement(quotient));

        System.Numerics.BigInteger Distance(double q)
        {
            System.Numerics.BigInteger scaled = Numbers.Scale(q, 400) * (q < 0 ? -1 : 1);
            return System.Numerics.BigInteger.Abs((scaled * b) - (a * System.Numerics.BigInteger.Pow(10, 400)));
        }
    });

    [Fact]
    public void Slice_AnyBounds_AgreesWithPythonsRule() => Gen.Select(Gen.Int[-7, 7], Gen.Int[-7, 7], Gen.Int[-3, 3].Where(s => s != 0)).Sample((start, stop, step) =>
    {
        const string Text = "a😀c中e";
        string[] points = ["a", "😀", "c", "中", "e"];
        int Clamp(int i) => Math.Clamp(i < 0 ? i + 5 : i, step > 0 ? 0 : -1, step > 0 ? 5 : 4);
        string expected = "";
        for (int i = Clamp(start); step > 0 ? i < Clamp(stop) : i > Clamp(stop); i += step) expected += points[i];
        return ChatTemplate.Parse($"{{{{ '{Text}'[{start}:{stop}:{step}] }}}}").Render([], false) == expected;
    });

    [Fact]
    public void Parse_AnyText_TextOrSyntaxError() => s_text.Array[1, 4].Sample(parts =>
    {
        try
        {
            ChatTemplate.Parse(string.Concat(parts)).Render([], false);
        }
        catch (ChatTemplateException e)
        {
            Assert.NotEmpty(e.Kind);
        }
    });

    [Fact]
    public void Render_RaiseException_GivesMessageKindAndLine()
    {
        ChatTemplate template = ChatTemplate.Parse("a\n\n{{ raise_exception('Roles must alternate') }}");
        ChatTemplateException e = Assert.Throws<ChatTemplateException>(() => template.Render([], false));
        Assert.Equal(("RaisedByTemplate", "Roles must alternate", 3), (e.Kind, e.Message, e.Line));
    }

    [Fact]
    public void Render_BeyondBounds_Throws()
    {
        Assert.Equal("MemoryError", Kind("{{ 'x' * 11 }}", new() { MaxTextLength = 10 }));
        Assert.Equal("MemoryError", Kind("{{ 'xxxxxx' }}{{ 'xxxxx' }}", new() { MaxTextLength = 10 }));
        Assert.Equal("MemoryError", Kind("{{ [0] * 11 }}", new() { MaxItems = 10 }));
        Assert.Equal("MemoryError", Kind("{% for i in range(50) %}{% set x = [i] %}{% endfor %}", new() { MaxAllocation = 2000 }));
        Assert.Equal("TimeoutError", Kind("{% for i in range(100) %}{% endfor %}", new() { MaxSteps = 100 }));
        Assert.Equal("RecursionError", Kind("{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(9) }}", new() { MaxDepth = 5 }));
        Assert.Equal("TemplateSyntaxError", Kind("{{ ((((((1)))))) }}", new() { MaxNesting = 5 }));
        Assert.Equal("MemoryError", Kind("long source", new() { MaxSourceLength = 5 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => ChatTemplate.Parse("", new() { MaxDepth = 0 }));

        static string Kind(string source, ChatTemplateOptions options) =>
            Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse(source, options).Render([], false)).Kind;
    }

    [Fact]
    public void Render_VariablesNoObject_Throws()
    {
        using JsonDocument list = JsonDocument.Parse("[]");
        Assert.Throws<ArgumentException>(() => ChatTemplate.Parse("x").Render(list.RootElement));
    }
}
