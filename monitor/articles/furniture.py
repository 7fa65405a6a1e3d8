"""Lines that stand around an article and say nothing about it: bylines, buttons, titles of other articles.

They would count when words are matched and texts compared, so they go. What is removed is a whole line, and
only where furniture stands; a doubtful line stays.
"""

from __future__ import annotations

import re
from typing import Final

HEAD: Final = 8  # lines in which a byline or the title again may stand
BYLINE_WORDS: Final = 6
TITLE_WORDS: Final = 20  # a longer line is not the title of another article
BOX_TITLES: Final = 10  # a longer list is more likely the article's own
MAX_FURNITURE: Final = 400  # characters; a longer line is no furniture
MAX_LINES: Final = 2_000  # a longer text is left alone: this runs on the main loop

SENTENCE_ENDS: Final = (".", "!", "?", "…", "。", "！", "？", "؟", "।")
QUOTES: Final = "\"'”’»“)」』"


def trim(text: str, *titles: str) -> str:
    """The text without furniture, its own titles included. Paragraphs are divided by blank lines."""
    lines = text.split("\n\n")
    if len(lines) > MAX_LINES:
        return text
    lines = _without_head(lines, frozenset(_folded(title) for title in titles if title))
    lines = _without_boxes(lines)
    lines = _without_tail(lines)
    return "\n\n".join(lines) or text


def is_prose(line: str) -> bool:
    """Whether a line is of sentences. In doubt it is."""
    if _fits(_DATELINE, line):  # some end with a full stop
        return False
    return len(line.split()) > TITLE_WORDS or line.rstrip(QUOTES).endswith(SENTENCE_ENDS)


def _without_head(lines: list[str], titles: frozenset[str]) -> list[str]:
    opening = next((place for place, line in enumerate(lines) if is_prose(line)), len(lines))
    head = [
        line
        for place, line in enumerate(lines[:HEAD])
        if _folded(line) not in titles and not (place < opening and _introduces(line))
    ]
    return head + lines[HEAD:]


def _without_boxes(lines: list[str]) -> list[str]:
    """Drop "You may also like" with the titles under it, wherever it stands, and lines that are all link."""
    kept: list[str] = []
    room = 0
    for line in lines:
        if _fits(_BOX, line):
            room = BOX_TITLES
        elif room and _may_be_title(line):
            room -= 1
        else:
            room = 0
            kept += [] if _fits(_LINK, line) else [line]
    return kept


def _without_tail(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and _fits(_TAIL, lines[end - 1]):
        end -= 1
    return lines[:end]


def _introduces(line: str) -> bool:
    """Whether it says who wrote this, or when."""
    if _fits(_DATELINE, line):
        return True
    words = line.split()
    return len(words) <= BYLINE_WORDS and (bool(_BYLINE.match(line)) or _names(words))


def _names(words: list[str]) -> bool:
    if len(words) < 2 or words[0].casefold() not in _OF:
        return False
    return all(word[0].isupper() or word in _PARTICLES for word in words[1:])


def _may_be_title(line: str) -> bool:
    """Titles ask and exclaim, but have no full stop."""
    return len(line.split()) <= TITLE_WORDS and not line.rstrip(QUOTES).endswith((".", "。", "।"))


def _folded(line: str) -> str:
    return " ".join(re.findall(r"\w+", line[:MAX_FURNITURE].casefold()))


def _fits(furniture: re.Pattern[str], line: str) -> bool:
    """Whether the line is nothing else, apart from what decorates it: `» Related:` is `Related`."""
    return len(line) <= MAX_FURNITURE and bool(furniture.fullmatch(line.strip(_DECORATION)))


def _any_of(phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrase.strip() for phrase in phrases.strip().splitlines()), re.IGNORECASE)


_DECORATION: Final = " \t:.…!*•·|»«›‹<>→➤▶-–—[]()"

