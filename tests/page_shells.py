"""One made-up article in the page shells that sites put around their text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape

TITLE = "Port Verran dockers end five-week strike after night of talks"
HEADLINE = "Cranes to move again on Thursday as both sides accept a mediator's plan"
PARAGRAPHS = (
    "Dockworkers in Port Verran voted on Tuesday night to end the longest strike in the harbour's "
    "history, accepting a plan that a retired judge had put on the table only hours before. Cranes are "
    "to move again from Thursday morning, and the first of forty waiting ships is expected at the "
    "eastern quay by noon.",
    "“Nobody got everything, and that is why it holds,” said the mediator, Ilse Marenholt, on the steps"
    " of the customs house. She had shuttled between two rooms for eleven hours, carrying a single "
    "sheet of paper on which the wage scale was rewritten four times before midnight.",
    "The walkout began in August, when the operator announced that two of its five terminals would be "
    "run without crews by the end of next year. Union leaders called the timetable a provocation and "
    "stopped work the same evening; within a week the queue of ships could be seen from the hills above"
    " the town.",
    "Under the agreement, automation will be slowed to one terminal in three years, and every docker "
    "older than fifty keeps a post until retirement. In return the union accepts a night shift on "
    "Sundays, which it had refused since 1998, and drops its claim for back pay.",
    "Economists at the regional bank put the cost of the dispute at 310 million crowns, most of it "
    "borne by fruit importers and by a car plant that had to send its workers home. “The cranes will be"
    " quick to restart, the trust will not,” the bank wrote in a note to its clients.",
    "Fishermen, who had lent the strikers their hall and their kitchen, rang the bell of the old "
    "lighthouse when the result was read out. Several hundred people stayed on the mole until dawn, "
    "some of them in their working clothes, waiting for the first tug to leave.",
    "The operator's managing director, Pavel Ostrand, said he would put the plan to his board on "
    "Wednesday and expected no surprises. A hearing on the damages that the company had claimed in "
    "court was called off, and the police withdrew the barriers at gate three.",
    "A similar dispute is still open in two harbours further north, where talks were broken off last "
    "week. Mrs Marenholt has been asked to help there as well; she said that she would first like to "
    "sleep.",
)
OTHERS = (
    "Lighthouse keepers wanted: island offers house and boat",
    "Volcano on the southern ridge quiet again, say geologists",
    "Chess champion loses to a twelve-year-old in the park",
)


@dataclass(frozen=True)
class Story:
    """What a shell is put around."""

    title: str = TITLE
    headline: str = HEADLINE
    paragraphs: tuple[str, ...] = PARAGRAPHS
    author: str = "coast news"

    def inner(self, tag: str = "p") -> str:
        return "\n".join(f"<{tag}>{escape(text)}</{tag}>" for text in self.paragraphs)


Shell = Callable[[Story], str]


def wordpress(story: Story) -> str:
    """A theme with menus, a carousel and a comments form."""
    cards = "".join(f'<div class="related-item"><a href="#"><h4>{text}</h4></a></div>' for text in OTHERS)
    return _page(
        story,
        f"""<div id="page" class="site"><header class="site-header"><a href="/">Coast News</a>
        <nav><ul><li><a href="/w">World</a></li><li><a href="/s">Sport</a></li></ul></nav></header>
        <div id="content" class="site-content"><main><article class="post type-post hentry">
        <header class="entry-header"><h1 class="entry-title">{escape(story.title)}</h1>
        <div class="entry-meta">by <a href="/author/1">{story.author}</a></div></header>
        <div class="entry-content"><h2>{escape(story.headline)}</h2>{story.inner()}</div>
        <div class="sharedaddy"><h3>Share this:</h3><ul><li>Facebook</li><li>X</li></ul></div>
        <div class="jp-relatedposts"><h3>You may also like</h3>{cards}</div></article>
        <div id="comments"><h3>Leave a Comment <small>Cancel reply</small></h3>
        <form><p>Your email address will not be published. Required fields are marked *</p>
        <textarea></textarea><label>Save my name, email, and website in this browser for the next time I
        comment.</label></form></div></main><aside class="widget-area"><h2>Recent Posts</h2>
        <ul><li><a href="#">{OTHERS[0]}</a></li></ul></aside></div>
        <footer><p>© 2021 Coast News. All rights reserved.</p></footer></div>""",
    )


def bare(story: Story) -> str:
    """Paragraphs in a body, and nothing that says what they are."""
    return _page(
        story,
        f"<p>{escape(story.title)}</p><p>by {story.author}</p><p>{escape(story.headline)}</p>{story.inner()}"
        "<p>You may also like</p><p>Leave a Comment</p>",
    )


def no_article(story: Story) -> str:
    """Sections without an article element, with a list of links between the text and the form."""
    links = "".join(f"<li><a href='#'>{text}</a></li>" for text in OTHERS)
    return _page(
        story,
        f"""<section><h1>{escape(story.title)}</h1><p class="byline">By {story.author}</p></section>
        <section class="text"><h2>{escape(story.headline)}</h2>{story.inner()}</section>
        <section><h3>Related articles</h3><ul>{links}</ul></section>
        <section><h4>Leave a comment</h4><p>You must be logged in to post a comment.</p></section>""",
    )


def main_element(story: Story) -> str:
    """The text straight in main, the boilerplate in strong and span elements."""
    return _page(
        story,
        f"""<main><h1>{escape(story.title)}</h1><span>by {story.author}</span>
        <h2>{escape(story.headline)}</h2>{story.inner()}<strong>You may also like</strong><br>
        <span>Leave a Comment</span></main>""",
    )


def div_soup(story: Story) -> str:
    """Divs all the way down, one for each paragraph."""
    return _page(
        story,
        f"""<div><div><div class="a1">{escape(story.title)}</div><div class="a2">by {story.author}</div>
        <div class="b7"><div>{escape(story.headline)}</div>{story.inner("div")}</div>
        <div class="c3"><div>You may also like</div><div>{OTHERS[0]}</div><div>{OTHERS[1]}</div></div>
        <div class="c4"><div>Leave a Comment</div></div></div></div>""",
    )


def carousel(story: Story) -> str:
    """Titles of other articles in the middle of the text."""
    cards = "".join(f"<h4><a href='#'>{text}</a></h4>" for text in OTHERS)
    halves = (Story(paragraphs=story.paragraphs[:4]), Story(paragraphs=story.paragraphs[4:]))
    return _page(
        story,
        f"""<article><h1>{escape(story.title)}</h1><div class="byline">by {story.author}</div>
        <div class="body"><h2>{escape(story.headline)}</h2>{halves[0].inner()}
        <div class="box"><h3>You may also like</h3>{cards}</div>{halves[1].inner()}
        <p><em>Read also: {OTHERS[2]}</em></p></div><h3>Leave a Comment</h3></article>""",
    )


def plain_carousel(story: Story) -> str:
    """The same in bare paragraphs."""
    cards = "".join(f"<p>{text}</p>" for text in OTHERS)
    halves = (Story(paragraphs=story.paragraphs[:5]), Story(paragraphs=story.paragraphs[5:]))
    return _page(
        story,
        f"""<div id="text"><h1>{escape(story.title)}</h1><p>by {story.author}</p>
        <h2>{escape(story.headline)}</h2>{halves[0].inner()}<p>You may also like</p>{cards}{halves[1].inner()}
        <p>Share this:</p><p>Subscribe to our newsletter</p><p>Leave a Comment</p></div>""",
    )


def table(story: Story) -> str:
    """A page laid out in tables, as they were in 1999."""
    rows = "".join(f"<tr><td>{escape(text)}</td></tr>" for text in story.paragraphs)
    return _page(
        story,
        f"""<table width="760"><tr><td><b>{escape(story.title)}</b></td></tr>
        <tr><td>by {story.author}</td></tr>
        <tr><td><b>{escape(story.headline)}</b></td></tr>{rows}
        <tr><td>You may also like</td></tr><tr><td>Leave a Comment</td></tr></table>""",
    )


def table_column(story: Story) -> str:
    """Tables with paragraphs in the middle column."""
    return _page(
        story,
        f"""<table><tr><td><a href="/">Home</a><br><a href="/w">World</a></td>
        <td><h1>{escape(story.title)}</h1><p>by {story.author}</p>
        <h2>{escape(story.headline)}</h2>{story.inner()}
        <h5>You may also like</h5><ul><li>{OTHERS[0]}</li><li>{OTHERS[1]}</li></ul>
        <h5>Leave a Comment</h5></td>
        <td>Advertisement</td></tr></table>""",
    )


def breaks(story: Story) -> str:
    """One block of text with line breaks."""
    text = "<br><br>".join(escape(text) for text in story.paragraphs)
    return _page(
        story,
        f"""<div class="story"><h1>{escape(story.title)}</h1>by {story.author}<br><br>
        <b>{escape(story.headline)}</b><br><br>{text}
        <br><br>You may also like<br><br>Leave a Comment</div>""",
    )


SHELLS: tuple[Shell, ...] = (
    wordpress,
    bare,
    no_article,
    main_element,
    div_soup,
    carousel,
    plain_carousel,
    table,
    table_column,
    breaks,
)


def _page(story: Story, body: str) -> str:
    return (
        '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8">'
        f"<title>{escape(story.title)} - Coast News</title></head><body>{body}</body></html>"
    )
