"""Whether a page's text is the article, or something that stands in its place. Pure.

Every wall has words, and the extractor finds them. The phrases count in short texts only: an article may well
be about captchas.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from monitor.articles.furniture import is_prose, trim
from monitor.articles.habits import Habits, is_all
from monitor.articles.walls import ERROR, ERROR_TITLE, PAYWALL, WALLS
from monitor.model import FULL, Extract

NO_HABITS: Final = Habits()

SHORT: Final = 60  # words; below, a text must speak for itself
DOUBTFUL: Final = 120  # words; below, a phrase of a wall convicts
BRIEF: Final = 40  # words; from here on, what tells the title's news is no wall
LEAST: Final = 20  # words; below, there is an article only if it tells the title's news
FEWEST: Final = 8  # words; below, there is none
MORE: Final = 3  # words that the title does not have
TEASER: Final = 300  # words; what sites that sell their articles give away of them
LONG_WALL: Final = 600  # words; lists of partners and of cookies are long, so here it takes several phrases
PHRASES: Final = 2
LAST_LINES: Final = 3
RELATED: Final = 0.25  # of the words in the feed's title; pages about something else have one or the other, too
FAR_SHORTER: Final = 0.7  # of the feed's own text; pages and feeds that carry the same differ by a line or two
SEARCHED: Final = 10_000  # characters for phrases of walls: this runs on the main loop, and no wall has more
OPENING: Final = 3_000  # characters in which an article names what it is about
STEM: Final = 4  # characters: enough to tell words apart, few enough to survive inflection


def judge(extract: Extract, *, entry_title: str, entry_summary: str, habits: Habits = NO_HABITS) -> str:
    """FULL, or in the operator's words why the feed's own text is to be preferred."""
    text = trim(extract.text, entry_title, extract.title)
    length = _length(text)
    if is_all(habits, extract.text):
        return "what the site shows everywhere"
    wall = _wall_before(extract, text, entry_title)
    if wall is not None:
        return wall
    if extract.is_list and _tells(entry_title, extract.title) is False:
        return "a page that lists articles"
    if length < FAR_SHORTER * _length(entry_summary):
        return "shorter than the feed's own text"
    if length < FEWEST or (length < LEAST and not _is_news(text, entry_title, extract.title)):
        return "too short"
    about = _about(f"{extract.title} {text}", entry_title, share=RELATED)
    if length < DOUBTFUL:
        # Walls have the title of the page they hide: what is short must itself be about it.
        about = _about(text, entry_summary, share=RELATED) or _about(text, entry_title)
    if length < SHORT and not about:
        return "too short"
    return FULL if about is not False else "not about what the feed said"


def _is_news(text: str, entry_title: str, title: str) -> bool:
    """Whether it tells what the title says, and more than that, in sentences."""
    more = _stems(text) - _stems(f"{entry_title} {title}")
    return len(more) >= MORE and bool(_tells(entry_title, text)) and any(map(is_prose, text.split("\n\n")))


def wall_in(title: str, text: str) -> str | None:
    """What the phrases of a page say that it is instead of an article; to be asked of short pages only."""
    for reason, wall in WALLS.items():
        if wall.search(title) or wall.search(text[:SEARCHED]):
            return reason
    return None


def _wall_before(extract: Extract, text: str, entry_title: str) -> str | None:
    """The wall that hides the article; `text` is the page's without furniture."""
    length = _length(text)
    tells = _tells(entry_title, text)
    if ERROR_TITLE.match(extract.title) and not _tells(entry_title, extract.title):
        return ERROR
    is_offer = length < DOUBTFUL or WALLS[PAYWALL].search(_ending(extract.text))
    if extract.must_be_paid and length < TEASER and is_offer:
        return PAYWALL
    if length < DOUBTFUL:
        # Who quotes a wall and tells the title's news is no wall.
        said = extract.text[:SEARCHED]
        said = _QUOTED.sub(" ", said) if tells else said
        if WALLS[PAYWALL].search(said):
            return PAYWALL
        # Who asks whether I am a robot does not say in the same breath what the title announced.
        headline = "" if _tells(entry_title, extract.title) else extract.title
        return None if length >= BRIEF and tells else wall_in(headline, said)
    if length < LONG_WALL and _about(text, entry_title) is False:
        return next((reason for reason, wall in WALLS.items() if reason != PAYWALL and _often(wall, text)), None)
    return None


def _ending(text: str) -> str:
    return "\n\n".join(text.split("\n\n")[-LAST_LINES:])[-SEARCHED:]


def _often(wall: re.Pattern[str], text: str) -> bool:
    return len({match[0].casefold() for match in wall.finditer(text[:SEARCHED])}) >= PHRASES


def _tells(entry_title: str, text: str) -> bool | None:
    """Whether a text has half of the words in the feed's title; None when that cannot be told."""
    told = _stems(entry_title)
    if len(told) < 2 or _script(entry_title) is None or _script(entry_title) != _script(text):
        return None
    return len(told & _stems(text[:OPENING])) * 2 >= len(told)


def _length(text: str) -> int:
    """In words; scripts that do not divide them count two characters for one."""
    return len(text.split()) + len(_UNDIVIDED.findall(text)) // 2


def _about(text: str, said: str, *, share: float = 0) -> bool | None:
    """Whether a text has a word, or that share of the words, that the feed said; None when that cannot be told."""
    told = _stems(said)
    common = told & _stems(text[:OPENING])
    if common and len(common) >= share * len(told):
        return True
    if len(told) < 2 or _script(said) is None or _script(said) != _script(text):
        return None
    return False


def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:STEM] for word in re.findall(r"\w+", text.casefold()) if len(word) >= STEM)


def _script(text: str) -> str | None:
    """The first letter's, if its script has capitals: only those divide words and keep their spelling."""
    letter = next((character for character in text if character.isalpha()), "")
    return unicodedata.name(letter).split()[0] if letter.lower() != letter.upper() else None


_QUOTED = re.compile('[“”„«»"][^“”„«»"\n]{1,300}[“”«»"]')
_UNDIVIDED = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")  # Thai, Lao, kana, Han
