namespace Plumbline.Models.Templates;

/// <summary>Makes a syntax tree of a template: here the statements, in the other part the expressions.</summary>
internal sealed partial class Parser
{
    /// <summary>The deepest tree of one template; evaluation takes some hundred bytes of stack for each level.</summary>
    private const int MaxTreeDepth = 500;

    private static readonly HashSet<string> s_loaders = ["include", "import", "from", "extends"];
    private static readonly HashSet<string> s_refused = ["block", "autoescape"];

    private readonly Lexer _lexer;
    private readonly int _maxNesting;
    private readonly Dictionary<string, int> _symbols = [];
    private readonly List<string> _symbolNames = [];

    /// <summary>The names used since a macro or loop began, innermost last: who asks for loop, caller, varargs or kwargs?</summary>
    private readonly Stack<HashSet<string>> _used = new();

    /// <summary>Unknown filters and tests met so far: an error, unless they stand in a branch that may not be taken.</summary>
    private readonly List<ChatTemplateException> _unknown = [];

    /// <summary>The end tags that open blocks wait for, for messages.</summary>
    private readonly Stack<(string Tag, int Line)> _open = new();

    private Token _current;
    private Token _following;
    private int _nesting;
    private int _loops;

    private Parser(string source, int maxNesting)
    {
        _lexer = new Lexer(source, maxNesting);
        _maxNesting = maxNesting;
        _current = _lexer.Read();
        _following = _lexer.Read();
    }

    private Token Current => _current;

    /// <summary>The tree of a source, and the names of its symbols.</summary>
    public static (Statement Root, string[] Symbols) Parse(string source, ChatTemplateOptions options)
    {
        Parser parser = new(source, options.MaxNesting);
        parser._used.Push([]);
        Statement root = parser.Body([]);
        if (parser._unknown.Count > 0) throw parser._unknown[0];
        return (root, [.. parser._symbolNames]);
    }

    private Token Next()
    {
        Token token = _current;
        _current = _following;
        _following = _lexer.Read();
        return token;
    }

    private bool SkipName(string name)
    {
        if (!Current.IsName(name)) return false;
        Next();
        return true;
    }

    private bool SkipOperator(string symbol)
    {
        if (!Current.IsOperator(symbol)) return false;
        Next();
        return true;
    }

    private ChatTemplateException Unexpected(string wanted) => Fault.Syntax($"expected {wanted}, got {Current}", Current.Line);

    private void ExpectOperator(string symbol)
    {
        if (!SkipOperator(symbol)) throw Unexpected($"'{symbol}'");
    }

    private void Expect(TokenKind kind, string wanted)
    {
        if (Current.Kind != kind) throw Unexpected(wanted);
        Next();
    }

    private string ExpectName(string wanted)
    {
        if (Current.Kind != TokenKind.Name) throw Unexpected(wanted);
        return Next().Text;
    }

    private int Symbol(string name)
    {
        if (_symbols.TryGetValue(name, out int symbol)) return symbol;
        symbol = _symbolNames.Count;
        _symbolNames.Add(name);
        _symbols.Add(name, symbol);
        return symbol;
    }

    private void Enter()
    {
        if (++_nesting > _maxNesting) throw Fault.Syntax($"brackets, prefix operators and blocks nest deeper than {_maxNesting} levels", Current.Line);
    }

    private void Leave() => _nesting--;

    private Statement Bounded(Statement statement, int line) =>
        statement.Depth <= MaxTreeDepth ? statement : throw Fault.Syntax($"the template nests deeper than {MaxTreeDepth} levels", line);

    /// <summary>Statements up to one of the end tags, whose name is left as the current token; without end tags, up to the end of the template.</summary>
    private Block Body(string[] ends)
    {
        List<Statement> statements = [];
        while (true)
        {
            Token token = Next();
            switch (token.Kind)
            {
                case TokenKind.Text:
                    statements.Add(new TextOutput(token.Text));
                    break;
                case TokenKind.VariableBegin:
                    Expression value = TupleOrExpression();
                    Expect(TokenKind.VariableEnd, "'}}'");
                    statements.Add(new ValueOutput(value, token.Line));
                    break;
                case TokenKind.BlockBegin:
                    if (Current.Kind == TokenKind.Name && ends.Contains(Current.Text)) return new Block([.. statements]);
                    statements.Add(Bounded(Statement(), token.Line));
                    Expect(TokenKind.BlockEnd, "'%}'");
                    break;
                default:
                    if (ends.Length > 0) throw Fault.Syntax($"the template ends, but '{_open.Peek().Tag}' of line {_open.Peek().Line} waits for {Choice(ends)}", token.Line);
                    return new Block([.. statements]);
            }
        }
    }

