"""Words: what the rules and the stories agree on about text. Pure functions over strings.

Two words are the same when their folds are: `fold` forgets case, marks and the script of Serbian. Every offset points
into the text as it was given, never into a folded or cleaned copy.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import NamedTuple
from unicodedata import category, normalize

from monitor.model import Zone

# C0 and C1 controls but tab and newline, bidi controls, zero-width characters, byte order mark, soft hyphen,
# and lone surrogates: none of them says anything, and each has been used to hide or to break something.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r"\n(?:\s*\n)+")
# No language stacks more marks on a letter (UAX #15, section 13), and to order a heap of them takes quadratic time.
MOST_MARKS = 30
_HEAP = re.compile(rf"[^\w\s\x00-\u02ff]{{{MOST_MARKS + 1}}}")  # of marks, or of dashes: a quick look


def clean(text: str, *, limit: int) -> str:
    """Text from the web made safe to store and show: no controls, single spaces, at most `limit` characters."""
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.isascii() and _HEAP.search(text) is not None:
        text = _STACKED.sub(r"\1", text)
    text = _SPACES.sub(" ", normalize("NFC", text))
    text = "\n".join(line.strip() for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()[:limit].rstrip()


def clean_line(text: str, *, limit: int) -> str:
    """As `clean`, on one line."""
    return " ".join(clean(text, limit=limit * 4).split())[:limit].rstrip()


def printable(text: str) -> str:
    """Text for a terminal or a log, which it cannot drive: lines and words stay, what cannot be seen becomes �."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else " " if c.isspace() else "�" for c in text)


# ---- words ----

POSITION_GAP = 1_000  # between title and text: no phrase and no NEAR reaches across
LEAD_WORDS = 8  # a first paragraph shorter than this is a dateline or a kicker
REMEMBERED_WORDS = 1 << 16
LONGEST_REMEMBERED_WORD = 64

_ZERO_WIDTH = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_INVISIBLE = re.compile(f"[{_ZERO_WIDTH}]")
# `\w` leaves combining marks out, and would cut decomposed letters and the vowel signs of India apart.
_BLOCKS_WITH_MARKS = ((0x300, 0x3100), (0xA600, 0xAC00), (0xFB00, 0xFE30), (0x10000, 0x12000), (0x16A00, 0x17000))
_MARKS = "".join(
    c for block in (*_BLOCKS_WITH_MARKS, (0x1D100, 0x1F000)) for c in map(chr, range(*block)) if category(c)[0] == "M"
)
_STACKED = re.compile(f"([{_MARKS}\U0001bc9e]{{{MOST_MARKS}}})[{_MARKS}\U0001bc9e]+")
# Thai to Khmer, kana, Han: written without spaces, so each character is a word, and a name there is a phrase.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
)
# What may follow a letter. The look-ahead is for speed: most words end at a space, and the class is a long one.
_INSIDE = rf"(?![\x00-\xac])[{_MARKS}{_ZERO_WIDTH}]"
_WORD = re.compile(rf"\w+(?:{_INSIDE}+\w*)*")
_ANY_UNSPACED = re.compile(f"[{_UNSPACED}]")
_WORD_OR_CHARACTER = re.compile(rf"[{_UNSPACED}](?<=\w)(?:{_INSIDE})*|(?:(?![{_UNSPACED}])\w(?:{_INSIDE})*)+")

# Marks that a reader can do without. The vowel signs of Indian and South-East Asian scripts are not among them.
_ORNAMENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u0655\u0670"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f" + _ZERO_WIDTH + "]"
)
# The Serbian alphabet, for every word in Cyrillic: it need not read well, as both sides are folded alike.
_LETTERS = str.maketrans(
    dict(zip("абвгдежзијклмнопрстћуфхцчш", "abvgdezzijklmnoprstcufhccs", strict=True))
    | {"ђ": "dj", "љ": "lj", "њ": "nj", "џ": "dz"}
    | {"đ": "dj", "ı": "i", "ł": "l", "ø": "o"}  # marks that Unicode takes for a part of the letter
)


def fold(word: str) -> str:
    """The form in which words are compared: no case, no marks, Serbian in Latin, and nothing that cannot be seen."""
    return _FOLDS[word]


def spelling(word: str) -> str:
    """The form in which words are compared when case and marks count: composed, and nothing without width."""
    return word if word.isascii() else normalize("NFC", _INVISIBLE.sub("", word))


