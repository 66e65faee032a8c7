"""Builds tables.bin.gz: python make-tables.py CLASSES.json.gz MAPS.json.gz tables.bin.gz  (needs perl and the module regex)

CLASSES and MAPS say, code point by code point, which characters the classes of the reference tokenizers hold and what
its normalisers make of them. Combining classes and canonical pairs are those of Python's unicodedata; scripts those of
the module `regex`, and what Unicode 9.0 had assigned (the age of the reference's script table) is Perl's. The layout is read by CodePoints.cs: unsigned LEB128 numbers throughout.
"""
import gzip, json, subprocess, sys, unicodedata as u
import regex

C = json.load(gzip.open(sys.argv[1]))["ranges"]
M = json.load(gzip.open(sys.argv[2]))["maps"]
FLAGS = [r"onig \p{L}", r"onig \p{N}", r"onig \s", r"onig \p{M}", r"onig \p{P}", r"onig \p{S}", r"onig \p{Lu}", r"onig \p{Ll}", r"onig \p{Lt}", r"onig \p{Lm}", r"onig \p{Lo}",
         r"onig \w", r"onig \d", r"Whitespace \w", "Digits", "Punctuation", "BertNormalizer clean_text removes", "BertNormalizer clean_text to space", "BertNormalizer chinese",
         "StripAccents removes", "Nmt removes", "Nmt to space"]
flags = [0] * 0x110000
for bit, name in enumerate(FLAGS):
    for a, b in C[name]:
        for c in range(a, b + 1): flags[c] |= 1 << bit
MN = len(FLAGS)  # what BertNormalizer strips as an accent
for k, v in M["BertNormalizer strip_accents=true lowercase=false"].items():
    if v == "": flags[int(k, 16)] |= 1 << MN
OLD = MN + 1  # assigned in Unicode 9.0
PERL = r'no warnings; for (0..0x10FFFF) { next if $_ >= 0xD800 && $_ <= 0xDFFF; print "$_\n" if chr($_) =~ /\p{Present_In: 9.0}/ && chr($_) !~ /\p{Script=Unknown}/ }'
for line in subprocess.run(["perl", "-e", PERL], capture_output=True, text=True, check=True).stdout.split(): flags[int(line)] |= 1 << OLD

out = bytearray()
def num(x):
    while x >= 0x80: out.append(x & 0x7F | 0x80); x >>= 7
    out.append(x)
def text(s):
    num(len(s))
    for c in s: num(ord(c))
def mapping(m):
    num(len(m)); last = 0
    for c in sorted(m): num(c - last); last = c; text(m[c])
def ranges(values):  # [(first, last, value)]
    num(len(values)); last = 0
    for a, b, v in values: num(a - last); num(b - a); num(v); last = b
def runs(f):
    r = []
    for c in range(0x110000):
        v = f(c)
        if not v: continue
        if r and r[-1][1] == c - 1 and r[-1][2] == v: r[-1][1] = c
        else: r.append([c, c, v])
    return r

combos = sorted(set(flags)); assert len(combos) <= 256
num(len(combos))
for x in combos: num(x)
index = {x: i for i, x in enumerate(combos)}
blocks, pages = [], []
for p in range(0x1100):
    b = bytes(index[x] for x in flags[p * 256:p * 256 + 256])
    if b not in blocks: blocks.append(b)
    pages.append(blocks.index(b))
num(len(blocks))
for p in pages: num(p)
for b in blocks: out += b

hangul = lambda c: 0xAC00 <= c <= 0xD7A3
nfd = {int(k, 16): v for k, v in M["NFD"].items() if not hangul(int(k, 16))}
nfkd = {int(k, 16): v for k, v in M["NFKD"].items() if not hangul(int(k, 16)) and nfd.get(int(k, 16)) != v}
# a canonical mapping that the compatibility one lacks
assert not [c for c in nfd if "%04X" % c not in M["NFKD"]]
mapping(nfd); mapping(nfkd); mapping({int(k, 16): v for k, v in M["Lowercase"].items()})
ranges(runs(lambda c: u.combining(chr(c))))
pairs = []
for c in sorted(nfd):
    d = u.decomposition(chr(c)).split()
    if len(d) == 2 and not d[0].startswith("<") and "%04X" % c not in M["NFC"]: pairs.append((int(d[0], 16), int(d[1], 16), c))
num(len(pairs))
for p in pairs:
    for x in p: num(x)

names = "Arabic Armenian Avestan Balinese Bamum Bengali Bopomofo Braille Buginese Buhid Canadian_Aboriginal Carian Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Egyptian_Hieroglyphs Ethiopic Georgian Glagolitic Gothic Greek Gujarati Gurmukhi Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Lao Latin Lepcha Limbu Linear_B Lisu Lycian Lydian Malayalam Mandaic Meetei_Mayek Mongolian Myanmar New_Tai_Lue Nko Ogham Ol_Chiki Old_Italic Old_Persian Old_South_Arabian Old_Turkic Oriya Osmanya Phags_Pa Phoenician Rejang Runic Samaritan Saurashtra Shavian Sinhala Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tamil Telugu Thaana Thai Tibetan Tifinagh Ugaritic Vai Yi Adlam Ahom Anatolian_Hieroglyphs Bassa_Vah Bhaiksuki Brahmi Caucasian_Albanian Chakma Duployan Elbasan Grantha Hatran Khojki Khudawadi Linear_A Mahajani Manichaean Marchen Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mro Multani Nabataean Newa Old_Hungarian Old_North_Arabian Old_Permic Osage Pahawh_Hmong Palmyrene Pau_Cin_Hau Psalter_Pahlavi Sharada Siddham SignWriting Sora_Sompeng Takri Tangut Tirhuta Warang_Citi".split()
script = [0] * 0x110000
everything = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)
for i, n in enumerate(names):
    for m in regex.finditer(r"\p{Script=%s}+" % n, everything):
        for ch in m.group(): script[ord(ch)] = i + 1
num(len(names))
for n in names: text(n)
ranges(runs(lambda c: script[c]))
open(sys.argv[3], "wb").write(gzip.compress(bytes(out), 9, mtime=0))
print(len(combos), "combinations", len(blocks), "blocks", len(nfd), len(nfkd), len(pairs), "pairs", len(out), "bytes")