_BYLINE = _any_of(
    r"""
    (?:(?:written|posted|reporting|story|words) )?by:? \S
    (?:author|autor(?:i|ka)?|auteur|автор|аутор|shkruan|shkruar nga|piše|пише|redaktion|text) ?: ?\S
    """
)

# In other languages the little word also begins sentences, so a name must follow, and nothing else.
_OF: Final = frozenset({"von", "par", "nga", "shkruan", "piše", "пише"})
_PARTICLES: Final = frozenset({"und", "et", "dhe", "i", "и", "de", "der", "den", "van", "von", "zu"})

_DATELINE = _any_of(
    r"""
    (?:(?:first |last )?(?:published|posted|updated)|publié|mis à jour|publikuar)\b.{0,40}\d.{0,40}
    (?:veröffentlicht|aktualisiert|objavljeno|објављено|опубликовано)\b.{0,40}\d.{0,40}
    \d{1,2} (?:minutes?|hours?|days?) ago
    \d{1,2} min(?:ute)?s?(?: read)?
    [\d./:, -]{6,20}(?: ?[ap]\.?m\.?)?
    (?:[^\W\d_]{3,12},? )?\d{1,2}\.? [^\W\d_]{3,12}\.?,? (?:19|20)\d\d\.?.{0,16}
    (?:[^\W\d_]{3,12},? )?[^\W\d_]{3,12}\.? \d{1,2}, (?:19|20)\d\d.{0,16}
    """
)

# A heading under which other articles, or readers, have their say.
_BOX = _any_of(
    r"""
    you (?:may|might) (?:also |be )?(?:like|enjoy|interested in)(?: these.*| this.*)?
    (?:related|similar)(?: (?:posts?|articles?|stor(?:y|ies)|news|topics?|content|coverage|reading|links?))?
    (?:read|see) (?:also|more|next|this next|on)
    also read
    more (?:stories|news|articles|like this|to read|to explore|coverage|for you)
    more (?:from|on|in|about) \S+(?: \S+){0,4}
    recommended(?: (?:for you|articles?|stories|reading|posts?))?
    (?:recent|latest|popular|top|trending|featured) (?:posts?|news|stories|articles?|headlines|videos?)
    most (?:read|popular|viewed|shared|commented)
    trending(?: now)?
    (?:don['’]t|do not) miss
    what to read next|up next|next up|editors?['’]? picks?
    (?:leave|post|write|add|submit) (?:a|your) (?:comment|reply|response)(?: cancel reply)?
    (?:\d+|no) (?:comments?|replies|responses)
    comments?(?: \(?\d+\)?)?|join the (?:discussion|conversation)|have your say
    share (?:this|on|via)(?: (?:article|post|story|page|with|news).*)?|sharing
    mehr zum thema|lesen sie auch|auch interessant|das könnte (?:sie|dich) auch interessieren
    verwandte (?:artikel|themen)
    kommentare?(?: schreiben| verfassen)?|schreiben? (?:sie )?einen kommentar|artikel teilen|meistgelesen
    (?:à|a) lire (?:aussi|également)|lire aussi|sur le même sujet|articles (?:similaires|liés|récents)
    commentaires?|laisser un commentaire|vous aimerez aussi|partager(?: cet article)?|les plus lus
    povezane (?:vesti|vijesti|teme)|pročitajte (?:još|i)|možda (?:će )?vas (?:zanimati|zanima|interesuje)|komentari
    slične vesti
    ostavite (?:odgovor|komentar)|pošaljite komentar|podelite(?: vest)?|najčitanije|preporučujemo
    повезане вести|прочитајте (?:још|и)|коментари|оставите (?:одговор|коментар)|најчитаније|препоручујемо
    (?:të|lajme të) (?:ngjashme|lidhura)|lexo (?:edhe|gjithashtu|më shumë)|lajmet e fundit|më të lexuarat
    komentet|lini një (?:koment|përgjigje)|shpërndaje?(?: këtë)?|mund t['’]ju pëlqejë
    читайте также|по теме|похожие (?:новости|статьи|материалы)|комментарии|оставить комментарий|поделиться
    самое читаемое
    """
)

