using System.Globalization;
using System.Text;
using Plumbline.Models.Tokenizers.Unicode;

namespace Plumbline.Models.Tokenizers.Patterns;

/// <summary>
/// Regular expressions of tokenizer files: Oniguruma's syntax, over code points, with the reference's tables.
/// Supported are alternatives, groups, classes (nested, intersected, negated), properties, greedy, lazy and possessive
/// repetition, atomic groups, look-ahead, look-behind of bounded length, anchors, \b, \X and (?i). Back-references and
/// everything unknown are refused when the file is read. A state (instruction, place) is tried once in a search, so
/// no expression is exponential; beyond that the steps on a text are bounded, see <see cref="Divide"/>.
/// </summary>
internal sealed class CodePointRegex : IPattern
{
    private const int MaxLength = 10_000;
    private const int MaxProgram = 5_000;
    private const int MaxEmissions = 100_000;
    private const int MaxStackedRepeats = 8;
    private const int MaxDepth = 60;
    private const long MaxSteps = 2_000_000_000;
    private const long MaxMemory = 1L << 29;

    private readonly Program _program;
    private readonly string _source;

    private CodePointRegex(string source, Program program) => (_source, _program) = (source, program);

    private enum Op
    {
        Char,
        Any,
        AnyOrNewline,
        Class,
        Split,
        Jump,
        Match,
        LineStart,
        LineEnd,
        TextStart,
        TextEnd,
        TextEndOrNewline,
        WordEdge,
        NoWordEdge,
        Look,
        Atomic,
        Grapheme,
    }

    /// <exception cref="TokenizerFormatException">The expression is wrong or uses what is not supported.</exception>
    public static CodePointRegex Parse(string source)
    {
        if (source.Length > MaxLength) throw new TokenizerFormatException($"A regular expression of {source.Length} characters is refused; at most {MaxLength} are read.");
        Parser parser = new(source);
        return new CodePointRegex(source, Compiler.Compile(parser.Parse()));
    }

    /// <summary>
    /// Appends matches and gaps. An empty match directly behind a match is skipped, as in the reference.
    /// </summary>
    /// <exception cref="TokenizationException">The text took more than 10,000 + 2,000 · length steps, or 64 MB of states.</exception>
    public void Divide(ReadOnlySpan<int> text, List<Part> parts)
    {
        if (text.Length == 0) return;
        Search search = new(this, text.Length);
        int previous = 0, from = 0, lastEnd = -1;
        while (from <= text.Length)
        {
            if (!search.Find(text, from, out int start, out int end)) break;
            if (start == end && lastEnd == end)
            {
                from = end + 1;
                continue;
            }

            from = lastEnd = end;
            if (previous != start) parts.Add(new Part(previous, start, false));
            parts.Add(new Part(start, end, true));
            previous = end;
        }

        if (previous != text.Length) parts.Add(new Part(previous, text.Length, false));
    }

    private sealed class Program
    {
        public required Instruction[] Code { get; init; }

        public int Splits { get; init; }

        /// <summary>The first character must be in this class; null where the start is not that simple.</summary>
        public CharacterClass? First { get; init; }
    }

    private readonly record struct Instruction(Op Op, int X = 0, int Y = 0, CharacterClass? Class = null, Look? Look = null);

    private sealed record Look(Program Program, bool Behind, bool Negative, int Least, int Most);

    private sealed class Search(CodePointRegex owner, int length)
    {
        private readonly long _budget = Math.Min(MaxSteps, 10_000 + (2_000L * length));
        private readonly Dictionary<Program, States> _states = [];
        private long _steps, _memory;

        public bool Find(ReadOnlySpan<int> text, int from, out int start, out int end)
        {
            States states = StatesOf(owner._program);
            states.Reset();
            CharacterClass? first = owner._program.First;
            for (start = from; start <= text.Length; start++)
            {
                if (first is not null)
                {
                    while (start < text.Length && !first.Matches(text[start])) start++;
                    if (start == text.Length) break;
                }

                end = Run(owner._program, states, text, start, -1);
                if (end >= 0) return true;
            }

            end = -1;
            return false;
        }

