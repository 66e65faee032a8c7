namespace Plumbline.Data.Pii;

/// <summary>
/// Names of persons behind or before a cue: "my name is", "Mr", "Dear", 我叫, 先生. Precision before recall: a name without a cue is not found.
/// </summary>
internal static class PersonRule
{
    private const string Surnames =
        "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文施洪辛柯"
        + "倪殷季庄祝管樊岳齐梅章鲁葛柳邢舒牛艾聂焦欧凌裴游翁关霍翟左蓝娄詹鲍苗甄闵俞卞纪骆项辜童褚费盛房申翦瞿穆涂車张張劉陳楊黃趙吳孫馬羅鄭梁謝許韓鄧馮蕭蔡蔣葉蘇呂盧鍾譚陸賈鄒龍賀顧龔萬錢嚴湯喬賴莊魯聶歐關藍紀費";

    private static readonly string[] s_compound = ["欧阳", "歐陽", "司马", "司馬", "上官", "诸葛", "諸葛", "东方", "皇甫", "尉迟", "公孙", "令狐", "慕容", "司徒", "夏侯", "端木", "南宫", "长孙", "宇文", "轩辕"];

    // Characters that follow a name more often than they end one.
    private const string Behind = "的是在和与及或，。、！？；：（）的了吗呢吧也都就还从自来去到住有给向对把被说道电手微邮身今年家很想要会能可将已正于我你他她它这那不没,.!?;:()\"' \n先女小老同";

    private static readonly string[] s_chineseBefore = ["我叫", "我是", "姓名", "名叫", "叫做", "联系人", "收件人", "收货人", "本人", "患者", "客户", "学生", "持卡人", "户名", "申请人", "负责人", "署名", "名字是", "名字叫", "她叫", "他叫"];
    private static readonly string[] s_chineseBehind = ["先生", "女士", "小姐", "老师", "医生", "律师", "经理", "教授", "同学", "师傅", "主任", "阿姨", "太太"];
    private static readonly string[] s_titles = ["mr", "mrs", "ms", "miss", "dr", "prof", "professor", "sir", "madam", "lord", "lady", "mx", "herr", "frau", "señor", "señora"];
    private static readonly string[] s_cues = ["my name is", "name is", "my name's", "i am called", "call me", "name:", "full name:", "signed,", "signed by", "dear", "hi", "hello", "sincerely,", "regards,", "best,", "cheers,", "yours,", "patient:", "customer:", "cardholder:", "attn:", "attention:", "this is", "i'm", "i am", "contact:", "beneficiary:", "recipient:", "named"];

