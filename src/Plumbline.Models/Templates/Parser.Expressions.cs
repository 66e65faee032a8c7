using System.Globalization;
using System.Numerics;

namespace Plumbline.Models.Templates;

/// <summary>
/// The expressions, from the loosest to the tightest: if-else, or, and, not, comparisons, + and -, ~, * / // %, **,
/// signs, then items, attributes and calls, then filters and tests.
/// </summary>
internal sealed partial class Parser
{
    private static readonly HashSet<string> s_comparisons = ["==", "!=", "<", "<=", ">", ">="];

    private T Bounded<T>(T expression) where T : Expression =>
        expression.Depth <= MaxTreeDepth ? expression : throw Fault.Syntax($"this expression nests deeper than {MaxTreeDepth} levels", Current.Line);

    private Expression Expression()
    {
        Enter();
        Expression expression = Conditional();
        Leave();
        return expression;
    }

    /// <summary>An expression, or several with commas between them, which make a tuple.</summary>
    private Expression TupleOrExpression(bool withConditional = true, string? end = null) =>
        Tuple(withConditional ? Expression : Or, isExplicit: false, end);

    private Expression Tuple(Func<Expression> part, bool isExplicit, string? end = null)
    {
        List<Expression> items = [];
        bool isTuple = false;
        while (true)
        {
            if (items.Count > 0) ExpectOperator(",");
            if (EndsTuple(end)) break;
            items.Add(part());
            if (!Current.IsOperator(",")) break;
            isTuple = true;
        }

        if (!isTuple && items.Count > 0) return items[0];
        if (!isTuple && !isExplicit) throw Unexpected("an expression");
        return Bounded(new Sequence([.. items], isTuple: true));
    }

    private bool EndsTuple(string? end) =>
        Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || Current.IsOperator(")") || (end is not null && Current.IsName(end));

    private Expression Conditional()
    {
        int mark = _unknown.Count;
        Expression value = Or();
        bool isConditional = false;
        while (SkipName("if"))
        {
            isConditional = true;
            Expression condition = Or();
            Expression? otherwise = SkipName("else") ? Expression() : null;
            value = Bounded(new Conditional(condition, value, otherwise));
        }

        if (isConditional) _unknown.RemoveRange(mark, _unknown.Count - mark);
        return value;
    }

    private Expression Or()
    {
        Expression left = And();
        while (SkipName("or")) left = Bounded(new Logical(isAnd: false, left, And()));
        return left;
    }

    private Expression And()
    {
        Expression left = Negation();
        while (SkipName("and")) left = Bounded(new Logical(isAnd: true, left, Negation()));
        return left;
    }

    private Expression Negation()
    {
        if (!SkipName("not")) return Comparisons();
        Enter();
        Not negation = Bounded(new Not(Negation()));
        Leave();
        return negation;
    }

    private Expression Comparisons()
    {
        Expression first = Sum();
        List<(string, Expression)> rest = [];
        while (true)
        {
            if (Current.Kind == TokenKind.Operator && s_comparisons.Contains(Current.Text)) rest.Add((Next().Text, Sum()));
            else if (SkipName("in")) rest.Add(("in", Sum()));
            else if (Current.IsName("not") && _following.IsName("in"))
            {
                Next();
                Next();
                rest.Add(("not in", Sum()));
            }
            else break;
        }

        return rest.Count == 0 ? first : Bounded(new Comparison(first, [.. rest]));
    }

    private Expression Sum()
    {
        Expression left = Joined();
        while (Current.IsOperator("+") || Current.IsOperator("-")) left = Bounded(new Binary(Next().Text, left, Joined()));
        return left;
    }

    private Expression Joined()
    {
        Expression first = Product();
        if (!Current.IsOperator("~")) return first;
        List<Expression> parts = [first];
        while (SkipOperator("~")) parts.Add(Product());
        return Bounded(new Concatenation([.. parts]));
    }

    private Expression Product()
    {
        Expression left = Power();
        while (Current.Kind == TokenKind.Operator && Current.Text is "*" or "/" or "//" or "%")
        {
            left = Bounded(new Binary(Next().Text, left, Power()));
        }

        return left;
    }