def _fold(word: str) -> str:
    if word.isascii():
        return word.lower()
    # Casefolding may leave letters that decompose, and decomposing capital ones: twice is enough for all of Unicode.
    for _ in range(2):
        word = normalize("NFKD", word).casefold()
    word = _ORNAMENTS.sub("", normalize("NFKD", word)).translate(_LETTERS)
    return normalize("NFC", word)


class _Folds(dict[str, str]):
    """The folds of the words met so far: looking one up costs a third of what a cached function costs."""

    def __missing__(self, word: str) -> str:
        folded = _fold(word)
        if len(word) <= LONGEST_REMEMBERED_WORD:
            if len(self) >= REMEMBERED_WORDS:
                self.clear()
            self[word] = folded
        return folded


_FOLDS = _Folds()


def words(text: str) -> tuple[str, ...]:
    """The folded words of a text, in order."""
    for mark in _PUNCTUATION:
        text = text.replace(mark, " ")
    if text.isascii():
        return tuple(_split(text))
    if _UNCOMMON.search(text) is None:
        return tuple(map(_FOLDS.__getitem__, _split(text)))
    scannable = _scannable(text)
    return tuple(map(_FOLDS.__getitem__, _word_pattern(scannable).findall(scannable)))


# Most text is Latin, Greek or Cyrillic with the usual punctuation, and splitting that at spaces takes a third of the
# time that a regular expression takes. The rest goes the long way, to the same words (test_text.py).
_PUNCTUATION = "\u2019\u2018\u201c\u201d\u201e\u2013\u2014\u2026\u00a0\u00ab\u00bb\u2022\u20ac\u00a3"
_UNCOMMON = re.compile("[^\x00-\x7f\xc0-\xd6\xd8-\xf6\xf8-\u02af\u0388-\u038a\u038e-\u03ce\u0400-\u0481\u048a-\u052f]")
_SMALL_LETTERS = bytes(
    byte if byte > 127 else ord(chr(byte).lower()) if chr(byte).isalnum() else 32 for byte in range(256)
)


def _split(text: str) -> list[str]:
    """The words between what is no letter or digit of ASCII, with its capitals made small."""
    return text.encode().translate(_SMALL_LETTERS).decode().split()


def _scannable(text: str) -> str:
    """Same length, with what divides words although `\\w` takes it for a letter made a space."""
    return text.replace("_", " ").replace("\u02bc", "'")


def _word_pattern(scannable: str) -> re.Pattern[str]:
    """What finds the words of this text."""
    return _WORD_OR_CHARACTER if not scannable.isascii() and _ANY_UNSPACED.search(scannable) else _WORD


# ---- documents ----


class Token(NamedTuple):
    """A word where it stands. `position` counts words; `sentence` is an index into the document's sentences."""

    text: str
    folded: str
    start: int
    end: int
    zone: Zone
    position: int
    sentence: int


class Sentence(NamedTuple):
    """Offsets point into the title, the text, or the captions, by zone."""

    zone: Zone
    start: int
    end: int