    private static readonly HashSet<string> s_notNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "the", "a", "an", "and", "or", "but", "all", "sir", "madam", "team", "friend", "friends", "customer", "customers", "everyone", "everybody", "there", "support", "hiring", "manager", "editor", "colleague", "colleagues", "sorry", "not", "no", "yes", "it", "this", "that", "what", "who",
        "i", "you", "we", "he", "she", "they", "my", "your", "our", "his", "her", "their", "in", "on", "at", "to", "from", "for", "of", "is", "are", "was", "please", "thanks", "thank", "president", "user", "world", "english", "chinese", "american", "french", "german", "monday", "tuesday", "wednesday", "thursday",
        "friday", "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december", "god", "mom", "dad", "mum", "santa", "ai", "siri", "alexa", "unknown", "none", "null", "gmail", "email", "phone", "address", "date", "name", "first", "last",
        "mr", "mrs", "ms", "miss", "dr", "prof", "professor", "lord", "lady", "currently", "just", "so", "very", "here", "hi", "hello", "dear", "committee", "council", "board", "office", "department", "reader", "readers", "students", "student", "parents", "members", "if", "when", "how", "why", "where", "as",
    };

    public static void Find(ScannedText text, List<PiiSpan> found)
    {
        English(text, found);
        Chinese(text, found);
    }

    private static void English(ScannedText text, List<PiiSpan> found)
    {
        string t = text.Lower;
        for (int i = 0; i < t.Length; i++)
        {
            if (!char.IsAsciiLetter(t[i]) || ScannedText.IsLatin(text.At(i - 1))) continue;
            foreach (string title in s_titles)
            {
                if (string.CompareOrdinal(t, i, title, 0, title.Length) != 0 || ScannedText.IsLatin(text.At(i + title.Length)) || !char.IsUpper(text.Text[i])) continue;
                int at = i + title.Length;
                if (text.At(at) == '.') at++;
                if (text.At(at) is ' ' && Name(text, at + 1, 3, 1) is { } end) found.Add(text.Span(PiiType.Person, at + 1, end, "person-title", 0.85));
            }

            foreach (string cue in s_cues)
            {
                if (string.CompareOrdinal(t, i, cue, 0, cue.Length) != 0 || (char.IsAsciiLetter(cue[^1]) && ScannedText.IsLatin(text.At(i + cue.Length)))) continue;
                int at = i + cue.Length;
                while (text.At(at) is ' ' or '\n' && at - i - cue.Length < 3) at++;
                if (at == i + cue.Length) continue;
                at = SkipTitle(text, at);
                // "I'm Happy" and "Hi There" begin alike: weak cues want two names.
                bool weak = cue is "i'm" or "i am" or "this is" or "hi" or "hello" or "call me" or "best," or "cheers,";
                bool letter = cue is "hi" or "hello" or "dear";
                if (Name(text, at, 4, weak && !letter ? 2 : 1) is not { } end) continue;
                bool closed = text.At(end) is ',' or '.' or '!' or '\n' or '\0' or ':' or ';';
                if (letter && !closed) continue;
                found.Add(text.Span(PiiType.Person, at, end, "person-cue", weak ? 0.6 : 0.8));
            }
        }
    }

    private static int SkipTitle(ScannedText text, int at)
    {
        foreach (string title in s_titles)
        {
            if (string.CompareOrdinal(text.Lower, at, title, 0, title.Length) != 0 || ScannedText.IsLatin(text.At(at + title.Length))) continue;
            int next = at + title.Length;
            if (text.At(next) == '.') next++;
            return text.At(next) == ' ' ? next + 1 : at;
        }

        return at;
    }

    /// <summary>The end of one to so many capitalised words that begins here; null where there are too few.</summary>
    private static int? Name(ScannedText text, int at, int most, int least)
    {
        string t = text.Text;
        int words = 0, end = at;
        while (words < most)
        {
            int i = at;
            if (!char.IsUpper(text.At(i))) break;
            while (i < t.Length && i - at < 24 && (char.IsLetter(t[i]) || (t[i] is '\'' or '’' or '-' && char.IsLetter(text.At(i + 1)))) && !ScannedText.IsEastAsian(t[i])) i++;
            ReadOnlySpan<char> word = t.AsSpan(at, i - at);
            if (word.EndsWith("'s") || word.EndsWith("’s"))
            {
                i -= 2;
                word = word[..^2];
            }

            if (char.IsAsciiDigit(text.At(i)) || s_notNames.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word) || (word.Length > 1 && !word.ContainsAnyExceptInRange('A', 'Z') && words == 0 && word.Length < 3)) break;
            bool initial = word.Length == 1;
            if (initial && text.At(i) == '.') i++;
            if (!initial)
            {
                end = i;
                words++;
            }
            else if (words == 0 && text.At(i) != ' ')
            {
                break;
            }

            if (text.At(i) != ' ' || i < end - 1) break;
            at = i + 1;
            if (initial && i - at > 3) break;
        }

        return words >= least ? end : null;
    }

    private static void Chinese(ScannedText text, List<PiiSpan> found)
    {
        string t = text.Text;
        for (int i = 0; i < t.Length; i++)
        {
            if (!ScannedText.IsEastAsian(t[i])) continue;
            foreach (string cue in s_chineseBefore)
            {
                if (string.CompareOrdinal(t, i, cue, 0, cue.Length) != 0) continue;
                int at = i + cue.Length;
                while (text.At(at) is ':' or '：' or ' ' or '为' or '是' or '叫' && at - i - cue.Length < 3) at++;
                int length = Given(text, at);
                if (length == 0) continue;
                bool weak = cue is "我是" or "本人" or "客户" or "学生";
                // 我是高中生, 本人承诺: a weak cue wants an end right behind the name.
                if (weak && !(Behind.Contains(text.At(at + length)) || text.At(at + length) == '\0')) continue;
                found.Add(text.Span(PiiType.Person, at, at + length, "person-zh-cue", weak ? 0.65 : 0.8));
            }

            foreach (string cue in s_chineseBehind)
            {
                if (string.CompareOrdinal(t, i, cue, 0, cue.Length) != 0) continue;
                if (Before(text, i) is { } start) found.Add(text.Span(PiiType.Person, start, i, "person-zh-title", i - start > 1 ? 0.8 : 0.55));
            }
        }
    }

    /// <summary>The length of a surname with one or two characters behind it that begins here; 0 where there is none.</summary>
    private static int Given(ScannedText text, int at)
    {
        int surname = Surname(text, at);
        if (surname == 0) return 0;
        int length = surname;
        while (length < surname + 2 && IsHan(text.At(at + length)) && !Behind.Contains(text.At(at + length))) length++;
        return length > surname ? length : 0;
    }

    /// <summary>Where a name that ends here begins: the longest of a surname with two, one or no characters behind it.</summary>
    private static int? Before(ScannedText text, int end)
    {
        for (int length = 4; length >= 1; length--)
        {
            int start = end - length, surname = Surname(text, start);
            if (start < 0 || surname == 0 || length - surname is < 0 or > 2 || length < surname) continue;
            bool fits = true;
            for (int i = start; i < end; i++) fits &= IsHan(text.At(i)) && (i < start + surname || !Behind.Contains(text.At(i)));
            // A compound or lone surname must not be the tail of a word: 律师事务所 has no 师.
            if (fits && (length > surname || !IsHan(text.At(start - 1)) || Behind.Contains(text.At(start - 1)) || "请找问让帮替给叫约见"
                .Contains(text.At(start - 1)))) return start;
        }

        return null;
    }

    private static int Surname(ScannedText text, int at)
    {
        if (at < 0) return 0;
        foreach (string compound in s_compound)
        {
            if (string.CompareOrdinal(text.Text, at, compound, 0, compound.Length) == 0) return 2;
        }

        return Surnames.Contains(text.At(at)) ? 1 : 0;
    }

    private static bool IsHan(char c) => c is >= '\u4e00' and <= '\u9fff';
}