    private Expression Power()
    {
        Expression left = Signed();
        while (Current.IsOperator("**")) left = Bounded(new Binary(Next().Text, left, Signed()));
        return left;
    }

    private Expression Signed(bool withFilters = true)
    {
        Expression value;
        if (Current.IsOperator("-") || Current.IsOperator("+"))
        {
            Enter();
            value = Bounded(new Unary(Next().Text == "-", Signed(withFilters: false)));
            Leave();
        }
        else
        {
            value = Primary();
        }

        value = Postfix(value);
        return withFilters ? FiltersAndTests(value) : value;
    }

    private Expression Primary()
    {
        Token token = Next();
        switch (token.Kind)
        {
            case TokenKind.Name:
                switch (token.Text)
                {
                    case "true" or "True": return new Constant(BoolValue.True);
                    case "false" or "False": return new Constant(BoolValue.False);
                    case "none" or "None": return new Constant(NoneValue.Instance);
                    default:
                        _used.Peek().Add(token.Text);
                        return new Name(token.Text, Symbol(token.Text));
                }

            case TokenKind.String:
                if (Current.Kind != TokenKind.String) return new Constant(new TextValue(token.Text));
                List<string> parts = [token.Text];
                while (Current.Kind == TokenKind.String) parts.Add(Next().Text);
                return new Constant(new TextValue(string.Concat(parts)));
            case TokenKind.Integer:
                return new Constant(Integer(token));
            case TokenKind.Float:
                return new Constant(new FloatValue(double.Parse(token.Text, CultureInfo.InvariantCulture)));
            case TokenKind.Operator when token.Text == "(":
                Expression inner = Tuple(Expression, isExplicit: true);
                ExpectOperator(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return List();
            case TokenKind.Operator when token.Text == "{":
                return Dict();
            default:
                throw Fault.Syntax($"expected an expression, got {token}", token.Line);
        }
    }

    private static IntValue Integer(Token token)
    {
        string text = token.Text;
        if (text.Length > IntValue.MaxDigits) throw Fault.Syntax($"an integer of more than {IntValue.MaxDigits} digits", token.Line);
        if (text.Length > 1 && char.IsAsciiLetter(text[1]))
        {
            return Numbers.TryParseInteger(text, 0, out BigInteger number) ? IntValue.Of(number) : throw Fault.Syntax($"'{text}' is no number", token.Line);
        }

        return IntValue.Of(BigInteger.Parse(text, CultureInfo.InvariantCulture));
    }

    private Sequence List()
    {
        List<Expression> items = [];
        while (!Current.IsOperator("]"))
        {
            if (items.Count > 0) ExpectOperator(",");
            if (Current.IsOperator("]")) break;
            items.Add(Expression());
        }

        Next();
        return Bounded(new Sequence([.. items], isTuple: false));
    }

    private DictLiteral Dict()
    {
        List<(Expression, Expression)> entries = [];
        while (!Current.IsOperator("}"))
        {
            if (entries.Count > 0) ExpectOperator(",");
            if (Current.IsOperator("}")) break;
            Expression key = Expression();
            ExpectOperator(":");
            entries.Add((key, Expression()));
        }

        Next();
        return Bounded(new DictLiteral([.. entries]));
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            if (SkipOperator(".")) value = Bounded(Member(value));
            else if (SkipOperator("[")) value = Bounded(Subscript(value));
            else if (Current.IsOperator("(")) value = Bounded(new Call(value, CallArguments()));
            else return value;
        }
    }

    private Expression Member(Expression owner)
    {
        Token token = Next();
        return token.Kind switch
        {
            TokenKind.Name => new MemberAccess(owner, token.Text),
            TokenKind.Integer => new ItemAccess(owner, new Constant(Integer(token))),
            _ => throw Fault.Syntax($"expected a name or number, got {token}", token.Line),
        };
    }