        private States StatesOf(Program program)
        {
            if (!_states.TryGetValue(program, out States? states))
            {
                long bits = (long)program.Splits * (length + 1);
                _memory += bits;
                if (_memory > MaxMemory) throw new TokenizationException($"The text of {length} characters is too long for the expression {owner._source}; give it in parts.");
                _states[program] = states = new States((int)((bits + 63) / 64));
            }

            return states;
        }

        // The end of the match of highest priority that begins at a place, or -1. A required end of -1 stands for any.
        private int Run(Program program, States states, ReadOnlySpan<int> text, int start, int requiredEnd)
        {
            Instruction[] code = program.Code;
            Stack<(int Pc, int At)> open = states.Open;
            int floor = open.Count;
            int pc = 0, at = start;
            while (true)
            {
                if (++_steps > _budget) throw new TokenizationException($"The expression {owner._source} took more than {_budget} steps on a text of {length} characters; the tokenizer's file is slow or hostile.");
                ref readonly Instruction i = ref code[pc];
                bool good;
                switch (i.Op)
                {
                    case Op.Char:
                        good = at < text.Length && text[at] == i.X;
                        if (good) at++;
                        break;
                    case Op.Any:
                        good = at < text.Length && text[at] != '\n';
                        if (good) at++;
                        break;
                    case Op.AnyOrNewline:
                        good = at < text.Length;
                        if (good) at++;
                        break;
                    case Op.Class:
                        good = at < text.Length && i.Class!.Matches(text[at]);
                        if (good) at++;
                        break;
                    case Op.Jump:
                        pc = i.X;
                        continue;
                    case Op.Split:
                        // Look stores the number of the split in its place in the bit table.
                        if (states.Mark(((long)i.Look!.Least * (length + 1)) + at))
                        {
                            open.Push((i.Y, at));
                            pc = i.X;
                            continue;
                        }

                        good = false;
                        break;
                    case Op.Match:
                        if (requiredEnd < 0 || at == requiredEnd)
                        {
                            while (open.Count > floor) open.Pop();
                            return at;
                        }

                        good = false;
                        break;
                    case Op.LineStart:
                        good = at == 0 || (text[at - 1] == '\n' && at < text.Length);
                        break;
                    case Op.LineEnd:
                        good = at == text.Length || text[at] == '\n';
                        break;
                    case Op.TextStart:
                        good = at == 0;
                        break;
                    case Op.TextEnd:
                        good = at == text.Length;
                        break;
                    case Op.TextEndOrNewline:
                        good = at == text.Length || (at == text.Length - 1 && text[at] == '\n');
                        break;
                    case Op.WordEdge or Op.NoWordEdge:
                        bool before = at > 0 && CodePoints.Is(text[at - 1], CodePointClass.Word);
                        bool after = at < text.Length && CodePoints.Is(text[at], CodePointClass.Word);
                        good = (before != after) == (i.Op == Op.WordEdge);
                        break;
                    case Op.Look:
                        good = Seen(i.Look!, text, at) != i.Look!.Negative;
                        break;
                    case Op.Atomic:
                        States inner = StatesOf(i.Look!.Program);
                        inner.Reset();
                        int stop = Run(i.Look!.Program, inner, text, at, -1);
                        good = stop >= 0;
                        if (good) at = stop;
                        break;
                    case Op.Grapheme:
                        good = at < text.Length;
                        if (good) at += Graphemes.Length(text[at..]);
                        break;
                    default:
                        throw new InvalidOperationException($"Unknown instruction {i.Op}.");
                }

                if (good)
                {
                    pc++;
                    continue;
                }

                if (open.Count == floor) return -1;
                (pc, at) = open.Pop();
            }
        }