class Document:
    """An article as words. Positions run through, with gaps between title, text and captions.

    The words are there at once, and enough to see that no rule can match; all else is worked out when first asked for.
    """

    def __init__(self, title: str, text: str, captions: Iterable[str] = ()) -> None:
        self.title, self.text, self.captions = title, text, "\n\n".join(captions)
        self.title_words, self.text_words, self.caption_words = map(words, self._parts)
        self._met: dict[int, Token] = {}

    @property
    def _parts(self) -> tuple[str, str, str]:
        return self.title, self.text, self.captions

    @cached_property
    def positions(self) -> Mapping[str, Sequence[int]]:
        """Of each folded word in title and text, ascending."""
        return _positions((0, self.title_words), (self._text_start, self.text_words))

    def positions_in(self, zone: Zone) -> Mapping[str, Sequence[int]]:
        """Of each folded word in a zone."""
        return _positions((self.zones[zone].start, self.said(zone)))

    def said(self, zone: Zone) -> tuple[str, ...]:
        """The folded words of a zone."""
        match zone:
            case Zone.TITLE:
                return self.title_words
            case Zone.LEAD:
                return self.text_words[: self._lead_words]
            case Zone.BODY:
                return self.text_words[self._lead_words :]
            case Zone.CAPTION:
                return self.caption_words

    @cached_property
    def zones(self) -> Mapping[Zone, range]:
        """The positions in each zone."""
        text, captions = self._text_start, self._captions_start
        body = text + self._lead_words
        return {
            Zone.TITLE: range(len(self.title_words)),
            Zone.LEAD: range(text, body),
            Zone.BODY: range(body, text + len(self.text_words)),
            Zone.CAPTION: range(captions, captions + len(self.caption_words)),
        }

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        zones = (Zone.TITLE, Zone.BODY, Zone.CAPTION)
        found = chain(
            *([(zone, *ends) for ends in _sentences(part)] for zone, part in zip(zones, self._parts, strict=True))
        )
        return tuple(
            Sentence(Zone.LEAD if zone is Zone.BODY and start < self._lead_end else zone, start, end)
            for zone, start, end in found
        )

    @cached_property
    def tokens(self) -> tuple[Token, ...]:
        """All words where they stand, in order."""
        return tuple(self.at(place) for zone in Zone for place in self.zones[zone])

    def at(self, position: int) -> Token:
        """The word at a position; there are none in the gaps."""
        token = self._met.get(position)
        if token is None:  # of many rules several ask for one word
            token = self._met[position] = self._token(position)
        return token

    def _token(self, position: int) -> Token:
        part, index = self._place(position)
        start, end = self._offsets[part][index]
        sentence = self.sentence_at(position)
        return Token(
            _scannable(self._parts[part][start:end]),
            (self.title_words, self.text_words, self.caption_words)[part][index],
            start,
            end,
            self.sentences[sentence].zone,
            position,
            sentence,
        )

    def words_between(self, zone: Zone, start: int, end: int) -> tuple[int, int] | None:
        """The positions of the first and last word that offsets into a zone's source touch."""
        part = {Zone.TITLE: 0, Zone.CAPTION: 2}.get(zone, 1)
        offsets = self._offsets[part]
        first = bisect_right(offsets, start, key=itemgetter(1))
        last = bisect_left(offsets, end, key=itemgetter(0)) - 1
        base = (0, self._text_start, self._captions_start)[part]
        return (base + first, base + last) if first <= last else None

    def sentence_at(self, position: int) -> int:
        """Which sentence the word at a position stands in."""
        part, index = self._place(position)
        start, _ = self._offsets[part][index]
        return self._sentences_before[part] + bisect_right(self._sentence_starts[part], start) - 1

    def sentence_of(self, token: Token) -> Sentence:
        return self.sentences[token.sentence]

    def source(self, zone: Zone) -> str:
        """The string that a zone's offsets point into."""
        return {Zone.TITLE: self.title, Zone.CAPTION: self.captions}.get(zone, self.text)

    @cached_property
    def _text_start(self) -> int:
        return len(self.title_words) + POSITION_GAP

    @cached_property
    def _captions_start(self) -> int:
        return self._text_start + len(self.text_words) + POSITION_GAP

    def _place(self, position: int) -> tuple[int, int]:
        """Title, text or captions (0, 1, 2), and which word of it."""
        if position < self._text_start:
            return 0, position
        if position < self._captions_start:
            return 1, position - self._text_start
        return 2, position - self._captions_start

    @cached_property
    def _offsets(self) -> tuple[list[tuple[int, int]], ...]:
        return tuple(_offsets(part) for part in self._parts)

    @property
    def _lead_end(self) -> int:
        return self._lead[0]

    @property
    def _lead_words(self) -> int:
        return self._lead[1]

    @cached_property
    def _lead(self) -> tuple[int, int]:
        return _lead(self.text) or (len(self.text), len(self.text_words))

    @cached_property
    def _sentence_starts(self) -> tuple[list[int], ...]:
        told = (Zone.LEAD, Zone.BODY)
        parts = ((Zone.TITLE,), told, (Zone.CAPTION,))
        return tuple([sentence.start for sentence in self.sentences if sentence.zone in zones] for zones in parts)

    @cached_property
    def _sentences_before(self) -> tuple[int, int, int]:
        title, text, _ = map(len, self._sentence_starts)
        return 0, title, title + text


def document(title: str, text: str, captions: Iterable[str] = ()) -> Document:
    """The lead is the first paragraph worth the name (8 words or more) with all that stands before it."""
    return Document(title, text, captions)


def _positions(*runs: tuple[int, Sequence[str]]) -> Mapping[str, Sequence[int]]:
    positions: defaultdict[str, list[int]] = defaultdict(list)
    for start, said in runs:
        for place, word in enumerate(said, start):
            positions[word].append(place)
    return dict(positions)


def _offsets(text: str) -> list[tuple[int, int]]:
    scannable = _scannable(text)
    return [match.span() for match in _word_pattern(scannable).finditer(scannable)]


_PARAGRAPH_END = re.compile(r"\n\s*\n")


