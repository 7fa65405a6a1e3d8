"""What readers' verdicts are worth to a rule: `python -m benchmarks.feedback STREAM [--rounds 3]`.

STREAM holds JSON lines as in benchmarks/streams.py, of which stories come in pairs about like happenings: `ec:7ecb` and
`ec:7ecbplus`. For each pair a naive rule is made of the word that is most typical of both. A reader wants one of the
two, and judges a third of the rule's alerts; another third is in the archive, unjudged. In each round the first
proposal that loses nothing relevant is taken. Precision and recall are those of the last third, which no proposal has
seen.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.streams import Item, load
from monitor.ids import article_id
from monitor.model import ArchivedArticle
from monitor.rules import schema
from monitor.rules.backtest import Reading
from monitor.rules.cases import Case, Judged, case
from monitor.rules.negatives import Background
from monitor.rules.proposals import Proposal, candidates, try_out
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.rules.scope import NOTHING
from monitor.text import document, words
from monitor.yaml_file import parse

FEWEST = 4  # articles of each story of a pair
SHORTEST_WORD = 4
NO_CONCEPTS = RuleSet(())

_PAIR = re.compile(r"(ec:\d+ecb)plus")


@dataclass(frozen=True, slots=True)
class Task:
    """A naive rule, and what it finds in three parts, each with whether the reader wants it."""

    text: str
    judged: Sequence[tuple[Case, bool]]
    unjudged: Sequence[tuple[Case, bool]]
    unseen: Sequence[tuple[Case, bool]]


@dataclass(frozen=True, slots=True)
class Score:
    """Of what was unseen, over all rules."""

    found: int
    wanted: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        """Of what the naive rule found."""
        return self.right / self.wanted if self.wanted else 1.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stream", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    stream = load(arguments.stream)
    tasks, background = list(tasks_of(stream)), Background(document(item.title, item.text) for item in stream)
    texts, ways = [task.text for task in tasks], Counter[str]()
    print(f"{len(tasks)} rules, {sum(len(task.judged) for task in tasks)} alerts judged")
    print("round  precision  recall  rules changed")
    for number in range(arguments.rounds + 1):
        score = score_of(tasks, texts)
        changed = sum(text != task.text for text, task in zip(texts, tasks, strict=True))
        print(f"{number:5}  {score.precision:9.3f}  {score.recall:6.3f}  {changed:13}")
        for place, task in enumerate(tasks):
            taken = best(task, texts[place], background)
            if taken is not None and number < arguments.rounds:
                texts[place] = taken.patch.text
                ways[taken.patch.way] += 1
    print(", ".join(f"{way} {count}" for way, count in ways.most_common()))


def tasks_of(stream: Sequence[Item]) -> Iterator[Task]:
    stories: defaultdict[str, list[Item]] = defaultdict(list)
    for item in stream:
        stories[item.story].append(item)
    spread = Counter(word for item in stream for word in _words(item))
    for name in sorted(stories):
        pair = _PAIR.fullmatch(name)
        if pair is None or min(len(stories[name]), len(stories[pair[1]])) < FEWEST:
            continue
        for wanted, other in ((pair[1], name), (name, pair[1])):
            word = typical(stories[wanted], stories[other], spread)
            found = [(case(_reading(item)), item.story == wanted) for item in stream if word in _words(item)]
            yield Task(f"rules:\n- name: naive\n  match: {word}\n", *(found[start::3] for start in range(3)))


def typical(wanted: Sequence[Item], other: Sequence[Item], spread: Counter[str]) -> str:
    """The word that both stories have most, beside what all the others have of it."""
    here, there = (Counter(word for item in items for word in _words(item)) for items in (wanted, other))
    shared = sorted(word for word in here.keys() & there.keys() if len(word) >= SHORTEST_WORD and word.isalpha())
    return max(shared, key=lambda word: min(here[word], there[word]) ** 2 / spread[word])


def best(task: Task, text: str, background: Background) -> Proposal | None:
    """The first that loses nothing, as a reader would take it."""
    rule = _rule(text)
    false_alarms, relevant = (
        [one for one, is_wanted in task.judged if is_wanted is wanted and one.matches(rule)] for wanted in (False, True)
    )
    if not false_alarms:
        return None
    known = candidates(rule, text, NO_CONCEPTS, Judged(false_alarms, relevant), background)
    readings = [one.reading for one, _ in (*task.judged, *task.unjudged)]
    found = try_out([known], readings, min(one.article.first_read_at for one in readings)).get(rule.name, ())
    return next((proposal for proposal in found if not proposal.lost), None)


def score_of(tasks: Sequence[Task], texts: Sequence[str]) -> Score:
    found = wanted = right = 0
    for task, text in zip(tasks, texts, strict=True):
        rule = _rule(text)
        wanted += sum(is_wanted for _, is_wanted in task.unseen)
        matched = [is_wanted for one, is_wanted in task.unseen if one.matches(rule)]
        found, right = found + len(matched), right + sum(matched)
    return Score(found, wanted, right)


def _rule(text: str) -> Rule:
    (rule,) = schema.read(parse(text, "naive.yaml"), NO_CONCEPTS)
    return rule


def _words(item: Item) -> set[str]:
    return set(words(item.title)) | set(words(item.text))


def _reading(item: Item) -> Reading:
    """Every article is a story of its own: the reader judges alerts, not stories."""
    article = ArchivedArticle(
        id=article_id(item.id),
        url=f"https://{item.id}.example/",
        title=item.title,
        text=item.text,
        captions=(),
        language=None,
        site="",
        first_read_at=item.at,
        feeds=(),
        story_id=None,
    )
    return Reading(article, item.outlet, (NOTHING,))


if __name__ == "__main__":
    main()