        private bool Seen(Look look, ReadOnlySpan<int> text, int at)
        {
            States states = StatesOf(look.Program);
            if (!look.Behind)
            {
                states.Reset();
                return Run(look.Program, states, text, at, -1) >= 0;
            }

            for (int back = look.Least; back <= Math.Min(look.Most, at); back++)
            {
                states.Reset();
                if (Run(look.Program, states, text, at - back, at) >= 0) return true;
            }

            return false;
        }
    }

    // Which states were tried, with a list of what to clear.
    private sealed class States(int words)
    {
        private readonly ulong[] _bits = new ulong[words];
        private readonly List<int> _touched = [];

        public Stack<(int Pc, int At)> Open { get; } = new();

        public bool Mark(long bit)
        {
            int word = (int)(bit >> 6);
            ulong mask = 1UL << (int)(bit & 63);
            ulong old = _bits[word];
            if ((old & mask) != 0) return false;
            if (old == 0) _touched.Add(word);
            _bits[word] = old | mask;
            return true;
        }

        public void Reset()
        {
            foreach (int word in _touched) _bits[word] = 0;
            _touched.Clear();
        }
    }

    private abstract record Node;

    private sealed record EmptyNode : Node;

    private sealed record ClassNode(CharacterClass Class) : Node;

    private sealed record CharNode(int Point) : Node;

    private sealed record OpNode(Op Op) : Node;

    private sealed record SequenceNode(IReadOnlyList<Node> Items) : Node;

    private sealed record ChoiceNode(IReadOnlyList<Node> Items) : Node;

    private sealed record RepeatNode(Node Item, int Least, int Most, bool Lazy) : Node;

    private sealed record LookNode(Node Item, bool Behind, bool Negative) : Node;

    private sealed record AtomicNode(Node Item) : Node;

    // What compiling may cost, look-arounds inside repetitions included.
    private sealed class Allowance
    {
        public int Instructions { get; set; } = MaxProgram;

        public int Emissions { get; set; } = MaxEmissions;
    }

    private sealed class Compiler(Allowance allowance)
    {
        private readonly List<Instruction> _code = [];
        private int _splits;

        public static Program Compile(Node node) => Compile(node, new Allowance());

        private static Program Compile(Node node, Allowance allowance)
        {
            Compiler compiler = new(allowance);
            compiler.Emit(node);
            compiler.Add(new Instruction(Op.Match));
            return new Program { Code = [.. compiler._code], Splits = compiler._splits, First = First(node) };
        }

        private static CharacterClass? First(Node node)
        {
            switch (node)
            {
                case CharNode c:
                    return CharacterClass.Of(c.Point);
                case ClassNode c:
                    return c.Class;
                case RepeatNode { Least: > 0 } r:
                    return First(r.Item);
                case SequenceNode { Items.Count: > 0 } s:
                    return First(s.Items[0]);
                case ChoiceNode c:
                    CharacterClass[] all = new CharacterClass[c.Items.Count];
                    for (int k = 0; k < all.Length; k++)
                    {
                        if (First(c.Items[k]) is not { } first) return null;
                        all[k] = first;
                    }

                    return CharacterClass.Union(all);
                default:
                    return null;
            }
        }

        private static (int Least, int Most) Extent(Node node)
        {
            switch (node)
            {
                case CharNode or ClassNode or OpNode { Op: Op.Any or Op.AnyOrNewline }:
                    return (1, 1);
                case SequenceNode s:
                    long least = 0, most = 0;
                    foreach (Node item in s.Items)
                    {
                        (int a, int b) = Extent(item);
                        least += a;
                        most += b;
                    }

                    return ((int)Math.Min(least, int.MaxValue), (int)Math.Min(most, int.MaxValue));
                case ChoiceNode c:
                    return (c.Items.Min(i => Extent(i).Least), c.Items.Max(i => Extent(i).Most));
                case RepeatNode r:
                    (int low, int high) = Extent(r.Item);
                    return ((int)Math.Min((long)low * r.Least, int.MaxValue), (int)Math.Min((long)high * r.Most, int.MaxValue));
                case AtomicNode a:
                    return Extent(a.Item);
                case OpNode { Op: Op.Grapheme }:
                    return (1, int.MaxValue);
                default:
                    return (0, 0);
            }
        }

