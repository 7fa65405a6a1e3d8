"""Stories kept in the store: which articles join, and that nothing that is kept beside the store decides it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.app import story_desk
from monitor.app.story_desk import Memory, StoryDesk
from monitor.model import Article, Certainty, Hit, Placement, Relation
from monitor.store.sqlite.store import Store
from monitor.stories.features import seen
from tests.builders import NOON, hit
from tests.test_stories import article

Text = tuple[str, str]  # title and text

CONVOY: Text = (
    "Army moves tanks towards boundary with Kosovo near Raška",
    "A column of eighteen tanks left the barracks in Kraljevo before dawn and took the road to Raška, three kilometres "
    "from the boundary with Kosovo. Defence Minister Dragan Petronijević called it a readiness drill that would last "
    "until Sunday. Residents of Rudnica filmed the vehicles passing the Jarinje crossing road.",
)
CONVOY_AGAIN: Text = (
    "Serbian tanks head for Raška as minister speaks of drill",
    "Eighteen tanks have been sent from Kraljevo to the municipality of Raška, close to the Jarinje crossing, the "
    "defence ministry confirmed on Thursday. Minister Dragan Petronijević said that the exercise was planned months "
    "ago and would end on Sunday. KFOR said it was watching.",
)
CONVOY_LATER: Text = (
    "Tanks near Raška: four reservists hurt as lorry overturns at Jarinje",
    "A lorry of the column of eighteen tanks that came from Kraljevo to Raška overturned near the Jarinje crossing on "
    "Friday and four reservists were taken to hospital. Minister Dragan Petronijević denied that it would go on.",
)
STRIKE: Text = (
    "Bus drivers in Skopje walk out over night shifts",
    "Six hundred bus drivers stopped work in Skopje on Thursday because of night shifts, the transport union said. The "
    "mayor, Vesna Ristova, offered talks on Monday. Schools in Gazi Baba closed early.",
)
STREAM = (CONVOY, STRIKE, CONVOY_AGAIN, CONVOY_LATER)

Desk = Callable[[], StoryDesk]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.writer(tmp_path / "news.db")


def told(number: int, text: Text) -> Article:
    site = f"outlet{number}.example"
    return article(f"https://{site}/{number}", text[1], title=text[0], site=site)


def place(store: Store, desk: StoryDesk, number: int, text: Text, hits: Sequence[Hit] = ()) -> Placement:
    made = told(number, text)
    store.stories.save_article(made)
    return desk.place(store, made, made.site, NOON + timedelta(minutes=20 * number), hits)


def decided(store: Store, desk: Desk) -> list[Placement]:
    placements = []
    for number, text in enumerate(STREAM):
        with store.transaction():
            placements.append(place(store, desk(), number, text))
    return placements


def test_reports_of_one_happening_share_a_story(store: Store) -> None:
    """In their own words, from other outlets; another happening begins a story of its own."""
    desk = StoryDesk(Memory(), {})
    convoy, strike, again, later = decided(store, lambda: desk)
    assert [convoy.story_id] * 2 == [again.story_id, later.story_id] != [strike.story_id] * 2
    assert [Relation.FIRST, Relation.FIRST, Relation.REPORT] == [p.relation for p in (convoy, strike, again)]
    assert Certainty.NEW is convoy.certainty is strike.certainty
    assert any("four reservists" in addition.sentence for addition in later.additions)


ARGUMENT = "Five years after the deal, NATO and the government in Pristina argue about the Kosovo Security Force."
SENDING = "NATO sends 500 more peacekeepers to Kosovo after the attack on a police patrol."
ASKED_FOR = ("Kosovo", "NATO", "Pristina")


@pytest.mark.parametrize(("watched", "apart"), [((), False), (ASKED_FOR, True)], ids=["by all words", "without those"])
def test_what_a_watch_asks_for_makes_no_two_happenings_one(
    store: Store, watched: tuple[str, ...], *, apart: bool
) -> None:
    """Every article of a watch has its words; these two have nothing else in common."""
    desk, hits = StoryDesk(Memory(), {}), [hit(word) for word in watched]
    with store.transaction():
        first, second = (place(store, desk, n, (text, text), hits) for n, text in enumerate((ARGUMENT, SENDING)))
    assert apart is (first.story_id != second.story_id)


DIVIDED = """
The town has been divided since the war of 1999, with Serbs in the north and Albanians south of the river Ibar.
International peacekeepers have patrolled the bridge between the two parts since then, and tensions rise whenever the
municipal authorities try to change the status of local institutions. Negotiations mediated by the European Union in
Brussels have stalled since the agreement of Ohrid, which both governments interpret in entirely different ways."""
GRENADE: Text = (
    "Grenade thrown at police station in north Mitrovica",
    "A hand grenade was thrown at the police station in north Mitrovica early on Friday, damaging two vehicles, the "
    "police said. No one was hurt and no arrests have been made." + DIVIDED,
)
GUNMEN: Text = (
    "Gunmen open fire on municipal clerk outside school in north Mitrovica",
    "Unknown gunmen opened fire on a municipal clerk as she left a primary school in north Mitrovica on Friday "
    "afternoon, witnesses said. She was taken to hospital and her condition is unknown." + DIVIDED,
)
GRENADE_AGAIN: Text = ("Police vehicles damaged by grenade in Mitrovica", "From our own correspondent. " + GRENADE[1])
READ_MORE = "Read more on our site."


@pytest.mark.parametrize(
    ("earlier", "later", "certainty"),
    [
        (GRENADE, GUNMEN, Certainty.POSSIBLY),
        (GRENADE, GRENADE_AGAIN, Certainty.SURELY),
        (("Drone shot down over the border", READ_MORE), ("Bank fined over accounts", READ_MORE), Certainty.POSSIBLY),
        (("Drone shot down over the border", READ_MORE), ("Drone shot down at border", READ_MORE), Certainty.SURELY),
    ],
    ids=["one background", "one text", "the same few words", "the same few words of the same"],
)
def test_what_begins_otherwise_is_no_copy(store: Store, earlier: Text, later: Text, certainty: Certainty) -> None:
    """However much of the background, or whatever stands under every headline, is the same: the channel hears of it."""
    desk = StoryDesk(Memory(), {})
    with store.transaction():
        place(store, desk, 0, earlier)
        assert certainty is place(store, desk, 1, later).certainty


def test_a_restart_changes_no_decision(store: Store, tmp_path: Path) -> None:
    """With the memory of one run, and with none before each article."""
    desk = StoryDesk(Memory(), {})
    forgetful = decided(Store.writer(tmp_path / "other.db"), lambda: StoryDesk(Memory(), {}))
    assert decided(store, lambda: desk) == forgetful


def test_a_restart_changes_no_decision_on_what_follows_history(store: Store, tmp_path: Path) -> None:
    """What stood in a feed before the first look counts from when it was published, here and there."""

    def outcome(store: Store, desk: Desk) -> list[Placement]:
        with store.transaction():
            for number, text in ((0, CONVOY), (1, STRIKE)):
                made = told(number, text)
                store.stories.save_article(made)
                since = NOON - timedelta(days=6 - 5 * number)
                desk().place_in_silence(store, made, made.site, NOON, (), stood_since=since)
        later = (CONVOY_AGAIN, CONVOY_LATER, CONVOY)
        placements = []
        for number, text in enumerate(later):
            with store.transaction():
                placements.append(place(store, desk(), 24 * 3 * number + 5, text))
        return placements

    desk = StoryDesk(Memory(), {})
    forgetful = outcome(Store.writer(tmp_path / "other.db"), lambda: StoryDesk(Memory(), {}))
    remembered = outcome(store, lambda: desk)
    assert remembered == forgetful
    assert Certainty.SURELY is not remembered[0].certainty, "six days apart"


def test_doubt_that_nobody_was_told_of_stays(store: Store) -> None:
    """When what stood in a feed before the first look is shown as news; its story had told none of it."""
    desk, (made, other) = StoryDesk(Memory(), {}), (told(1, GUNMEN), told(0, GRENADE))
    with store.transaction():
        place(store, desk, 0, GRENADE)
        store.stories.save_article(made)
        silent = desk.place_in_silence(store, made, made.site, NOON, (), stood_since=NOON)
        again = desk.place(store, made, made.site, NOON)
    assert (Certainty.POSSIBLY, ()) == (silent.certainty, silent.additions)
    assert Certainty.POSSIBLY is again.certainty
    assert store.moves.story_of(other.id) == again.story_id


def test_what_stood_in_a_feed_before_the_first_look_is_a_voice_and_tells_nothing(store: Store) -> None:
    """What is only in it is new when it is shown as news."""
    desk, made = StoryDesk(Memory(), {}), told(1, CONVOY_LATER)
    with store.transaction():
        first = place(store, desk, 0, CONVOY)
        store.stories.save_article(made)
        desk.place_in_silence(store, made, made.site, NOON, (), stood_since=NOON)
        assert 2 == store.stories.standing(first.story_id).independent
        facts = store.stories.facts(first.story_id)
        again = desk.place(store, made, made.site, NOON)
    assert "four reservists" in next(addition.sentence for addition in again.additions)
    assert facts != store.stories.facts(first.story_id)


def test_a_restart_forgets_no_part_of_a_story_that_goes_on(store: Store) -> None:
    """Its beginning may be older than the window; its age and its first article are what they were."""
    memory = Memory()
    desk = StoryDesk(memory, {})
    with store.transaction():
        first, _ = (place(store, desk, 3 * 24 * day, text) for day, text in ((0, GRENADE), (5, GRENADE_AGAIN)))
    now = NOON + timedelta(days=9)
    assert 2 == len(memory.index(store, now).members(first.story_id))
    assert NOON == Memory().index(store, now).first_at(first.story_id)


@pytest.mark.parametrize("inside", [True, False], ids=["a change among others", "the whole transaction"])
def test_what_was_taken_back_is_forgotten(store: Store, *, inside: bool) -> None:
    """With an article whose change failed nothing is compared."""
    desk = StoryDesk(Memory(), {})
    with store.transaction():
        convoy = place(store, desk, 0, CONVOY)
    with suppress(RuntimeError), store.transaction():
        with suppress(RuntimeError), store.savepoint():
            place(store, desk, 1, CONVOY_LATER)
            if inside:
                raise RuntimeError
        if not inside:
            raise RuntimeError
    with store.transaction():
        assert convoy.story_id == place(store, desk, 2, CONVOY_AGAIN).story_id
    assert (2, 1) == store.window.totals()


def test_an_article_is_counted_once(store: Store) -> None:
    """However often it is read again; and where it stands it stays."""
    desk = StoryDesk(Memory(), {})
    with store.transaction():
        first = place(store, desk, 0, CONVOY)
        assert first.story_id == place(store, desk, 0, CONVOY_LATER).story_id
    assert (1, 1) == store.window.totals()


def test_words_of_what_no_rule_matches_are_counted_together(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some articles stand for all; when there are enough of them, or after a while, they are written."""
    monkeypatch.setattr(story_desk, "MOST_COUNTED", 3)
    memory = Memory()
    desk = StoryDesk(memory, {})
    for number in range(200):
        counted = store.window.totals()[0]
        desk.pass_by(store, told(number, STRIKE), NOON)
        assert store.window.totals()[0] - counted in (0, 3)
    assert 30 < store.window.totals()[0] < 70
    (skopje,) = seen("skopje", "") - {0}
    assert store.window.counts([skopje]) == {skopje: (store.window.totals()[0], 0)}
    monkeypatch.setattr(story_desk, "ONE_IN", 1)
    memory.write_counts(store)
    counted = store.window.totals()[0]
    desk.pass_by(store, told(0, STRIKE), NOON)
    assert counted == store.window.totals()[0]
    desk.pass_by(store, told(1, STRIKE), NOON + timedelta(minutes=10))
    assert (counted + 2, False) == (store.window.totals()[0], memory.has_counts)


def test_terms_seen_once_go_when_there_are_very_many(store: Store) -> None:
    """Those that a story has stay."""
    store.window.count_articles({1: 1, 2: 2, 3: 1}, 2)
    store.window.count_story([3], begun=True)
    store.window.drop_rare(most=3)
    assert {1, 2, 3} == store.window.counts([1, 2, 3]).keys()
    store.window.drop_rare(most=2)
    assert {2, 3} == store.window.counts([1, 2, 3]).keys()
    assert (2, 1) == store.window.totals()


def test_a_story_stands_also_where_no_feed_shows_it(store: Store) -> None:
    """By the site of its first article."""
    with store.transaction():
        first = place(store, StoryDesk(Memory(), {}), 0, CONVOY)
    assert ("outlet0.example", NOON) == (
        store.stories.standing(first.story_id).first_outlet,
        store.stories.standing(first.story_id).first_at,
    )
