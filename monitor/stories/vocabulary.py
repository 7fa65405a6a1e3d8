"""Words the stories know, in English, Serbian and Albanian: how common they are, what they name, what they do.

All of them are compared folded: no case, no marks, Serbian in Latin. An asterisk stands for any ending.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path

from monitor.text import fold

LANGUAGES = ("en", "sr", "sq")
FUNCTION_WORDS_PER_MILLE = 500
FEWEST_FUNCTION_WORDS = 3  # to tell a language by

_HERE = Path(__file__).parent


class Words:
    """A set of words with what each stands for; one with an asterisk is the beginning of words."""

    def __init__(self, meanings: Mapping[str, str]) -> None:
        """`meanings`: what is stood for, and the words for it, divided by spaces."""
        self._whole: dict[str, str] = {}
        self._beginnings: dict[str, str] = {}
        for meaning, listed in meanings.items():
            for word in listed.split():
                known = self._beginnings if word.endswith("*") else self._whole
                known[fold(word.rstrip("*"))] = meaning
        self._shortest = min(map(len, self._beginnings), default=0)

    def get(self, word: str) -> str | None:
        """What a folded word stands for; the longest beginning counts."""
        found = self._whole.get(word)
        if found is not None:
            return found
        for end in range(len(word), self._shortest - 1, -1):
            found = self._beginnings.get(word[:end])
            if found is not None:
                return found
        return None


# ---- how common words are ----


def _seed() -> Iterator[tuple[int, str, str]]:
    for line in (_HERE / "seed.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            per_mille, language, *listed = line.split()
            yield from ((int(per_mille), language, fold(word)) for word in listed)


def frequent_words() -> Iterator[tuple[str, int]]:
    """The words worth comparing, with the articles of a thousand in which each stands; the most frequent come last."""
    return iter(sorted(((word, n) for n, _, word in _seed() if n < FUNCTION_WORDS_PER_MILLE), key=lambda pair: pair[1]))


@cache
def everyday() -> frozenset[str]:
    """Words too common to be somebody's name: titles, weekdays, institutions."""
    return frozenset(word for word, _ in frequent_words() if country(word) is None)


@cache
def _languages() -> Mapping[str, str]:
    """The language in which each function word is one, "" if it is one in several."""
    found: dict[str, str] = {}
    for per_mille, language, word in _seed():
        if per_mille == FUNCTION_WORDS_PER_MILLE:
            found[word] = language if found.get(word, language) == language else ""
    return found


@cache
def function_words() -> frozenset[str]:
    return frozenset(_languages())


def language(told: Iterable[str]) -> str:
    """By the function words, which no two of these languages share much of; "" when there are too few."""
    found = Counter(filter(None, map(_languages().get, told)))
    best, count = max(found.items(), key=lambda item: item[1], default=("", 0))
    return best if count >= FEWEST_FUNCTION_WORDS else ""


# ---- places and times ----