        private int Add(Instruction instruction)
        {
            if (--allowance.Instructions < 0) throw new TokenizerFormatException($"A regular expression with more than {MaxProgram} steps is refused; its repetitions are too large.");
            _code.Add(instruction);
            return _code.Count - 1;
        }

        private Instruction Split(int x, int y) => new(Op.Split, x, y, null, new Look(null!, false, false, _splits++, 0));

        private void Retarget(int at, int x, int y) => _code[at] = _code[at] with { X = x, Y = y };

        private void Emit(Node node)
        {
            if (--allowance.Emissions < 0) throw new TokenizerFormatException("A regular expression whose repetitions are too large is refused.");
            switch (node)
            {
                case EmptyNode:
                    break;
                case CharNode c:
                    Add(new Instruction(Op.Char, c.Point));
                    break;
                case ClassNode c:
                    Add(new Instruction(Op.Class, Class: c.Class));
                    break;
                case OpNode o:
                    Add(new Instruction(o.Op));
                    break;
                case SequenceNode s:
                    foreach (Node item in s.Items) Emit(item);
                    break;
                case ChoiceNode c:
                    List<int> jumps = [];
                    for (int k = 0; k < c.Items.Count; k++)
                    {
                        if (k == c.Items.Count - 1)
                        {
                            Emit(c.Items[k]);
                            break;
                        }

                        int split = Add(Split(0, 0));
                        Emit(c.Items[k]);
                        jumps.Add(Add(new Instruction(Op.Jump)));
                        Retarget(split, split + 1, _code.Count);
                    }

                    foreach (int jump in jumps) _code[jump] = _code[jump] with { X = _code.Count };
                    break;
                case RepeatNode r:
                    for (int k = 0; k < r.Least; k++) Emit(r.Item);
                    if (r.Most == int.MaxValue)
                    {
                        int loop = Add(Split(0, 0));
                        Emit(r.Item);
                        Add(new Instruction(Op.Jump, loop));
                        Aim(loop, loop + 1, _code.Count, r.Lazy);
                    }
                    else
                    {
                        List<int> exits = [];
                        for (int k = r.Least; k < r.Most; k++)
                        {
                            exits.Add(Add(Split(0, 0)));
                            Emit(r.Item);
                        }

                        foreach (int exit in exits) Aim(exit, exit + 1, _code.Count, r.Lazy);
                    }

                    break;
                case LookNode l:
                    (int least, int most) = l.Behind ? Extent(l.Item) : (0, 0);
                    if (most > 255) throw new TokenizerFormatException("A look-behind that is longer than 255 characters or unbounded is not supported in a tokenizer's expression.");
                    Add(new Instruction(Op.Look, Look: new Look(Compile(l.Item, allowance), l.Behind, l.Negative, least, most)));
                    break;
                case AtomicNode a:
                    Add(new Instruction(Op.Atomic, Look: new Look(Compile(a.Item, allowance), false, false, 0, 0)));
                    break;
                default:
                    throw new InvalidOperationException($"Unknown node {node.GetType().Name}.");
            }

            void Aim(int at, int inside, int outside, bool lazy) => Retarget(at, lazy ? outside : inside, lazy ? inside : outside);
        }
    }

    private sealed class Parser(string source)
    {
        private readonly int[] _text = Utf32.Of(source);
        private int _at;
        private int _depth;
        private bool _ignoreCase, _dotAll;

        public Node Parse()
        {
            Node node = Choice();
            if (_at < _text.Length) throw Wrong("a closing bracket that nothing opened");
            return node;
        }

        private TokenizerFormatException Wrong(string what) => new($"The regular expression {source} has {what} at character {_at}.");

        private int Peek(int ahead = 0) => _at + ahead < _text.Length ? _text[_at + ahead] : -1;

        private bool Take(string literal)
        {
            for (int k = 0; k < literal.Length; k++)
                if (Peek(k) != literal[k]) return false;
            _at += literal.Length;
            return true;
        }