# "Read also: that other article": heading and title on one line.
_LINK = _any_of(
    r"""
    (?:read|see) (?:also|more|next)\s?[:|–—-]\s?\S.{0,200}
    (?:related|also read|more on this|recommended)\s?[:|–—]\s?\S.{0,200}
    (?:lesen sie auch|(?:(?:à|a) )?lire aussi|lexo edhe)\s?[:|–—-]\s?\S.{0,200}
    (?:pročitajte (?:još|i)|прочитајте (?:још|и)|читайте также)\s?[:|–—-]\s?\S.{0,200}
    (?:advertisement|anzeige|publicité|реклама|oglas|reklama)
    also on \w+\.(?:com|net|org|co\.uk)\b.{0,250}
    (?:get .{0,40} )?(?:by )?click(?:ing)? here(?: to (?:get|read|see|watch|download|subscribe|sign up)\b.{0,60})?
    (?:thanks|thank you) for (?:signing up|subscribing|registering)
    (?:there was|an) error (?:has )?(?:processing|occurred|submitting)\b.{0,60}
    keep an eye on your inbox.{0,60}
    order reprints|print (?:this )?article
    this (?:copy|article) is for your personal(?:,|\b).{0,300}
    if you enjoyed this (?:article|story|post)\b.{0,300}
    like this (?:story|article)\? .{0,60}
    """
)

_TAIL = _any_of(
    r"""
    (?:subscribe|sign up)\b.{0,120}
    follow (?:us|me)\b.{0,80}
    (?:(?:facebook|twitter|x|whatsapp|telegram|linkedin|viber|e-?mail|print|share|tweet)(?:[ ,|]+|$))+
    cancel reply|submit|load more|show more|read more|continue reading|click here\b.{0,80}|back to top
    save my name, e-?mail.{0,120}
    your e-?mail address will not be published.{0,80}|required fields are marked.{0,20}
    you must be logged in.{0,40}|(?:log in|login|register) to .{0,40}comment.{0,20}
    (?:we use|this (?:web)?site uses) cookies.{0,300}|accept(?: all)?(?: cookies)?
    (?:©|\(c\)|copyright\b).{0,160}|.{0,60}\ball rights? reserved
    the post .{1,250} (?:first appeared|appeared first) on .{1,80}
    (?:tags?|filed under|categories|topics|posted in)(?:\s?: .{0,200})?
    (?:previous|next) (?:post|article|story)\b.{0,160}
    newsletter|about the author|advertisement|sorry|thank you
    get (?:the|our|all the) (?:latest|best|top|day|morning|daily|biggest)\b.{0,160}
    tell us what you think.{0,40}|have a (?:news )?tip\? .{0,160}|send us your .{0,80}
    (?:write to|e-?mail|reach|contact) .{0,60}\bat \S+@\S+.{0,160}
    (?:jetzt )?(?:abonnieren|anmelden)(?: sie)?\b.{0,80}|newsletter (?:abonnieren|bestellen)
    wir verwenden cookies.{0,300}|mehr lesen|weiterlesen
    abonnez-vous\b.{0,80}|inscrivez-vous\b.{0,80}|nous utilisons des cookies.{0,300}|lire la suite
    pretplatite se\b.{0,80}|prijavite se\b.{0,80}|pratite nas\b.{0,80}|koristimo kolačiće.{0,300}
    pročitaj(?:te)? više
    претплатите се\b.{0,80}|пријавите се\b.{0,80}|пратите нас\b.{0,80}|прочитај(?:те)? више
    abonohu\b.{0,80}|regjistrohu\b.{0,80}|na ndiqni\b.{0,80}|lexo më shumë
    подпи(?:шитесь|саться)\b.{0,80}|читать (?:далее|полностью)|мы используем (?:файлы )?cookie.{0,300}
    """
)
