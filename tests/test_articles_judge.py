"""Which texts are articles, and what the others are."""

from __future__ import annotations

import pytest

from monitor.articles.judge import judge
from monitor.model import FULL, Extract
from tests.page_shells import PARAGRAPHS, TITLE

LONG = "\n\n".join(PARAGRAPHS)
SHORT = PARAGRAPHS[0]  # 56 words


def extract(text: str, *, title: str = TITLE) -> Extract:
    return Extract(
        title=title,
        text=text,
        author=None,
        published_at=None,
        language=None,
        canonical_url=None,
        site=None,
    )


WALLS = [
    ("Just a moment...", "Verify you are human by completing the action below.", "robots"),
    ("coast.example", "We have detected unusual traffic from your network. Please solve the captcha.", "robots"),
    ("Access denied", "You do not have permission to view this page. Reference 18.2f.", "robots"),
    (TITLE, "Please enable JavaScript and disable any ad blocker to read this site.", "JavaScript"),
    ("Before you continue", "We and our partners use cookies to show you personal advertising.", "consent"),
    (TITLE, "We value your privacy. Accept all cookies or manage your choices.", "consent"),
    (TITLE, f"{SHORT}\n\nSubscribe to continue reading. Already a subscriber? Log in.", "paywall"),
    (TITLE, f"{SHORT}\n\nThis article is for subscribers only.", "paywall"),
    (TITLE, f"{SHORT}\n\nCet article est réservé aux abonnés.", "paywall"),
    ("Page not found", "Sorry, the page you are looking for has moved. Try our home page.", "error"),
    ("404 - Not Found", "Nothing here.", "error"),
    ("Stranica", "Stranica nije pronađena. Vratite se na početnu.", "error"),
    (TITLE, "Loading the article, please wait.", "too short"),
    ("Coast News", " ".join(["Weather, sport, culture and tides from our shores."] * 20), "not about"),
]


@pytest.mark.parametrize(("title", "text", "reason"), WALLS)
def test_wall(title: str, text: str, reason: str) -> None:
    """What stands in an article's place is called by its name."""
    assert reason in judge(extract(text, title=title), entry_title=TITLE, entry_summary="")


ARTICLES = [
    (TITLE, LONG),
    (TITLE, SHORT),
    (TITLE, LONG + "\n\nSubscribe to continue reading."),
    (TITLE, "Police said the robbers asked a guard to verify you are human. " + LONG),
    (TITLE, "Its request was blocked by the court; Port Verran is already a member of the league. " + SHORT),
    ("", SHORT),
]


@pytest.mark.parametrize(("title", "text"), ARTICLES)
def test_article(title: str, text: str) -> None:
    """An article is one, be it short, or about walls."""
    assert judge(extract(text, title=title), entry_title=TITLE, entry_summary="Dockers vote.") == FULL


@pytest.mark.parametrize(
    ("entry_title", "title", "text"),
    [
        ("Rat i mir u luci Veran: radnici glasali", "Рат и мир у луци Веран", "Радници су гласали за споразум. " * 30),
        ("维兰港罢工结束", "维兰港", "码头工人周二晚上投票结束罢工。" * 20),
        ("انتهاء الإضراب في الميناء", "الميناء", "صوت العمال مساء الثلاثاء على إنهاء الإضراب. " * 20),
        ("", TITLE, LONG),
    ],
    ids=["two scripts", "undivided", "no capitals", "untitled"],
)
def test_cannot_compare(entry_title: str, title: str, text: str) -> None:
    """Where titles cannot be compared, they are not held against the page."""
    assert judge(extract(text, title=title), entry_title=entry_title, entry_summary="") == FULL


def test_inflected_title() -> None:
    """A word in another case is the same word."""
    found = extract("Јединице су јуче распоређене. " * 20 + "Косову", title="Вест")

    assert judge(found, entry_title="Косово тражи помоћ", entry_summary="") == FULL


def test_searched_in_bounded_time() -> None:
    """Phrases are looked for in as many letters as walls have: few words may have so many that the main loop waits."""
    phrase = "Verify you are human. Subscribe to continue reading."

    assert "paywall" in judge(extract(f"{'w' * 5_000} {phrase}"), entry_title=TITLE, entry_summary="")
    assert "too short" == judge(extract(f"{'w' * 500_000} {phrase}"), entry_title=TITLE, entry_summary="")


def test_summary_names_it() -> None:
    """A short text that has no word of the title may be told by the feed's summary."""
    found = extract("A magnitude-6 earthquake shook the capital of Japan on Tuesday. No damage was reported, " * 2)
    summary = "An earthquake shook the capital of Japan."

    assert judge(found, entry_title="Quake hits Tokyo", entry_summary=summary) == FULL
    assert judge(found, entry_title="Quake hits Tokyo", entry_summary="") == "too short"


def test_feed_knows_more() -> None:
    """When the feed carries more than the page, the page is not preferred."""
    assert "shorter" in judge(extract(SHORT), entry_title=TITLE, entry_summary=LONG)