def _lead(text: str) -> tuple[int, int] | None:
    """Where it ends and how many words it has. None if it is all of the text."""
    start = before = 0
    for gap in _PARAGRAPH_END.finditer(text):
        said = len(words(text[start : gap.start()]))
        before += said
        if said >= LEAD_WORDS:
            return gap.start(), before
        start = gap.end()
    return None


# ---- sentences ----

_STOP = re.compile(r"[.!?…؟।。！？\n][.!?…\"'”’»“)\]」』）]*(?:[ \u00a0\u202f]»(?!\w))?\s*")
_FULL_WIDTH_STOPS = "。！？"
_OPENERS = "\"'“”„‘«»([¿¡—–- "
_BEFORE_A_DECIMAL = "-–:.,/$€£"
_ABBREVIATED = """
    mr mrs ms messrs dr prof rev hon st ste jr sr gen lt col maj sgt capt cpl cmdr adm brig pvt sen rep gov pres
    amb min dep supt insp det fr vs no nos vol pp fig ca approx dept est inc ltd co corp bros ph
    jan feb apr aug sept sep oct nov dec
    bzw ggf inkl evtl nr str vgl sog geb abs art bd hr frl mio mrd tel dipl ing hl
    mm mme mlle mgr av cie
    npr tzv odn tj god br ul sv akad puk potpuk kap por mil gđa gđica inž
    sh th znj
    ул им стр тыс млн млрд руб проф ген акад тов гр пр рис см
"""
_ABBREVIATIONS = frozenset(map(fold, _ABBREVIATED.split()))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where sentences start and end. In doubt two stay together: evidence gets longer, and nothing is missed."""
    start = len(text) - len(text.lstrip())
    for stop in _STOP.finditer(text, start):
        if _ends_sentence(text, stop):
            yield start, stop.start() + len(stop[0].rstrip())
            start = stop.end()
    end = len(text.rstrip())
    if start < end:
        yield start, end


def _ends_sentence(text: str, stop: re.Match[str]) -> bool:
    marks = stop[0]
    if marks.count("\n") > 1 or marks[0] in _FULL_WIDTH_STOPS:
        return True
    if marks[0] == "\n" or not marks[-1].isspace() or _next_letter(text, stop.end()).islower():
        return False
    return marks.rstrip() != "." or not _is_abbreviated(text, stop.start())


def _next_letter(text: str, start: int) -> str:
    following = text[start : start + 5].lstrip(_OPENERS)
    return following[:1]


def _is_abbreviated(text: str, end: int) -> bool:
    """Whether the full stop at `end` belongs to the word before it: a title, an initial, an ordinal (`3. Oktober`)."""
    start = end
    while start and text[start - 1].isalnum():
        start -= 1
    word, before = text[start:end], text[start - 1 : start]
    if word.isdecimal():
        return len(word) <= 2 and before not in _BEFORE_A_DECIMAL
    return len(word) == 1 or fold(word) in _ABBREVIATIONS


# ---- quotations ----

QUOTATION_WORDS = 5  # shorter ones are names and ironies, not somebody's speech

_QUOTE = re.compile('["“”„‟«»]')


def without_quotations(text: str) -> str:
    """The text without what somebody is quoted as saying: agencies share quotations, and that makes no copy."""
    kept, done = [], 0
    for start, end in sorted(quotations(text)):
        if start >= done:
            kept.append(text[done:start])
            done = end
    return " ".join((*kept, text[done:]))


def quotations(text: str) -> Iterator[tuple[int, int]]:
    """Where quotations stand, closed in their own paragraph: „de“, „sr”, “en”, « fr », »da«, "plain"."""
    paragraph = 0
    for gap in (*(match.start() for match in _PARAGRAPH_END.finditer(text)), len(text)):
        opened: list[int] = []
        for mark in _QUOTE.finditer(text, paragraph, gap):
            if _opens(text, mark.start(), nothing_open=not opened):
                opened.append(mark.start())
            elif opened:
                start = opened.pop()
                if len(words(text[start : mark.end()])) >= QUOTATION_WORDS:
                    yield start, mark.end()
        paragraph = gap


def _opens(text: str, place: int, *, nothing_open: bool) -> bool:
    """By what stands before it: the same mark opens in one language and closes in another."""
    before, mark = text[place - 1 : place], text[place]
    if mark == "»" and before.isspace():
        return nothing_open  # French closes after a space
    return mark == "„" or not before or before.isspace() or before in '([—–-"“”„«»'