_CAPITALS = re.compile(r"\b(?:U\.S\.(?:A\.)?|U\.K\.|USA?|UK|SAD|САД|SHBA)(?!\w)")
_CODES = {"UK": "GB", "U.K.": "GB"}
_PLACES = (line for line in (_HERE / "places.txt").read_text(encoding="utf-8").splitlines() if line[:1] != "#")
_COUNTRIES = Words(dict(line.split(None, 1) for line in _PLACES))
_MONTHS = Words(
    {
        "1": "january januar* janar*",
        "2": "february februar* shkurt*",
        "3": "mart*",
        "4": "april april* prill*",
        "5": "maja maju majit",
        "6": "june jun* qershor*",
        "7": "july jul* korrik*",
        "8": "august avgust* gusht*",
        "9": "september septembar* septembr* shtator*",
        "10": "october oktobar* oktobr* tetor*",
        "11": "november novembar* novembr* nentor*",
        "12": "december decembar* decembr* dhjetor*",
    }
)
_ENGLISH_MONTHS = re.compile(r"\b(March|May)\b(?! (?:be|not|have|on|to)\b)")  # others are verbs
# The Sunday of Serbian is also its word for a week. Albanian has its days in the case that says when.
_WEEKDAYS = {
    word: day
    for day, listed in {
        1: "monday ponedeljak ponedeljka ponedeljkom ponedjeljak ponedjeljka ponedjeljkom henen",
        2: "tuesday utorak utorka utorkom marten",
        3: "wednesday sreda sredu srede sredom srijeda srijedu srijede srijedom merkuren",
        4: "thursday cetvrtak cetvrtka cetvrtkom enjten",
        5: "friday petak petka petkom premten",
        6: "saturday subota subotu subote subotom shtunen",
        7: "sunday dielen",
    }.items()
    for word in listed.split()
}
# Of a page that is written on and on, in a folded title: in these words wherever they stand, or set apart by a mark.
# "Live" and "drejtpërdrejt" (directly) are ordinary words where they are not.
_MARK = r"(?:[\[\](){}:|/\\•·,;!—–]| -)"
_LIVE = re.compile(
    r"\blive[ -]?(?:blog|ticker|text|feed|stream)|\b(?:live|latest|rolling|running) (?:updates?|coverage|reporting)\b|"
    r"\bupdates? live\b|\bblogu?i?,? (?:live|uzivo)\b|\bas it happen(?:ed|s)\b|\bminute[ -]by[ -]minute\b|"
    r"\buzivo\b|\blajv\b|\b(?:iz minut[ae]? u minut[ue]?|minuta? (?:po minut|za minutom))\b|"
    r"\bminute? pas minut[ei]\b|\bperditesime(?:t)? (?:live|e fundit)\b|\btransmetimi? (?:live|i drejtperdrejte)\b|"
    r"^(?:watch|follow|ndiqni|shikoni) (?:live|drejtperdrejt)\b|^live from\b|"
    rf"(?:^|{_MARK}) ?(?:live|drejtperdrejt)(?: now)? ?(?:{_MARK}|$)|\bdrejtperdrejt$"
)
_SAID_LIVE = re.compile(r"(?<!\bthey)(?<!\bpeople)(?<!\b(?:who|you))(?<!\b(?:we|to)) live ?(?:[:|•—–]| - |$)")
_CAPITAL_LIVE = re.compile(r"(?<![\w-])LIVE(?![\w-])")


@lru_cache(1 << 12)
def country(word: str) -> str | None:
    """The ISO code of the country that a folded word names."""
    return _COUNTRIES.get(word)


def countries(text: str, told: Iterable[str]) -> frozenset[str]:
    """ISO codes of the countries a text names, by their name, people or capital. `told`: its folded words."""
    abbreviated = {_CODES.get(match[0], "US") for match in _CAPITALS.finditer(text)}
    return frozenset(abbreviated | {code for word in told if (code := country(word))})


def months(text: str, told: Iterable[str]) -> frozenset[int]:
    """1 for January. The name must be written out."""
    found = {int(month) for word in told if (month := _month(word))}
    verbs = {"March": 3, "May": 5}
    return frozenset(found | {verbs[match[1]] for match in _ENGLISH_MONTHS.finditer(text)})


@lru_cache(1 << 12)
def _month(word: str) -> str | None:
    return _MONTHS.get(word)


def weekdays(told: Iterable[str]) -> frozenset[int]:
    """1 for Monday, of folded words."""
    return frozenset(_WEEKDAYS[word] for word in told if word in _WEEKDAYS)


def is_live(title: str) -> bool:
    """A page that is written on and on, about whatever happens."""
    folded = fold(title.strip())
    if _LIVE.search(folded) or _SAID_LIVE.search(folded):
        return True
    return not title.isupper() and bool(_CAPITAL_LIVE.search(title))


# ---- figures ----

