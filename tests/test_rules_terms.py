"""What terms find: acronyms, names, stems, patterns, and words however they are typed."""

from __future__ import annotations

import pytest

from monitor.rules.conditions import Fact, Origin, Without
from monitor.rules.query import parse
from monitor.rules.scope import About, Scope
from monitor.rules.stems import name_forms, stem
from monitor.text import document, fold


def found(query: str, text: str) -> list[str]:
    """The text's own characters at each hit."""
    scope = Scope(document("", text))
    spans = [span for _, span in parse(query).find(scope) or ()]
    return [text[scope.document.at(span.start).start : scope.document.at(span.end).end] for span in spans]


@pytest.mark.parametrize(
    ("text", "hit"),
    [
        ("NATO moves", "NATO"),
        ("NATO's chief", "NATO"),
        ("NATO’s chief", "NATO"),
        ("NATO-s, NATO-a", "NATO"),
        ("NATOs Generalsekretär", "NATOs"),
        ("N.A.T.O. moves", "N.A.T.O"),
        ("Генсек НАТО в Белграде", "НАТО"),
        ("НАТО-а", "НАТО"),
        ("non-NATO states", "NATO"),
        ("pro-\u00adNA\u00adTO rally", "NA\u00adTO"),
        ("a US senator", None),
        ("the coordinator", None),
        ("SENATOR SPEAKS", None),
        ("COORDINATOR", None),
        ("Nato Vachnadze", None),
        ("nato a Firenze", None),
        ("NATOMAS CITY", None),
        ("n a t o", None),
        ("plan N, A, T, O", None),
        ("Сенатор", None),
    ],
)
def test_an_acronym(text: str, hit: str | None) -> None:
    """In capitals, with full stops or an ending, in Latin or Cyrillic, and never inside a word or as a name."""
    assert found("acronym:NATO", text)[:1] == ([] if hit is None else [hit])


@pytest.mark.parametrize(
    ("query", "text", "hits"),
    [
        ("acronym:G20", "G20 summit, G20s, g20, G200, MG20", ["G20", "G20s"]),
        ("acronym:G7", "G7-a, the G77 and G70", ["G7"]),
        ("acronym:MH17", "the MH17 trial", ["MH17"]),
        ("acronym:EU", "EU27, EUs, EUROPE", ["EU27", "EUs"]),
    ],
)
def test_an_acronym_with_a_number(query: str, text: str, hits: list[str]) -> None:
    """A number at its end belongs to it, and one behind it does not hide it."""
    assert hits == found(query, text)


@pytest.mark.parametrize(
    ("name", "text", "hit"),
    [
        ("Kosovo", "u Kosovu", "Kosovu"),
        ("Kosovo", "Kosova, Kosovom", "Kosova"),
        ("Kosovo", "në Kosovë", "Kosovë"),
        ("Kosovo", "Kuvendi i Kosovës", "Kosovës"),
        ("Kosovo", "Косову је", "Косову"),
        ("Novi Pazar", "u Novom Pazaru", "Novom Pazaru"),
        ("Novi Sad", "из Новог Сада", "Новог Сада"),
        ("Kosovska Mitrovica", "u Kosovskoj Mitrovici", "Kosovskoj Mitrovici"),
        ("Kosovo", "с Косовом", "Косовом"),
        ("Kosovo", "des Kosovos Grenze", "Kosovos"),
        ("Kosovo", "KOSOVO BORDER CLOSED TODAY", "KOSOVO"),
        ("Kosovo", "Kosovska Mitrovica", None),
        ("Albin Kurti", "s Albinom Kurtijem", "Albinom Kurtijem"),
        ("Albin Kurti", "Albinit Kurtit", "Albinit Kurtit"),
        ("Rama", "Premier Rama said", "Rama"),
        ("Rama", "a rama cake", None),
        ("Nato", "Nato Vachnadze", "Nato"),
        ("Nato", "NATO moves", None),
    ],
)
def test_a_name(name: str, text: str, hit: str | None) -> None:
    """With the endings of the region's languages; without its capital it is another word."""
    assert found(f'name:"{name}"', text)[:1] == ([] if hit is None else [hit])


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", "deploy deploys deployed deploying deployment deployments"),
        ("en", "withdraw withdraws withdrawing"),
        ("de", "Truppe Truppen"),
        ("de", "Stationierung Stationierungen"),
        ("fr", "troupe troupes"),
        ("fr", "déploiement déploiements déploie"),
        ("sr", "razmeštanje razmeštanja razmestiti razmestio размештање"),
        ("sr", "tenk tenkovi tenkova tenkove tenkovima тенкови"),
        ("sr", "vojska vojske vojsku vojskom војска"),
        ("sq", "vendosje vendosjen vendosi vendosën vendosur"),
        ("sq", "ushtria ushtrisë ushtrinë ushtri"),
        ("ru", "войска войск войсками"),
        ("ru", "развёртывание развертывания развертыванием"),
    ],
)
def test_forms_of_a_word_have_one_stem(language: str, forms: str) -> None:
    """In each language."""
    assert 1 == len({stem(fold(form), language) for form in forms.split()})


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [("en", "border", "board"), ("sr", "vojska", "vojvoda"), ("ru", "войска", "война"), ("sq", "trupa", "truri")],
)
def test_other_words_have_other_stems(language: str, one: str, other: str) -> None:
    """An ending is cut off, not a word."""
    assert stem(fold(one), language) != stem(fold(other), language)