    private Expression Subscript(Expression owner)
    {
        int line = Current.Line;
        List<Expression> keys = [];
        SliceAccess? slice = null;
        while (!Current.IsOperator("]"))
        {
            if (keys.Count > 0 || slice is not null) ExpectOperator(",");
            Expression? start = Current.IsOperator(":") ? null : Expression();
            if (!SkipOperator(":"))
            {
                keys.Add(start!);
                continue;
            }

            Expression? stop = Bound(), step = SkipOperator(":") ? Bound() : null;
            if (slice is not null) throw Fault.Syntax("a slice stands alone in its brackets", line);
            slice = new SliceAccess(owner, start, stop, step);
        }

        Next();
        if (slice is not null) return keys.Count == 0 ? slice : throw Fault.Syntax("a slice stands alone in its brackets", line);
        return new ItemAccess(owner, keys.Count == 1 ? keys[0] : new Sequence([.. keys], isTuple: true));

        Expression? Bound() => Current.IsOperator(":") || Current.IsOperator("]") || Current.IsOperator(",") ? null : Expression();
    }

    private ArgumentList CallArguments()
    {
        int line = Current.Line;
        ExpectOperator("(");
        List<Expression> positional = [];
        List<(string, Expression)> named = [];
        Expression? rest = null, namedRest = null;
        bool isFirst = true;
        while (!Current.IsOperator(")"))
        {
            if (!isFirst) ExpectOperator(",");
            if (Current.IsOperator(")")) break;
            isFirst = false;
            bool inOrder;
            if (SkipOperator("*"))
            {
                inOrder = rest is null && namedRest is null;
                rest = Expression();
            }
            else if (SkipOperator("**"))
            {
                inOrder = namedRest is null;
                namedRest = Expression();
            }
            else if (Current.Kind == TokenKind.Name && _following.IsOperator("="))
            {
                inOrder = namedRest is null;
                string name = Next().Text;
                Next();
                if (named.Exists(n => n.Item1 == name)) throw Fault.Syntax($"the argument '{name}' is given twice", line);
                named.Add((name, Expression()));
            }
            else
            {
                inOrder = rest is null && namedRest is null && named.Count == 0;
                positional.Add(Expression());
            }

            if (!inOrder) throw Fault.Syntax("the arguments of this call are out of order", line);
        }

        Next();
        return positional.Count + named.Count == 0 && rest is null && namedRest is null
            ? ArgumentList.Empty
            : new ArgumentList([.. positional], [.. named], rest, namedRest);
    }

    private Expression FiltersAndTests(Expression value)
    {
        while (true)
        {
            if (Current.IsOperator("|")) value = FilterChain(value);
            else if (SkipName("is")) value = Bounded(TestOf(value));
            else if (Current.IsOperator("(")) value = Bounded(new Call(value, CallArguments()));
            else return value;
        }
    }

    private FilterCall FilterChain(Expression? value, bool startsInline = false)
    {
        FilterCall? chain = null;
        while (startsInline || SkipOperator("|"))
        {
            startsInline = false;
            int line = Current.Line;
            string name = DottedName("the name of a filter");
            if (Filters.Find(name) is null) _unknown.Add(Fault.Assertion($"No filter named '{name}'.", line));
            chain = Bounded(new FilterCall(chain ?? value, name, Current.IsOperator("(") ? CallArguments() : ArgumentList.Empty));
        }

        return chain!;
    }

    private TestCall TestOf(Expression value)
    {
        bool negates = SkipName("not");
        int line = Current.Line;
        string name = DottedName("the name of a test");
        ArgumentList arguments = ArgumentList.Empty;
        if (Current.IsOperator("(")) arguments = CallArguments();
        else if (StartsOperand())
        {
            if (Current.IsName("is")) throw Fault.Syntax("tests with 'is' cannot be chained", Current.Line);
            arguments = new ArgumentList([Postfix(Primary())], [], null, null);
        }

        if (Tests.Find(name) is null) _unknown.Add(Fault.Assertion($"No test named '{name}'.", line));
        return new TestCall(value, name, arguments, negates);
    }

    private string DottedName(string wanted)
    {
        string name = ExpectName(wanted);
        while (SkipOperator(".")) name += "." + ExpectName(wanted);
        return name;
    }

    private bool StartsOperand() => Current.Kind switch
    {
        TokenKind.Name => Current.Text is not ("else" or "or" or "and"),
        TokenKind.String or TokenKind.Integer or TokenKind.Float => true,
        TokenKind.Operator => Current.Text is "[" or "{",
        _ => false,
    };
}
