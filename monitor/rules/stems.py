"""Inflection by language: the stem that the forms of a word share, and the forms that a name takes.

English, German and French go by the Snowball stemmers; for Serbian, Albanian and Russian an ending is cut off. All of
it sees folded words, so that Serbian in two scripts has one stem. What it cannot see is that two stems of one verb
belong together (razmestiti, razmeštati): name both.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from monitor.text import fold, words

if TYPE_CHECKING:
    from snowballstemmer.basestemmer import BaseStemmer

SNOWBALL = {"en": "english", "de": "german", "fr": "french"}
SHORTEST_STEM = 3
REMEMBERED = 1 << 17

_ENDINGS = {
    "sr": """a e i o u om em og eg oga ega omu emu oj im ih ima ama ovi eve evi ova eva ove ovima evima
        ti la lo li le ao io en ena eno eni ene enih enim eni an ana ano ani ane ut uti
        iti ila ilo ili ile ati ala alo ali ale aju amo ate uju ujem uje ije iju ija iji im imo ite
        nje nja nju njem anje anja anju anjem enje enja enju enjem ivanje avanje ovanje ovati ivati uje ost osti""",
    "sq": """a e ë i u t n s ja je jes jen jet in it un ut ur uri uar uara ve ën ës ët at et esh est ave eve ova ove
        imi imin imit ime imeve imet on oj oi onte uan ues uesi uesit uesve ia ise ine ie ohet ohen uan ojnë oje""",
    "ru": """а е ё и о у ы э ю я ь й ам ям ах ях ом ем ой ей ою ею ов ев ами ями ый ий ая яя ое ее ые ие ого его ому ему
        ым им ых их ую юю ть л ла ло ли ал ала ало али ил ила ило или ул ула уло ули ет ют ут ит ят ат ете ите
        ать ять ить еть уть ание ания анию анием аний ение ения ению ением ений ывание ывания ыванию ыванием
        ывать ывал ывала ывали ывает ывают аться ится ется ются утся ятся лся лась лось лись ен ена ено ены нут нута
        нуть нул нула нули овать овал овала овали ует уют ован ована овано ованы ность ности ностью""",
}
ENDINGS = {
    language: tuple(sorted({fold(ending) for ending in endings.split()}, key=len, reverse=True))
    for language, endings in _ENDINGS.items()
}
LANGUAGES = (*SNOWBALL, *ENDINGS)

# What follows the stem of a name: Kosovo, Kosova, Kosovu, Kosovom; Kosovë, Kosovës, Kosovën; Косовом; Belgrads.
_NAME_ENDINGS = """a e i o u y om em ом ем ой ой ы ë ës ën ja ju jem jom je es en it in ut un t n s ve ev ov ova ovu
    u ih as os ю я ию ией ии ию ия ей"""
NAME_ENDINGS = frozenset(fold(ending) for ending in _NAME_ENDINGS.split()) | {""}
# And of the adjective that a name of several words begins with: Novom Pazaru, Novog Sada, Kosovskoj Mitrovici.
_ADJECTIVE_ENDINGS = ("a", "e", "i", "u", "og", "eg", "om", "em", "oj", "im")
_VOWELS = frozenset("aeiouyяюьыэ")


@lru_cache(REMEMBERED)
def stem(word: str, language: str) -> str:
    """Of a folded word."""
    if language in SNOWBALL:
        stemmed: str = _snowball(language).stemWord(word)
        return stemmed
    for ending in ENDINGS[language]:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def name_forms(name: str) -> tuple[frozenset[str], ...]:
    """For each word of a name the folded forms that it takes; the shortest names take no ending in their place."""
    said = words(name)
    last = len(said) - 1
    return tuple(frozenset(_forms(word, followed=place < last)) for place, word in enumerate(said))


def _forms(word: str, *, followed: bool) -> Iterator[str]:
    """`followed`: by another word of the name."""
    yield word
    yield from (_trunk(word) + ending for ending in NAME_ENDINGS)
    if followed and len(word) > SHORTEST_STEM and word[-1] in "aei":
        yield from (word[:-1] + ending for ending in _ADJECTIVE_ENDINGS)


def _trunk(word: str) -> str:
    """What the endings are put to: Kosovo and Kosova lose their vowel, Kurti keeps it (Kurtija, Kurtit)."""
    return word[:-1] if len(word) > SHORTEST_STEM + 1 and word[-1] in _VOWELS - {"i"} else word


@cache
def _snowball(language: str) -> BaseStemmer:
    import snowballstemmer  # for rules that ask for stems only

    return snowballstemmer.stemmer(SNOWBALL[language])