        private Node Choice()
        {
            if (++_depth > MaxDepth) throw Wrong($"more than {MaxDepth} groups inside each other");
            bool ignoreCase = _ignoreCase, dotAll = _dotAll;
            List<Node> items = [Sequence()];
            while (Take("|")) items.Add(Sequence());
            (_ignoreCase, _dotAll) = (ignoreCase, dotAll);
            _depth--;
            return items.Count == 1 ? items[0] : new ChoiceNode(items);
        }

        private Node Sequence()
        {
            List<Node> items = [];
            while (_at < _text.Length && Peek() != '|' && Peek() != ')') items.Add(Repeat(Atom()));
            return items.Count switch { 0 => new EmptyNode(), 1 => items[0], _ => new SequenceNode(items) };
        }

        private Node Repeat(Node item)
        {
            for (int stacked = 0; ; stacked++)
            {
                if (stacked > MaxStackedRepeats) throw Wrong($"more than {MaxStackedRepeats} repetitions of one thing");
                int least, most;
                bool counted = false;
                int c = Peek();
                if (c == '*')
                {
                    (least, most) = (0, int.MaxValue);
                    _at++;
                }
                else if (c == '+')
                {
                    (least, most) = (1, int.MaxValue);
                    _at++;
                }
                else if (c == '?')
                {
                    (least, most) = (0, 1);
                    _at++;
                }
                else if (c == '{' && Counts(out least, out most))
                {
                    counted = true;
                }
                else
                {
                    return item;
                }

                if (item is LookNode or OpNode { Op: not (Op.Any or Op.AnyOrNewline or Op.Grapheme) }) throw Wrong("a repetition of something without length");
                if (Take("?")) item = new RepeatNode(item, least, most, Lazy: true);
                else if (!counted && Take("+")) item = new AtomicNode(new RepeatNode(item, least, most, Lazy: false));
                else item = new RepeatNode(item, least, most, Lazy: false);
            }
        }

        private bool Counts(out int least, out int most)
        {
            (least, most) = (0, 0);
            int k = _at + 1;
            int? low = Number(ref k), high = null;
            bool comma = k < _text.Length && _text[k] == ',';
            if (comma)
            {
                k++;
                high = Number(ref k);
            }

            if (k >= _text.Length || _text[k] != '}' || (low is null && high is null)) return false;
            least = low ?? 0;
            most = comma ? high ?? int.MaxValue : least;
            if (most < least || least > 1000 || (most > 1000 && most != int.MaxValue)) throw Wrong("a repetition count that is reversed or above 1000");
            _at = k + 1;
            return true;

            int? Number(ref int at)
            {
                int start = at, value = 0;
                while (at < _text.Length && _text[at] is >= '0' and <= '9' && at - start < 7) value = (value * 10) + _text[at++] - '0';
                return at == start ? null : value;
            }
        }

        private Node Atom()
        {
            int c = _text[_at];
            switch (c)
            {
                case '(':
                    return Group();
                case '[':
                    _at++;
                    return new ClassNode(Class(0));
                case '.':
                    _at++;
                    return new OpNode(_dotAll ? Op.AnyOrNewline : Op.Any);
                case '^':
                    _at++;
                    return new OpNode(Op.LineStart);
                case '$':
                    _at++;
                    return new OpNode(Op.LineEnd);
                case '*' or '+' or '?':
                    throw Wrong("a repetition of nothing");
                case '\\':
                    return Escape();
                default:
                    _at++;
                    return Literal(c);
            }
        }

        private Node Literal(int point) => _ignoreCase && CharacterClass.HasCase(point) ? new ClassNode(CharacterClass.Of(point).WithoutCase()) : new CharNode(point);