    private static string Choice(string[] ends) => string.Join(" or ", ends.Select(e => $"'{e}'"));

    /// <summary>The inside of a block, from behind its opening tag's expressions to its end tag's name, which is taken only if <paramref name="takesEnd"/>.</summary>
    private Block Inside(string tag, int line, bool takesEnd, params string[] ends)
    {
        SkipOperator(":");
        Expect(TokenKind.BlockEnd, "'%}'");
        _open.Push((tag, line));
        Block body = Body(ends);
        _open.Pop();
        if (takesEnd) Next();
        return body;
    }

    /// <summary>Runs a part in which unknown filters are errors even where the block around it may not run.</summary>
    private T Strict<T>(Func<T> part)
    {
        int mark = _unknown.Count;
        T result = part();
        return _unknown.Count > mark ? throw _unknown[mark] : result;
    }

    private Statement Statement()
    {
        if (Current.Kind != TokenKind.Name) throw Unexpected("the name of a tag");
        Token tag = Next();
        int line = tag.Line;
        Enter();
        Statement statement = tag.Text switch
        {
            "for" => ForStatement(line),
            "if" => IfStatement(line),
            "set" => SetStatement(line),
            "macro" => MacroStatement(line),
            "call" => CallStatement(line),
            "filter" => FilterStatement(line),
            "with" => WithStatement(line),
            "generation" => Strict(() => OutsideLoops(() => new With([], Inside("generation", line, takesEnd: true, "endgeneration")))),
            "print" => new ValueOutput(TupleOrExpression(), line),
            "break" or "continue" => _loops > 0
                ? new Jump(tag.Text == "break" ? Signal.Break : Signal.Continue)
                : throw Fault.Syntax($"'{tag.Text}' stands outside of a loop", line),
            _ when s_loaders.Contains(tag.Text) => throw Fault.Syntax($"'{tag.Text}' loads other templates; a chat template stands alone", line),
            _ when s_refused.Contains(tag.Text) => throw Fault.Syntax($"the tag '{tag.Text}' is not supported in chat templates", line),
            _ => throw Fault.Syntax(
                _open.Count > 0 ? $"unknown tag '{tag.Text}'; the innermost open block is '{_open.Peek().Tag}' of line {_open.Peek().Line}" : $"unknown tag '{tag.Text}'", line),
        };
        Leave();
        return statement;
    }

    /// <summary>Parses a body that runs as a function of its own, which no break may leave.</summary>
    private T OutsideLoops<T>(Func<T> part)
    {
        int loops = _loops;
        _loops = 0;
        T result = part();
        _loops = loops;
        return result;
    }

    private For ForStatement(int line)
    {
        Target target = AssignTarget("in");
        if (DeclaresLoop(target)) throw Fault.Assertion("the loop's own name 'loop' cannot be assigned to", line);
        if (!SkipName("in")) throw Unexpected("'in'");
        Expression source = TupleOrExpression(withConditional: false, "recursive");
        Expression? filter = SkipName("if") ? Expression() : null;
        bool isRecursive = SkipName("recursive");
        HashSet<string> used = [];
        _used.Push(used);
        _loops++;
        Block body = Strict(() => Inside("for", line, takesEnd: false, "endfor", "else"));
        _loops--;
        _used.Pop();
        _used.Peek().UnionWith(used);
        Block? otherwise = null;
        if (Next().Text == "else") otherwise = Strict(() => Inside("for", line, takesEnd: true, "endfor"));
        return new For(target, source, filter, isRecursive, body, otherwise, isRecursive || used.Contains("loop") ? Symbol("loop") : null, line);
    }

    private bool DeclaresLoop(Target target) =>
        target.Parts is null ? _symbolNames[target.Symbol] == "loop" : Array.Exists(target.Parts, DeclaresLoop);

