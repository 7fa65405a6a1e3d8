"""What matching an article against many rules costs: `python -m benchmarks.rules [FOLDER] [--rules 10,1000,100000]`.

FOLDER holds JSON lines with `title` and `text`, which are joined to articles of about 500 words; without it articles
are made up, with the word frequencies of news. Rules are made from the words, neighbours and topics of one half of the
articles and matched on the other half: terms, phrases, AND, OR, NEAR, NOT and zones, some three matches an article for
2,000 rules. The unit is the time that `re.findall` takes to find the words of the same articles, case folded. Times are
µs of CPU for an article, the least of several rounds: `µs` to say which rules match, `decisions` with evidence and near
misses as well, `loop` for every rule in turn, `re loop` for compiled regular expressions in turn.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path

from monitor.model import Severity
from monitor.rules.conditions import All, Any, InZone, Near, Without
from monitor.rules.index import RuleIndex, advice, holds
from monitor.rules.match import decide
from monitor.rules.query import parse
from monitor.rules.rule import Examples, Rule
from monitor.rules.schema import RuleSet, load
from monitor.rules.scope import Scope
from monitor.rules.terms import Condition, Phrase, Word
from monitor.text import document, words

SIZES = (10, 1_000, 10_000, 100_000)
ARTICLES, WORDS_EACH, VOCABULARY = 1_200, 520, 60_000
MATCHED, LOOPED, ROUNDS = 300, 20, 5  # articles that are matched, those that the slow ways are tried on, rounds
MOST_LOOPED = 1_000  # rules that the slow ways are tried with
FILED, RULES_IN_FILE = 10_000, 20  # rules that are written to files
SEED = 7
GOALS = {1_000: 2.0, 10_000: 3.0, 100_000: 6.0}  # times the unit
MOST_SECONDS, MOST_MEGABYTES, MOST_RELOAD_MS, MOST_SPREAD = 30.0, 500.0, 50.0, 4.0
MOST_TELLING = 60.0  # µs for each rule that is told, with its evidence: those that match are as many as they are


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    text: str


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--rules", default=",".join(map(str, SIZES)))
    arguments = parser.parse_args()
    chance = random.Random(SEED)
    articles = list(from_folder(arguments.folder)) if arguments.folder else made_up(chance)
    matched = chance.sample(articles[::2], min(MATCHED, len(articles[::2])))
    queries = list(Queries(articles[1::2], chance).take(max(map(int, arguments.rules.split(",")))))
    goals = list(report(matched, queries, [int(size) for size in arguments.rules.split(",")]))
    for sentence, good in goals:
        print(f"{'PASS' if good else 'FAIL'}  {sentence}")
    return 0 if all(good for _, good in goals) else 1


# ---- articles and rules ----


def from_folder(folder: Path) -> Iterator[Article]:
    title, texts = "", list[str]()
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if not {"title", "text"} <= entry.keys():
                continue
            title = title or entry["title"]
            texts.append(entry["text"])
            if sum(len(text.split()) for text in texts) >= WORDS_EACH * 0.9:
                yield Article(title, "\n\n".join(texts))
                title, texts = "", []


def made_up(chance: random.Random) -> list[Article]:
    """Zipf's law, with each article's rarer words said again as its topic."""
    letters = "etaoinsrhldcumfpgwybvk"
    vocabulary = [
        "".join(chance.choices(letters, k=2 + min(rank, 4) + chance.randrange(5))) for rank in range(VOCABULARY)
    ]
    sums = list(accumulate(1 / (rank + 2.7) for rank in range(VOCABULARY)))
    articles = []
    for _ in range(ARTICLES):
        topic = chance.choices(vocabulary[200:], k=12)
        said = [
            chance.choice(topic) if chance.random() < 0.1 else word
            for word in chance.choices(vocabulary, cum_weights=sums, k=max(250, int(chance.gauss(WORDS_EACH, 150))))
        ]
        sentences = (" ".join(said[start : start + 20]).capitalize() for start in range(10, len(said), 20))
        articles.append(Article(" ".join(said[:10]), ".\n\n".join(f"{sentence}’s “end” – " for sentence in sentences)))
    return articles


class Queries:
    """Queries as analysts write them, from what is said in some articles."""

    def __init__(self, articles: Sequence[Article], chance: random.Random) -> None:
        self._chance = chance
        texts = [words(f"{article.title}\n{article.text}") for article in articles]
        seen = Counter(word for said in texts for word in sorted(set(said)))
        self._places = {word: said[place : place + 3] for said in texts for place, word in enumerate(said[:-2])}
        most = len(articles)
        rare = {word: count**-0.3 for word, count in seen.items() if count >= 2 and len(word) > 1}
        topics = {word: count**0.5 for word, count in seen.items() if 0.004 <= count / most <= 0.15 and len(word) > 1}
        begin = {word: rare[word] for word in self._places.keys() & rare.keys()}
        self._begin, self._begin_sums = sorted(begin), list(accumulate(begin[word] for word in sorted(begin)))
        self._rare, self._rare_sums = list(rare), list(accumulate(rare.values()))
        self._topics, self._topic_sums = list(topics), list(accumulate(topics.values()))

    def take(self, count: int) -> Iterator[str]:
        kinds = (self._term, self._phrase, self._both, self._groups, self._near, self._but_not, self._zone, self._brand)
        chosen = self._chance.choices(kinds, weights=(8, 22, 25, 15, 12, 8, 5, 5), k=count)
        return (kind() for kind in chosen)

    def _term(self) -> str:
        return self._chance.choices(self._rare, cum_weights=self._rare_sums)[0]

    def _topic(self) -> str:
        return self._chance.choices(self._topics, cum_weights=self._topic_sums)[0]

    def _phrase(self) -> str:
        said = self._places[self._chance.choices(self._begin, cum_weights=self._begin_sums)[0]]
        return f'"{" ".join(said[: self._chance.choice((2, 2, 3))])}"'

    def _both(self) -> str:
        return f"{self._term()} AND {self._topic()}"

    def _groups(self) -> str:
        return f"{self._any(self._term, 2, 4)} AND {self._any(self._topic, 2, 4)}"

    def _near(self) -> str:
        return f"{self._term()} NEAR/{self._chance.choice((3, 5, 10))} {self._topic()}"

    def _but_not(self) -> str:
        return f"{self._term()} AND {self._topic()} NOT {self._topic()}"

    def _zone(self) -> str:
        return f"{self._chance.choice(('title', 'body'))}:{self._topic()}"

    def _brand(self) -> str:
        names, topics = self._any(self._term, 3, 6, self._phrase()), self._any(self._topic, 3, 6)
        return f"{names} AND {topics} NOT {self._any(self._topic, 2, 4)}"

    def _any(self, kind: Callable[[], str], least: int, most: int, *more: str) -> str:
        return f"({' OR '.join((*more, *(kind() for _ in range(self._chance.randint(least, most)))))})"


def rule(number: int, query: str) -> Rule:
    name, read = f"rule-{number}", parse(query)
    match, none = (read.wanted, read.unwanted) if isinstance(read, Without) else (read, None)
    return Rule(name, name, Severity.NORMAL, None, False, match, none, f"{name} {query}", "", "r.yaml", 1, Examples())


# ---- measuring ----


def report(articles: Sequence[Article], queries: Sequence[str], sizes: Sequence[int]) -> Iterator[tuple[str, bool]]:
    """Prints the table as it goes; yields the goals."""
    before, started = resident_megabytes(), time.process_time()
    rules = [rule(number, query) for number, query in enumerate(queries)]
    read = time.process_time() - started
    index = RuleIndex(rules)
    build, grown = time.process_time() - started, resident_megabytes() - before
    gc.freeze()
    finder = re.compile(r"\w+")
    unit = cost(articles, lambda one: finder.findall(f"{one.title}\n{one.text}".casefold()))
    ours = cost(articles, lambda one: document(one.title, one.text))
    average = sum(len(words(one.text)) for one in articles) / len(articles)
    print(f"{len(articles)} articles of {average:.0f} words; finding words with re: {unit.mean:.0f} µs an article = 1")
    print(advice(len(rules)) or f"{len(rules)} rules in the way that suits so many")
    print(f"normalising and splitting as done here: {ours.mean:.0f} µs = {ours.mean / unit.mean:.2f}")
    heads = ("rules", "articles/s", "µs", "× unit", "p99/p50", "matches", "decisions", "loop", "re loop")
    print("".join(f"{head:>11}" for head in heads))
    for size in sizes:
        few = index if size == len(rules) else RuleIndex(rules[:size])
        yield from row(articles, rules[:size], few, unit)
    print(f"{len(rules)} rules: read in {read:.1f} s and indexed in {build - read:.1f} s, {grown:.0f} MB")
    yield f"built in {build:.1f} s (at most {MOST_SECONDS:.0f})", build <= MOST_SECONDS
    yield f"{grown:.0f} MB for {len(rules)} rules (at most {MOST_MEGABYTES:.0f})", grown <= MOST_MEGABYTES
    reload = file_reload_ms(queries[:FILED])
    print(f"a file of {RULES_IN_FILE} rules saved, of {min(FILED, len(queries))}: {reload:.0f} ms to the next article")
    reload = reload_ms(index, rules)
    yield (
        f"one rule of {len(rules)} changed in {reload:.1f} ms (at most {MOST_RELOAD_MS:.0f})",
        reload <= MOST_RELOAD_MS,
    )


def row(articles: Sequence[Article], rules: Sequence[Rule], index: RuleIndex, unit: Cost) -> Iterator[tuple[str, bool]]:
    size, few = len(rules), articles[:LOOPED]
    found = [index.matching(Scope(document(one.title, one.text))) for one in articles]
    ours = cost(articles, lambda one: index.matching(Scope(document(one.title, one.text))))
    whole = RuleSet(tuple(rules))
    whole.__dict__["index"] = index
    evidence = cost(few, lambda one: decide(whole, one.title, one.text), rounds=2).mean
    told = sum(len(decide(whole, one.title, one.text)) for one in few) / len(few)
    loop = regex = None
    if size <= MOST_LOOPED:
        plain = [as_regex(one.match, one.none) for one in rules]
        loop = cost(few, lambda one: every_one(rules, one), rounds=2).mean
        regex = cost(few, lambda one: [test(one) for test in plain], rounds=2).mean
        same = all(every_one(rules, one) == names for one, names in zip(few, found, strict=False))
        yield f"{size} rules: the same matches as without an index", same
    matches = sum(map(len, found)) / len(articles)
    ratio = ours.mean / unit.mean
    cells = (f"{1e6 / ours.mean:.0f}", f"{ours.mean:.0f}", f"{ratio:.2f}", f"{ours.spread:.1f}", f"{matches:.1f}")
    slow = ("" if mean is None else f"{mean:.0f}" for mean in (evidence, loop, regex))
    print("".join(f"{cell:>11}" for cell in (size, *cells, *slow)), flush=True)
    if size in GOALS:
        yield f"{size} rules: {ratio:.2f} × finding the words (at most {GOALS[size]:.0f})", ratio <= GOALS[size]
        each = evidence / max(told, 1)
        yield f"{size} rules: {told:.0f} told at {each:.0f} µs each (at most {MOST_TELLING:.0f})", each <= MOST_TELLING
        yield f"{size} rules: p99 is {ours.spread:.1f} × p50 (at most {MOST_SPREAD:.0f})", ours.spread <= MOST_SPREAD


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds an article: of each the least of several rounds, sorted."""

    each: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.each) / len(self.each)

    @property
    def spread(self) -> float:
        return self.each[int(0.99 * len(self.each))] / self.each[len(self.each) // 2]


def cost(articles: Sequence[Article], work: Callable[[Article], object], *, rounds: int = ROUNDS) -> Cost:
    least = [float("inf")] * len(articles)
    for _ in range(rounds):
        for number, article in enumerate(articles):
            started = time.thread_time_ns()
            work(article)
            least[number] = min(least[number], (time.thread_time_ns() - started) / 1_000)
    return Cost(tuple(sorted(least)))


def every_one(rules: Sequence[Rule], article: Article) -> list[Rule]:
    """Without an index: each rule on each article."""
    scope = Scope(document(article.title, article.text))
    return [one for one in rules if holds(one, scope)]


def reload_ms(index: RuleIndex, rules: list[Rule]) -> float:
    place = len(rules) // 2
    changed = replace(rule(place, "kosovo AND troops"), version="changed")
    started = time.perf_counter()
    index.changed_to([*rules[:place], changed, *rules[place + 1 :]])
    return (time.perf_counter() - started) * 1_000


def file_reload_ms(queries: Sequence[str]) -> float:
    """From a rule file that was saved to the first article under its rules; the other files stay as they are."""
    with tempfile.TemporaryDirectory() as directory:
        files = [queries[start : start + RULES_IN_FILE] for start in range(0, len(queries), RULES_IN_FILE)]
        for number, said in enumerate(files):
            entries = [{"name": f"r-{number}-{place}", "match": query} for place, query in enumerate(said)]
            Path(directory, f"{number:04}.yaml").write_text(json.dumps({"rules": entries}), "utf-8")
        before = load(Path(directory), Path(directory, "none"))
        decide(before, "Tanks", "")
        changed = Path(directory, "0000.yaml")
        changed.write_text(changed.read_text("utf-8").replace(" AND ", " OR ", 1), "utf-8")
        started = time.perf_counter()
        decide(load(Path(directory), Path(directory, "none"), before), "Tanks", "")
        return (time.perf_counter() - started) * 1_000


def resident_megabytes() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096 / 1e6


# ---- the way it is mostly done: regular expressions, one rule after the other ----

Test = Callable[[Article], bool]


def as_regex(match: Condition, none: Condition | None) -> Test:
    wanted = _tested(match)
    if none is None:
        return wanted
    unwanted = _tested(none)
    return lambda one: wanted(one) and not unwanted(one)


def _tested(condition: Condition) -> Test:
    match condition:
        case All(children):
            tests = [_tested(child) for child in children]
            return lambda one: all(test(one) for test in tests)
        case InZone(zone, child):
            pattern = re.compile(_pattern(child), re.I)
            return lambda one: pattern.search(one.title if zone == "title" else one.text) is not None
        case _:
            pattern = re.compile(_pattern(condition), re.I)
            return lambda one: pattern.search(one.title) is not None or pattern.search(one.text) is not None


def _pattern(condition: Condition) -> str:
    match condition:
        case Any(children):
            return "|".join(f"(?:{_pattern(child)})" for child in children)
        case Near(within, _, children):
            gap = rf"\W+(?:\w+\W+){{0,{within - 1}}}"
            return "|".join(gap.join((one, other)) for one, other in _orders([_pattern(child) for child in children]))
        case Phrase(_, terms):
            return r"\b" + r"\W+".join(re.escape(term.folded) for term in terms) + r"\b"
        case Word(_, folded):
            return rf"\b{re.escape(folded)}\b"
        case _:
            raise ValueError(condition)


def _orders(pair: list[str]) -> Iterator[tuple[str, str]]:
    return pairwise((*pair, pair[0]))


if __name__ == "__main__":
    sys.exit(main())