def test_a_stem_finds_every_form() -> None:
    """The words of the text are stemmed as the rule's."""
    assert ["deployed", "deployments"] == found("stem-en:deploy", "They deployed; more deployments follow. Deplore it.")
    assert ["vendosjen"] == found("stem-sq:vendosi", "për vendosjen e trupave")


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("The F-16s and F16 flew", ["F-16s", "F16"]),
        ("f-16", ["f-16"]),
        ("AF-160", []),
        ("F—16", []),
    ],
)
def test_a_pattern(text: str, hits: list[str]) -> None:
    """It sees the text as it was published, whatever its case, and its hits are whole words."""
    assert hits == found(r'regex:"\bF-?16s?\b"', text)


def test_a_pattern_stays_in_its_zone() -> None:
    """Title and text are looked at apart, and a zone is a zone."""
    scope = Scope(document("Tanks", "roll.", ["Tanks in 1999"]))
    assert not parse(r'regex:"tanks\s+roll"').holds(scope)
    assert parse('title:regex:"tanks"').holds(scope)
    assert not parse('lead:regex:"tanks"').holds(scope)
    assert parse('caption:regex:"1999"').holds(scope)


@pytest.mark.parametrize(
    "text",
    [
        "co\u00adoperation",
        "co\u200boperation",
        "Cooperation",
        "COOPERATION",
        "cooperation’s",
        "“cooperation”",
        "ｃooperation",
    ],
)
def test_words_however_they_are_typed(text: str) -> None:
    """Soft hyphens, what has no width, case, possessives, quotes and full-width letters make no difference."""
    assert parse("cooperation").holds(Scope(document("", text)))


def test_names_have_their_own_forms() -> None:
    """The forms of a short name do not swallow other words."""
    (forms,) = name_forms("Kosovo")
    assert {"kosovo", "kosova", "kosovu", "kosovom", "kosove", "koslovo"} - forms == {"koslovo"}


SERBIAN = About("sr-Latn", frozenset({"Politika"}), frozenset({"balkans"}))


@pytest.mark.parametrize(
    ("origin", "about", "holds", "excludes"),
    [
        (Origin(Fact.LANGUAGE, "sr"), SERBIAN, True, True),
        (Origin(Fact.LANGUAGE, "sr-Latn"), SERBIAN, True, True),
        (Origin(Fact.LANGUAGE, "sr-Latn"), About("sr-Latn-RS"), True, True),
        (Origin(Fact.LANGUAGE, "fi"), About("fil"), False, False),
        (Origin(Fact.LANGUAGE, "en"), SERBIAN, False, False),
        (Origin(Fact.FEED, "politika"), SERBIAN, True, True),
        (Origin(Fact.TAG, "sport"), SERBIAN, False, False),
        (Origin(Fact.TAG, "sport"), About(), True, False),
        (Origin(Fact.LANGUAGE, "en"), About(), True, False),
    ],
)
def test_where_an_article_is_from(origin: Origin, about: About, holds: bool, excludes: bool) -> None:
    """What nobody knows of an article neither keeps a rule from matching nor stops it."""
    scope = Scope(document("Tanks", ""), about)
    assert holds is origin.holds(scope)
    assert excludes is not Without(parse("tanks"), origin).holds(scope)


@pytest.mark.parametrize(
    "query",
    [
        "tanks NOT (convoy AND language:ru)",
        "tanks NOT title:(convoy AND language:ru)",
        "tanks NOT (convoy NOT language:ru)",
        "tanks NOT title:(convoy NOT tag:sport)",
    ],
)
def test_what_nobody_knows_stops_no_rule(query: str) -> None:
    """In a zone and in an exclusion of an exclusion as elsewhere."""
    assert parse(query).holds(Scope(document("Convoy of tanks", "")))


@pytest.mark.parametrize("word", ["हिन्दी", "सेना", "தமிழ்"])
def test_a_word_keeps_the_vowel_that_it_ends_in(word: str) -> None:
    """A sign that is no letter to Unicode is one to its readers."""
    assert [word] == found(word, f"{word} 1947") == found(f"{word}*", f"{word} 1947")
