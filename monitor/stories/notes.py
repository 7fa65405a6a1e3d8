"""What publishers write when they correct an article or take it back: their words, in the languages we watch.

Compared folded: no case, no marks, the Serbian letters in Latin, an apostrophe is a space.
"""

from __future__ import annotations

import re

from monitor.text import words


def _any_of(phrases: str) -> re.Pattern[str]:
    return re.compile("|".join(phrase.strip() for phrase in phrases.strip().splitlines()))


_TAKEN_BACK = _any_of(
    r"""
    ^retract(?:ion|ed)\b(?! of)
    \bthis (?:article|story|report|item|piece|post) (?:has been|was|is) (?:now )?(?:retracted|withdrawn|removed)\b
    \bthis (?:article|story|report|item|piece|post) (?:has been|was) taken down\b
    \bwe (?:have )?(?:retracted|withdrawn|removed|taken down) (?:this|the|our) (?:article|story|report)\b
    \b(?:ovaj |ova )?(?:tekst|clanak|vest|vijest) je (?:povucen|uklonjen)[ao]?\b|\bpovlacimo (?:tekst|clanak|vest)\b
    \b(?:ky )?(?:artikull?i?|lajmi?|teksti?) (?:eshte|u) (?:terhequr|hequr|hoq|terhoq)\b
    \bdieser (?:artikel|beitrag|text) wurde (?:zuruckgezogen|entfernt|geloscht)\b
    \bcet article a ete (?:retire|supprime)\b
    ^oproverzenie\b|\bstatья (?:byla )?(?:otozvana|udalena|snяta)\b
    """
)
_CORRECTED = _any_of(
    r"""
    ^(?:correction|corrections|corrected|clarification)\b(?! (?:facilit|officer|institution|center|centre|of the|in))
    ^(?:ispravka|ispravak|korrigjim|saktesim|korrektur|richtigstellung|berichtigung|rectificatif|correctif|erratum)\b
    ^(?:ispravlenie|popravka|utocnenie)\b
    \b(?:earlier|previous|original) versions? of (?:this|the) (?:article|story|report|piece|headline|post)\b
    \bthis (?:article|story|report|piece|headline) (?:has been|was) (?:corrected|amended|clarified|updated to correct)\b
    \bwe (?:have )?(?:corrected|amended) (?:this|the) (?:article|story|report|headline)\b
    \b(?:prethodnoj|ranijoj|prvobitnoj|prvoj) verziji (?:ovog )?(?:teksta|clanka|vesti|vijesti)\b
    \b(?:tekst|clanak|vest|vijest) je (?:ispravljen|korigovan)[ao]?\b|\bredakcija se izvinjava\b
    \bversioni?n? (?:e|i) (?:meparshem|pare|mehershem) (?:te|i) (?:ketij )?(?:artikulli|lajmi|shkrimi)t?\b
    \b(?:artikulli|lajmi|teksti) (?:eshte|u) (?:korrigjuar|korrigjua|saktesuar)\b
    \bin einer (?:fruheren|ersten|vorherigen) (?:version|fassung)\b
    \bune (?:premiere |precedente )?version (?:precedente |anterieure )?de cet article\b
    """
)


def takes_back(sentence: str) -> bool:
    """Whether it says that the article it stands in does not hold any more."""
    return bool(_TAKEN_BACK.search(" ".join(words(sentence))))


def corrects(sentence: str) -> bool:
    """Whether it says that the article it stands in was corrected."""
    return bool(_CORRECTED.search(" ".join(words(sentence))))
