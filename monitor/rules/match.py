"""Rules and an article in, decisions out. Pure; a decision carries the words that made it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from monitor.model import Decision, Hit, Outcome
from monitor.rules.conditions import All
from monitor.rules.rule import Rule
from monitor.rules.schema import RuleSet
from monitor.rules.scope import NOTHING, About, Found, Scope
from monitor.rules.terms import Condition
from monitor.text import Document, Sentence, document

# Pages without a full stop have sentences of half a megabyte, and each hit would carry one into the evidence.
LONGEST_SENTENCE = 1_000
MOST_NEAR = 50  # decisions on rules that did not match, of which each is written down
BEFORE_A_HIT = 150  # of a longer one; little, as a message shows the beginning of it


def decide(
    rules: RuleSet, title: str, text: str, captions: Iterable[str] = (), about: About = NOTHING
) -> tuple[Decision, ...]:
    """A decision for each rule that matches, and for those that come nearest, in the order of the rules.

    Of very many rules hundreds come near each article by some common word, which nobody wants to read.
    """
    scope = Scope(document(title, text, captions), about)
    decisions = (judge(rule, scope) for rule in rules.index.worth_judging(scope, MOST_NEAR))
    return tuple(decision for decision in decisions if decision is not None)


def judge(rule: Rule, scope: Scope) -> Decision | None:
    """Near is a rule of which some parts were found and some not, or which only an exclusion stopped.

    What is missing goes with how near the text came to it.
    """
    found = rule.match.find(scope)
    if found is None:
        return _near(rule, scope)
    excluded = rule.none.find(scope.against) if rule.none is not None else None
    if excluded is None:
        return _decision(rule, scope.document, Outcome.MATCHED, found)
    return _decision(rule, scope.document, Outcome.NEAR, found, missing=(f"excluded by {part}" for part, _ in excluded))


def slowest(rules: RuleSet, documents: Iterable[Document], clock: Callable[[], float]) -> tuple[tuple[str, float], ...]:
    """What each rule costs on these documents when it is evaluated, in the clock's unit, the dearest first."""
    costs = dict.fromkeys((rule.name for rule in rules.rules), 0.0)
    for read in documents:
        _ = read.positions, read.sentences  # worked out when first asked for, and not to be paid by the first rule
        for rule in rules.rules:
            started = clock()
            judge(rule, Scope(read))
            costs[rule.name] += clock() - started
    return tuple(sorted(costs.items(), key=lambda cost: -cost[1]))


def _near(rule: Rule, scope: Scope) -> Decision | None:
    parts: tuple[Condition, ...] = rule.match.children if isinstance(rule.match, All) else ()
    evidence = [(part, part.find(scope)) for part in parts]
    found = [one for _, hits in evidence for one in hits or ()]
    if not found:
        return None
    missing = (_missing(part, scope) for part, hits in evidence if hits is None)
    return _decision(rule, scope.document, Outcome.NEAR, found, missing=missing)


def _missing(part: Condition, scope: Scope) -> str:
    shortfall = part.shortfall(scope)
    return part.label if shortfall is None else f"{part.label} ({shortfall})"


def _decision(
    rule: Rule, document: Document, outcome: Outcome, found: Iterable[Found], *, missing: Iterable[str] = ()
) -> Decision:
    return Decision(
        rule=rule.name,
        rule_version=rule.version,
        title=rule.title,
        severity=rule.severity,
        channel=rule.channel,
        outcome=outcome,
        hits=tuple(_hit(document, one) for one in dict.fromkeys(found)),
        missing=tuple(dict.fromkeys(missing)),
        template=rule.template,
    )


def _hit(document: Document, found: Found) -> Hit:
    first, last = document.at(found.span.start), document.at(found.span.end)
    source = document.source(first.zone)
    return Hit(
        part=found.part,
        words=source[first.start : min(last.end, first.start + LONGEST_SENTENCE)],
        zone=first.zone,
        start=first.start,
        end=last.end,
        sentence=_around(source, first.start, document.sentence_of(first)),
    )


def _around(source: str, place: int, sentence: Sentence) -> str:
    """The sentence that a hit stands in, or what stands near the hit in one that hardly ends."""
    if sentence.end - sentence.start <= LONGEST_SENTENCE:
        return source[sentence.start : sentence.end]
    start = max(sentence.start, place - BEFORE_A_HIT)
    end = min(sentence.end, start + LONGEST_SENTENCE)
    return "…" * (start > sentence.start) + source[start:end].strip() + "…" * (end < sentence.end)
