"""What is doubtful about rules that are in order: examples that fail, and findings, each with its remedy."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import combinations

from monitor.errors import Problem
from monitor.model import Decision, Zone
from monitor.rules.conditions import (
    All,
    Any,
    AtLeast,
    ConceptRef,
    Count,
    InZone,
    Near,
    SameSentence,
    Score,
    Without,
)
from monitor.rules.index import advice, holds
from monitor.rules.match import judge
from monitor.rules.needs import MAYBE
from monitor.rules.rule import Example, Rule
from monitor.rules.schema import RuleSet
from monitor.rules.scope import Scope
from monitor.rules.terms import Condition, Prefix, Word
from monitor.rules.written import to_query
from monitor.text import document

WIDE_NEAR = 60  # words; more than a paragraph apart, two words have little to do with one another
SAME_STORIES = 0.9  # of the stories of both rules
FEWEST_STORIES = 5


def run_examples(rules: RuleSet) -> dict[str, tuple[Problem, ...]]:
    """By the names of the rules, a problem for each example that does not come out. An example is read as a title."""
    return {rule.name: problems for rule in rules.rules if (problems := _failures(rule))}


def _failures(rule: Rule) -> tuple[Problem, ...]:
    tried = (
        _try(rule, example, should_match=should_match)
        for examples, should_match in ((rule.examples.match, True), (rule.examples.no_match, False))
        for example in examples
    )
    return tuple(problem for problem in tried if problem is not None)


def findings(rules: RuleSet) -> tuple[Problem, ...]:
    """What the rules themselves show; what only the archive shows is for `usage.py`."""
    found: list[Problem] = []
    for rule in rules.rules:
        found.extend(Problem(rule.file, rule.line, f"rule {rule.name}: {said}") for said in _of_rule(rule))
    for concept in rules.concepts:
        condition = concept.ref.condition
        said_of = _of_condition(condition, condition)
        found.extend(Problem(concept.file, concept.line, f"concept {concept.ref.name}: {said}") for said in said_of)
    found.extend(_subsumed(rules))
    said = advice(len(rules.rules))
    if said is not None:
        found.append(Problem("rules", 0, said))
    return tuple(sorted(set(found)))


def same_stories(rules: RuleSet, stories: Mapping[str, Set[str]]) -> tuple[Problem, ...]:
    """Pairs of rules that fire on the same stories. `stories`: of each rule, by name."""
    frequent = {name for name, fired_on in stories.items() if len(fired_on) >= FEWEST_STORIES}
    return tuple(
        Problem(
            other.file,
            other.line,
            f"rule {other.name}: fires on the same stories as {one.name} ({shared:.0%} of them); "
            "keep one of the two, or set them further apart",
        )
        for one, other in combinations([rule for rule in rules.rules if rule.name in frequent], 2)
        if (shared := _shared(stories[one.name], stories[other.name])) >= SAME_STORIES
    )


def _shared(one: Set[str], other: Set[str]) -> float:
    return len(one & other) / len(one | other)


# ---- one rule, one vocabulary ----


def _of_rule(rule: Rule) -> Iterator[str]:
    if not rule.examples.match or not rule.examples.no_match:
        yield "has no examples of both kinds; add a headline that must match and one that must not"
    if any(row <= {MAYBE} for row in rule.match.needs.rows):
        yield "needs no word, so it is looked at for every article; add one that must be there"
    for condition in (rule.match, *([rule.none] if rule.none is not None else [])):
        yield from _of_condition(condition)


def _of_condition(condition: Condition, vocabulary: Condition | None = None) -> Iterator[str]:
    """Concepts are looked at where they are defined. In a `vocabulary` each language may say the same again."""
    for part in parts_of(condition):
        match part:
            case Near(within, _, _) if within > WIDE_NEAR:
                yield f"{to_query(part)}: words so far apart say little; write {WIDE_NEAR} or less"
            case Word(written, folded) if (
                type(part) is Word and written.isupper() and len(folded) > 1 and written.isalpha()
            ):
                yield f"{written}: also finds {written.lower()!r} and {written.title()!r}; write acronym:{written}"
            case InZone(zone, child) if (other := _other_zone(zone, child)) is not None:
                yield f"{to_query(part)}: nothing in the {zone} stands in the {other} too; delete one of the two"
            case Any(children) if part is not vocabulary:
                yield from _covered(children)


def _other_zone(zone: Zone, condition: Condition) -> Zone | None:
    return next((part.zone for part in parts_of(condition) if isinstance(part, InZone) and part.zone is not zone), None)


def _covered(children: Iterable[Condition]) -> Iterator[str]:
    """Terms of a list that add nothing to it."""
    children = tuple(children)
    prefixes = {child.folded: child for child in children if isinstance(child, Prefix)}
    for written, count in Counter(map(to_query, children)).items():
        if count > 1:
            yield f"{written}: stands in one list {count} times; delete it there"
    for child in children:
        if type(child) is not Word:
            continue
        wider = next(
            (prefixes[start] for end in range(3, len(child.folded) + 1) if (start := child.folded[:end]) in prefixes),
            None,
        )
        if wider is not None:
            yield f"{child.written}: {wider.written} in the same list finds it already; delete it"


def parts_of(condition: Condition) -> Iterator[Condition]:
    """A condition and all that it is made of, but not what stands in concepts."""
    yield condition
    match condition:
        case Any(children) | All(children) | AtLeast(_, children) | Near(_, _, children) | SameSentence(children):
            inner: tuple[Condition, ...] = children
        case Score(_, terms):
            inner = tuple(term for term, _ in terms)
        case InZone(_, child) | Count(_, child):
            inner = (child,)
        case Without(wanted, unwanted):
            inner = (wanted, unwanted)
        case _:
            return
    for child in inner:
        yield from parts_of(child)


# ---- one rule and another ----


def _subsumed(rules: RuleSet) -> Iterator[Problem]:
    alike = _Alike(rules.rules)
    for rule in rules.rules:
        for other in alike.that_share_a_term_with(rule):
            same = (rule.match, rule.none) == (other.match, other.none)
            if rule is other or (same and rule.line < other.line):
                continue
            if (
                _implies(rule.match, other.match)
                and other.none in (None, rule.none)
                and rule.severity.rank <= other.severity.rank
            ):
                yield Problem(
                    rule.file,
                    rule.line,
                    f"rule {rule.name}: {other.name} matches whatever it matches, no less loudly; "
                    "delete it, or give it a higher severity",
                )


class _Alike:
    """Which rules need be compared: what implies another has a term in common with it, or a concept that it names."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._by_term: defaultdict[Condition, list[int]] = defaultdict(list)
        for place, rule in enumerate(rules):
            for term in set(parts_of(rule.match)):
                self._by_term[term].append(place)
        self._of_concepts: dict[str, set[int]] = {}

    def that_share_a_term_with(self, rule: Rule) -> list[Rule]:
        """In their order."""
        return [self._rules[place] for place in sorted(self._of(rule.match))]

    def _of(self, condition: Condition) -> set[int]:
        found = set[int]()
        for part in parts_of(condition):
            found.update(self._by_term.get(part, ()))
            if isinstance(part, ConceptRef):
                found |= self._of_concept(part)
        return found

    def _of_concept(self, concept: ConceptRef) -> set[int]:
        if concept.name not in self._of_concepts:
            self._of_concepts[concept.name] = self._of(concept.condition)
        return self._of_concepts[concept.name]


