"""Whether a page's text is the article, or something that stands in its place. Pure.

Every wall has words, and the extractor finds them. The phrases count in short texts only: an article may well
be about captchas.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from monitor.articles.furniture import trim
from monitor.model import Extract

FULL: Final = "full"

SHORT: Final = 60  # words; below, a text must speak for itself
DOUBTFUL: Final = 120  # words; below, a phrase of a wall convicts
LEAST: Final = 20  # words; below, there is no article
OPENING: Final = 3_000  # characters in which an article names what it is about
STEM: Final = 4  # characters: enough to tell words apart, few enough to survive inflection


def judge(extract: Extract, *, entry_title: str, entry_summary: str) -> str:
    """FULL, or in the operator's words why the feed's own text is to be preferred."""
    text = trim(extract.text, entry_title, extract.title)
    length = _length(text)
    if length < DOUBTFUL and (wall := wall_in(extract)) is not None:
        return wall
    if length < _length(entry_summary):
        return "shorter than the feed's own text"
    if length < LEAST or (length < SHORT and not _about(extract.title, text, entry_title)):
        return "too short"
    if _about(extract.title, text, entry_title) is False:
        return "not about what the feed said"
    return FULL


def wall_in(extract: Extract) -> str | None:
    """What the phrases of a page say that it is instead of an article; to be asked of short pages only."""
    for reason, wall in _WALLS.items():
        if wall.search(extract.title) or wall.search(extract.text):
            return reason
    return None


def _length(text: str) -> int:
    """In words; scripts that do not divide them count two characters for one."""
    return len(text.split()) + len(_UNDIVIDED.findall(text)) // 2


def _about(title: str, text: str, entry_title: str) -> bool | None:
    """Whether the page shares a word with the feed's title; None when that cannot be told."""
    told, found = _stems(entry_title), _stems(f"{title} {text[:OPENING]}")
    if len(told) < 2 or _script(entry_title) is None or _script(entry_title) != _script(text):
        return None
    return not told.isdisjoint(found)


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in re.findall(r"\w+", text.casefold()) if len(word) >= STEM)


def _script(text: str) -> str | None:
    """The first letter's, if its script has capitals: only those divide words and keep their spelling."""
    letter = next((character for character in text if character.isalpha()), "")
    return unicodedata.name(letter).split()[0] if letter.lower() != letter.upper() else None


def _wall(phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrase.strip() for phrase in phrases.strip().splitlines()), re.IGNORECASE)


_UNDIVIDED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")  # Thai, Lao, kana, Han

_WALLS: Final = {
    "a page that checks for robots": _wall(
        r"""
        verify(?:ing)? (?:that )?you(?: are|['’]re) (?:a )?(?:human|not a (?:ro)?bot)
        just a moment\W*$|just a moment (?:while|\.\.\.)
        checking (?:your browser|if the site connection is secure)
        unusual (?:traffic|activity) from your
        are you a (?:ro)?bot\b|i(?:['’]|\sa)m not a robot|press (?:and|&) hold to confirm
        (?:solve|complete) the captcha|captcha (?:challenge|verification)
        (?:ddos protection|performance & security) by
        pardon our interruption|attention required!|^request blocked|your request (?:has been|was) blocked
        ^access (?:to this page has been )?denied|you have been blocked
        bestätigen sie, dass sie (?:ein mensch|kein roboter)|vérifiez que vous êtes (?:un )?humain
        подтвердите, что вы не робот
        """
    ),
    "a page that needs JavaScript": _wall(
        r"""
        (?:enable|activate|turn on|requires?|needs?|without) java ?script
        java ?script (?:is|has been|seems to be|appears to be) (?:disabled|required|turned off|not enabled)
        javascript (?:aktivieren|einschalten)|activer javascript|включите javascript|omogućite javascript
        """
    ),
    "a consent wall": _wall(
        r"""
        before you continue
        (?:we value|we care about|we respect) your privacy|your privacy (?:choices|matters)
        (?:accept|reject|manage|allow) (?:all )?(?:cookies|cookie settings|consent|preferences)
        (?:we|partners|this (?:web)?site) (?:uses?|stores?)(?: and/or access)? cookies
        (?:ihre|deine) (?:privatsphäre|zustimmung)|wir (?:benötigen ihre zustimmung|verwenden cookies)
        (?:respectons|protégeons) votre vie privée|nous utilisons des cookies
        accepter (?:les|tous les) cookies
        koristimo kolačiće|prihvati(?:te)? (?:sve )?kolačiće|мы используем (?:файлы )?cookie
        """
    ),
    "a paywall": _wall(
        r"""
        (?:subscribe|sign in|log in|register) (?:now )?to (?:continue|read|keep reading|unlock|access|view)
        (?:to )?(?:continue|keep) reading,? (?:this article|please|you need|subscribe|sign)
        already a (?:subscriber|member)\?|(?:for|to) (?:our )?(?:paid )?subscribers only
        subscriber[- ](?:only|exclusive)
        this (?:article|content|story) is (?:only )?(?:available |reserved )?(?:to|for) .{0,20}(?:subscriber|member)
        (?:you(?:['’]ve| have) reached your|articles? left) .{0,40}(?:limit|this month)
        start your (?:free )?trial|unlock (?:this|the full) (?:article|story)
        nur für abonnenten|jetzt weiterlesen|mit .{1,30}plus weiterlesen|réservé aux abonnés|abonnez-vous pour
        samo za pretplatnike|vetëm për abonentët|(?:только|доступн\w*) (?:для )?подписчик
        """
    ),
    "an error page": _wall(
        r"""
        page (?:could )?(?:not|cannot|can['’]t) (?:be )?found|(?:404|410)\W+(?:error|not found|page|gone)
        error\W+(?:404|410|500|50[23])
        (?:page|article|content) (?:that )?you(?:['’]re| are| were)? (?:looking for|requested|tried to)
        this (?:page|article) (?:does not|doesn['’]t|no longer) exists?
        internal server error|service (?:temporarily )?unavailable|bad gateway
        temporarily down for maintenance
        seite (?:wurde )?nicht gefunden|page introuvable|страница не найдена
        strani(?:ca|cu) ni(?:je|smo) (?:pronađen|našli)|страница није пронађена
        faqja nuk (?:u gjet|ekziston)
        """
    ),
}