    private If IfStatement(int line)
    {
        int mark = _unknown.Count;
        List<(Expression, Statement, int)> branches = [];
        Block? otherwise = null;
        int at = line;
        while (true)
        {
            Expression condition = TupleOrExpression(withConditional: false);
            branches.Add((condition, Inside("if", line, takesEnd: false, "elif", "else", "endif"), at));
            at = Current.Line;
            string end = Next().Text;
            if (end == "elif") continue;
            if (end == "else") otherwise = Inside("if", line, takesEnd: true, "endif");
            break;
        }

        _unknown.RemoveRange(mark, _unknown.Count - mark);
        return new If([.. branches], otherwise);
    }

    private Statement SetStatement(int line)
    {
        Target target = AssignTarget(null, withNamespace: true);
        if (SkipOperator("=")) return new Set(target, TupleOrExpression(), line);
        FilterCall? filter = Current.IsOperator("|") ? FilterChain(null) : null;
        return new SetBlock(target, filter, Strict(() => Inside("set", line, takesEnd: true, "endset")));
    }

    private FilterBlock FilterStatement(int line)
    {
        FilterCall filter = FilterChain(null, startsInline: true);
        return new FilterBlock(filter, Strict(() => Inside("filter", line, takesEnd: true, "endfilter")));
    }

    private With WithStatement(int line)
    {
        List<(Target, Expression)> assignments = [];
        while (Current.Kind != TokenKind.BlockEnd)
        {
            if (assignments.Count > 0) ExpectOperator(",");
            Target target = AssignTarget(null);
            ExpectOperator("=");
            assignments.Add((target, Expression()));
        }

        return new With([.. assignments], Strict(() => Inside("with", line, takesEnd: true, "endwith")));
    }

    private MacroDefinition MacroStatement(int line)
    {
        string name = ExpectName("the name of a macro");
        int symbol = Symbol(name);
        return new MacroDefinition(symbol, MacroBody(name, "macro", "endmacro", Parameters(), line));
    }

    private CallBlock CallStatement(int line)
    {
        Parameter[] parameters = Current.IsOperator("(") ? Parameters() : [];
        Expression expression = Expression();
        if (expression is not Call call) throw Fault.Syntax("a call block needs a call, such as 'f()'", line);
        return new CallBlock(call, MacroBody("caller", "call", "endcall", parameters, line));
    }

    private Macro MacroBody(string name, string tag, string end, Parameter[] parameters, int line)
    {
        HashSet<string> used = [];
        _used.Push(used);
        Block body = Strict(() => OutsideLoops(() => Inside(tag, line, takesEnd: true, end)));
        _used.Pop();
        _used.Peek().UnionWith(used);
        bool Takes(string special) => used.Contains(special) && !Array.Exists(parameters, p => p.Name == special);
        MacroSymbols symbols = new(Symbol("caller"), Symbol("varargs"), Symbol("kwargs"));
        return new Macro(name, parameters, body, symbols, Takes("caller"), Takes("varargs"), Takes("kwargs"));
    }

    private Parameter[] Parameters()
    {
        ExpectOperator("(");
        List<Parameter> parameters = [];
        while (!Current.IsOperator(")"))
        {
            if (parameters.Count > 0) ExpectOperator(",");
            int line = Current.Line;
            string name = ExpectName("the name of a parameter");
            if (parameters.Exists(p => p.Name == name)) throw Fault.Syntax($"two parameters are called '{name}'", line);
            Expression? initial = SkipOperator("=") ? Expression() : null;
            if (initial is null && parameters.Count > 0 && parameters[^1].Default is not null) throw Fault.Syntax("non-default argument follows default argument", line);
            parameters.Add(new Parameter(name, Symbol(name), initial));
        }

        Next();
        return [.. parameters];
    }

    /// <summary>A name, a tuple of targets up to the word <paramref name="end"/>, or an attribute of a namespace.</summary>
    private Target AssignTarget(string? end, bool withNamespace = false)
    {
        if (withNamespace && Current.Kind == TokenKind.Name && _following.IsOperator("."))
        {
            int symbol = Symbol(Next().Text);
            Next();
            return new Target(symbol, NamespaceAttribute: ExpectName("the name of an attribute"));
        }

        int line = Current.Line;
        return ToTarget(Tuple(Primary, isExplicit: false, end), line);
    }

    private static Target ToTarget(Expression expression, int line) => expression switch
    {
        Name name => new Target(name.Symbol),
        Sequence { IsTuple: true } tuple => new Target(-1, [.. tuple.Items.Select(item => ToTarget(item, line))]),
        _ => throw Fault.Syntax("this cannot be assigned to", line),
    };
}