def _implies(one: Condition, other: Condition) -> bool:
    """Whether whatever satisfies the one satisfies the other, as far as their form shows it."""
    if one == other:
        return True
    if isinstance(one, Any):
        return all(_implies(child, other) for child in one.children)
    if isinstance(other, All):
        return all(_implies(one, child) for child in other.children)
    if isinstance(other, Any) and any(_implies(one, child) for child in other.children):
        return True
    if isinstance(one, All | Near | SameSentence):
        return any(_implies(child, other) for child in one.children)
    if isinstance(one, Without):
        return _implies(one.wanted, other)
    if isinstance(one, InZone) and one.zone is not Zone.CAPTION:
        return _implies(one.child, other)
    return isinstance(one, ConceptRef) and _implies(one.condition, other)


# ---- examples ----


def _try(rule: Rule, example: Example, *, should_match: bool) -> Problem | None:
    scope = Scope(document(example.text, ""))
    if holds(rule, scope) is should_match:
        return None
    decision = judge(rule, scope)
    expected = "should match and does not" if should_match else "should not match and does"
    return Problem(
        rule.file, example.line, f'rule {rule.name}: example "{example.text}" {expected}: {_account(decision)}'
    )


def _account(decision: Decision | None) -> str:
    if decision is None:
        return "no part of the rule was found"
    found = ", ".join(dict.fromkeys(f'"{hit.words}" ({hit.part})' for hit in decision.hits))
    if not decision.missing:
        return f"found {found}"
    stopped = ", ".join(decision.missing)
    if decision.missing[0].startswith("excluded by"):
        return f"found {found}, but {stopped}"
    return f"found {found}; missing {stopped}"