ZEROS = {"k": 3, "m": 6, "bn": 9, "tn": 12}
SCALES = {
    word: zeros
    for zeros, listed in {
        "k": "thousand hiljada hiljade mije",
        "m": "million millions milion miliona miliuna milione",
        "bn": "billion billions bn milijarda milijardi milijarde miliard miliarde",
        "tn": "trillion trillions bilion biliona",
    }.items()
    for word in listed.split()
}
NUMBER_WORDS = {
    word: str(number)
    for number, listed in {
        2: "two dva dve dvoje dvojica dy",
        3: "three tri troje trojica tre",
        4: "four cetiri cetvoro kater",
        5: "five pet petoro pese",
        6: "six sest sestoro gjashte",
        7: "seven sedam sedmoro shtate",
        8: "eight osam osmoro tete",
        9: "nine devet devetoro nente",
        10: "ten deset desetoro dhjete",
        11: "eleven jedanaest njembedhjete",
        12: "twelve dvanaest dymbedhjete",
        13: "thirteen trinaest trembedhjete",
        14: "fourteen cetrnaest katermbedhjete",
        15: "fifteen petnaest pesembedhjete",
        16: "sixteen sesnaest gjashtembedhjete",
        17: "seventeen sedamnaest shtatembedhjete",
        18: "eighteen osamnaest tetembedhjete",
        19: "nineteen devetnaest nentembedhjete",
        20: "twenty dvadeset njezet",
        30: "thirty trideset tridhjete",
        40: "forty cetrdeset dyzet",
        50: "fifty pedeset pesedhjete",
        60: "sixty sezdeset gjashtedhjete",
        70: "seventy sedamdeset shtatedhjete",
        80: "eighty osamdeset tetedhjete",
        90: "ninety devedeset nentedhjete",
    }.items()
    for word in listed.split()
}
_COUNTED = Words(
    {
        "dead": "dead died dies die killed kills kill deaths death fatalities fatally slain perished bodies poginul* "
        "mrtv* "
        "ubijen* stradal* nastradal* poginu zrtav* zrtv* zrtava vdekur vdiq* vrare vrar* viktima*",
        "injured": "injured injures wounded wounds hurt injuries povreden* povredjen* ranjen* plagosur* lenduar*",
        "missing": "missing nestal* zhdukur* humbur*",
        "arrested": "arrested arrests detained held uhapsen* uhapsil* privede* pritvoren* arrestuar* ndaluar*",
        "soldiers": "troops soldiers servicemen personnel peacekeepers vojnik* vojnici pripadnik* ushtar*",
        "vehicles": "tanks vehicles tenkov* tenkova vozil* oklopn* tanke automjet*",
        "aircraft": "aircraft jets planes helicopters drones avion* helikopter* dron* aeroplan* dron*",
        "people": "people civilians migrants refugees ljudi civil* migran* izbeglic* njerez* refugj*",
        "percent": "percent pct odsto procenata posto procent* perqind* qind",
        "euro": "euro euros evra evro",
        "dollar": "dollars dolar*",
    }
)
_TOLLS = Words(
    {
        "dead": "toll deaths death killed kills killing dead poginul* mrtv* zrtav* vdekur* viktima* bilans*",
        "injured": "injured injures injuring wounded wounds wounding povredjen* ranjen* plagosur*",
        "arrested": "arrested uhapsen* arrestuar*",
    }
)


def counted(word: str) -> str | None:
    """What a folded word behind a number says that it counts."""
    return _COUNTED.get(word)


def tolled(word: str) -> str | None:
    """What a folded word before a number says that it counts."""
    return _TOLLS.get(word)


# ---- what becomes of an earlier report ----

DENIALS = Words(
    {
        "denied": "denied denies deny denying denial demantuj* demantova* demanti negira* porice* porekl* porekao "
        "mohon "
        "mohoi mohojne mohuan pergenjeshtro*",
        "rejected": "rejected rejects dismissed dismisses odbacuje odbacil* odbacio hodhi poshte refuzo*",
        "false": "untrue hoax disinformation fake neistin* netacn* dezinformacij* lazna laznu lazno rreme pavertete "
        "dezinformat*",
    }
)
REVERSALS = Words(
    {
        "withdrawn": "withdrawn withdraws withdrew retracts retracted retraction povukao povukla povukli povuceno "
        "povlaci "
        "terhoqi terhiqet",
        "cancelled": "cancelled canceled cancels cancellation scrapped scraps otkazan* otkazuje otkazao anulo* anulu*",
        "postponed": "postponed postpones suspended suspends odlozen* odlaze obustavljen* obustavlja shty* "
        "shtyhet pezullo*",
        "reversed": "reverses reversed overturned overturns backtracks preinacen* ukinut* ponisten* permbys* rrezo*",
        "corrected": "correction corrects corrected clarification ispravk* ispravlj* korrigj* saktesim*",
    }
)