        private Node Group()
        {
            _at++;
            if (!Take("?")) return Closed(Choice());
            if (Take("#"))
            {
                while (_at < _text.Length && Peek() != ')') _at++;
                return Closed(new EmptyNode());
            }

            if (Take(":")) return Closed(Choice());
            if (Take("=")) return Closed(new LookNode(Choice(), Behind: false, Negative: false));
            if (Take("!")) return Closed(new LookNode(Choice(), Behind: false, Negative: true));
            if (Take(">")) return Closed(new AtomicNode(Choice()));
            if (Take("<=")) return Closed(new LookNode(Choice(), Behind: true, Negative: false));
            if (Take("<!")) return Closed(new LookNode(Choice(), Behind: true, Negative: true));
            if (Take("<") || Take("P<"))
            {
                while (_at < _text.Length && Peek() != '>') _at++;
                if (!Take(">")) throw Wrong("a group name without end");
                return Closed(Choice());
            }

            bool on = true, ignoreCase = _ignoreCase, dotAll = _dotAll;
            while (_at < _text.Length)
            {
                int c = _text[_at++];
                if (c == '-') on = false;
                else if (c == 'i') ignoreCase = on;
                else if (c == 'm') dotAll = on;
                else if (c is ':' or ')')
                {
                    (bool i, bool m) = (_ignoreCase, _dotAll);
                    (_ignoreCase, _dotAll) = (ignoreCase, dotAll);
                    // A bare (?i) holds to the end of the enclosing group, alternatives included.
                    if (c == ')') return Choice();
                    Node node = Closed(Choice());
                    (_ignoreCase, _dotAll) = (i, m);
                    return node;
                }
                else
                {
                    break;
                }
            }

            throw Wrong("a kind of group that is not supported");
        }

        private Node Closed(Node node) => Take(")") ? node : throw Wrong("a group without end");

        private Node Escape()
        {
            int c = Peek(1);
            switch (c)
            {
                case 'b':
                    _at += 2;
                    return new OpNode(Op.WordEdge);
                case 'B':
                    _at += 2;
                    return new OpNode(Op.NoWordEdge);
                case 'A':
                    _at += 2;
                    return new OpNode(Op.TextStart);
                case 'z':
                    _at += 2;
                    return new OpNode(Op.TextEnd);
                case 'Z':
                    _at += 2;
                    return new OpNode(Op.TextEndOrNewline);
                case 'X':
                    _at += 2;
                    return new OpNode(Op.Grapheme);
                case 'R':
                    _at += 2;
                    return new AtomicNode(new ChoiceNode([new SequenceNode([new CharNode('\r'), new CharNode('\n')]), new ClassNode(CharacterClass.Ranges([(10, 13), (0x85, 0x85), (0x2028, 0x2029)]))]));
            }

            if (EscapedClass() is { } set) return new ClassNode(_ignoreCase ? set.WithoutCase() : set);
            return Literal(EscapedPoint());
        }

        // \s \w \d \h \p{..} and their opposites, or null where the escape is a single character
        private CharacterClass? EscapedClass()
        {
            int c = Peek(1);
            switch (c)
            {
                case 's' or 'S':
                    _at += 2;
                    return CharacterClass.Of(CodePointClass.Space).Negated(c == 'S');
                case 'w' or 'W':
                    _at += 2;
                    return CharacterClass.Of(CodePointClass.Word).Negated(c == 'W');
                case 'd' or 'D':
                    _at += 2;
                    return CharacterClass.Of(CodePointClass.Digit).Negated(c == 'D');
                case 'h' or 'H':
                    _at += 2;
                    return CharacterClass.Ranges([('0', '9'), ('a', 'f'), ('A', 'F')]).Negated(c == 'H');
                case 'p' or 'P':
                    _at += 2;
                    if (!Take("{")) throw Wrong("a property without {");
                    bool negative = Take("^") != (c == 'P');
                    StringBuilder name = new();
                    while (_at < _text.Length && Peek() != '}') Utf32.Append(name, _text[_at++]);
                    if (!Take("}")) throw Wrong("a property without }");
                    return (CharacterClass.Property(name.ToString()) ?? throw Wrong($"the unknown property {name}")).Negated(negative);
                default:
                    return null;
            }
        }

        private int EscapedPoint()
        {
            int c = Peek(1);
            _at += 2;
            switch (c)
            {
                case -1:
                    throw Wrong("a backslash at its end");
                case 'n':
                    return '\n';
                case 'r':
                    return '\r';
                case 't':
                    return '\t';
                case 'f':
                    return '\f';
                case 'v':
                    return '\v';
                case 'a':
                    return '\a';
                case 'e':
                    return 0x1B;
                case '0':
                    return 0;
                case 'u':
                    return Hex(4, 4);
                case 'x' when Take("{"):
                    int wide = Hex(1, 8);
                    return Take("}") ? wide : throw Wrong("a code point without }");
                case 'x':
                    return Hex(1, 2);
                case (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '1' and <= '9'):
                    throw Wrong($"the escape \\{(char)c}, which is not supported (back-references are not)");
                default:
                    return c;
            }
        }

        private int Hex(int least, int most)
        {
            int n = 0;
            long value = 0;
            while (n < most && Peek() is int c && c < 128 && c >= 0 && char.IsAsciiHexDigit((char)c))
            {
                value = (value * 16) + int.Parse(((char)c).ToString(), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                _at++;
                n++;
            }

            if (n < least || value >= CodePoints.Limit) throw Wrong("a wrong hexadecimal code point");
            return (int)value;
        }

        private CharacterClass Class(int depth)
        {
            if (depth > MaxDepth) throw Wrong($"more than {MaxDepth} classes inside each other");
            bool negative = Take("^");
            List<CharacterClass> intersection = [], union = [];
            List<(int, int)> ranges = [];
            bool first = true;
            while (true)
            {
                if (_at >= _text.Length) throw Wrong("a class without end");
                if (Peek() == ']' && !first)
                {
                    _at++;
                    break;
                }

                if (Peek() == ']' && !_text.AsSpan(_at + 1).Contains(']')) throw Wrong("an empty class");
                first = false;
                if (Take("&&"))
                {
                    Close();
                    continue;
                }

                if (Take("[:"))
                {
                    bool not = Take("^");
                    StringBuilder name = new();
                    while (_at < _text.Length && Peek() is >= 'a' and <= 'z') name.Append((char)_text[_at++]);
                    if (!Take(":]")) throw Wrong("a POSIX class without :]");
                    union.Add((CharacterClass.Posix(name.ToString()) ?? throw Wrong($"the unknown class {name}")).Negated(not));
                    continue;
                }

                if (Take("["))
                {
                    union.Add(Class(depth + 1));
                    continue;
                }

                if (Peek() == '\\' && EscapedClass() is { } set)
                {
                    union.Add(set);
                    continue;
                }

                int low = Point();
                if (Peek() == '-' && Peek(1) != ']' && Peek(1) != -1 && Peek(1) != '[')
                {
                    _at++;
                    if (Peek() == '\\' && Peek(1) is 's' or 'w' or 'd' or 'p' or 'S' or 'W' or 'D' or 'P') throw Wrong("a range that ends in a class");
                    int high = Point();
                    if (high < low) throw Wrong("a reversed range");
                    ranges.Add((low, high));
                }
                else
                {
                    ranges.Add((low, low));
                }
            }

            Close();
            CharacterClass all = intersection.Count == 1 ? intersection[0] : CharacterClass.Intersection([.. intersection]);
            if (_ignoreCase) all = all.WithoutCase();
            return all.Negated(negative);

            void Close()
            {
                if (ranges.Count > 0) union.Add(CharacterClass.Ranges([.. ranges]));
                intersection.Add(union.Count == 1 ? union[0] : CharacterClass.Union([.. union]));
                union.Clear();
                ranges.Clear();
            }

            int Point()
            {
                if (Peek() == '\\')
                {
                    if (Peek(1) == 'b')
                    {
                        _at += 2;
                        return '\b';
                    }

                    return EscapedPoint();
                }

                return _text[_at++];
            }
        }
    }
}
