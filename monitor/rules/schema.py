"""The rules and their vocabulary as YAML, read whole: either all of it is right, or every problem is named.

Concepts are read first and resolved into the conditions that use them, so a rule carries all it needs.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any as Anything

from monitor.channels import channel
from monitor.errors import ConfigError, Problem
from monitor.ids import digest
from monitor.model import ConceptVersion, RuleVersion, Severity
from monitor.rules.conditions import ConceptRef, Without, any_of
from monitor.rules.index import RuleIndex
from monitor.rules.mapping import ConditionReader, Notes
from monitor.rules.rhythm import read_rhythm, read_template
from monitor.rules.rule import Asked, Example, Examples, Rule
from monitor.rules.stems import LANGUAGES
from monitor.rules.terms import Condition
from monitor.yaml_file import LARGEST_FILE, Place, YamlFile, shown
from monitor.yaml_file import load as load_yaml

_RULE_KEYS = ("name", "title", "severity", "channel", "page", "match", "alert", "examples")
_CONCEPT_KEYS = ("name", "title", "terms")
_EXAMPLE_KEYS = ("match", "no_match")

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_LANGUAGE = re.compile(r"any|[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Concept:
    """A vocabulary and where it stands."""

    ref: ConceptRef
    file: str
    line: int
    text: str  # the terms as JSON, in the order in which they were written
    concepts: tuple[str, ...]  # others that it names
    asked: tuple[Asked, ...]


@dataclass(frozen=True)
class RuleSet:
    """Every rule of a configuration, in the order of the files."""

    rules: tuple[Rule, ...]
    concepts: tuple[Concept, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)  # a digest of each file that was read
    before: RuleIndex | None = field(default=None, compare=False, repr=False)

    @cached_property
    def concepts_by_name(self) -> Mapping[str, Concept]:
        return {concept.ref.name: concept for concept in self.concepts}

    @cached_property
    def index(self) -> RuleIndex:
        return RuleIndex(self.rules) if self.before is None else self.before.changed_to(self.rules)


def load(rules_dir: Path, concepts_dir: Path, before: RuleSet | None = None) -> RuleSet:
    """Raises ConfigError with every problem of every file. There need be no concepts; there must be a rule.

    Files that are what they were `before` are not read again, unless a concept changed.
    """
    problems: list[Problem] = []
    vocabulary, watched = _paths(concepts_dir, problems), _paths(rules_dir, problems)
    contents = {str(path): _content(path) for path in (*vocabulary, *watched)}
    known = before if before is not None and _same_vocabulary(before, contents, watched) else None
    concepts = _Concepts(problems, known.concepts if known is not None else ())
    if known is None:
        for file in _read(vocabulary, problems):
            concepts.add(file)
        concepts.resolve_all()
    reader = _Rules(problems, concepts.find)
    by_file: defaultdict[str, list[Rule]] = defaultdict(list)
    for rule in known.rules if known is not None else ():
        by_file[rule.file].append(rule)
    for path in watched:
        if known is not None and known.contents.get(str(path)) == contents[str(path)]:
            reader.take_over(by_file[str(path)])
        else:
            for file in _read([path], problems):
                reader.add(file)
    if not reader.rules and not problems:
        problems.append(Problem(str(rules_dir), 0, "there are no rules here; write one into a file ending in .yaml"))
    if problems:
        raise ConfigError(problems)
    return RuleSet(tuple(reader.rules), concepts.all(), contents, before=before.index if before is not None else None)


def version_of(rule: Rule, rules: RuleSet) -> RuleVersion:
    """What a rule of a set says, with all the vocabulary that it uses."""
    concepts = rules.concepts_by_name
    used, found = list(rule.concepts), dict[str, Concept]()
    while used:
        name = used.pop()
        if name not in found:
            found[name] = concepts[name]
            used.extend(concepts[name].concepts)
    vocabulary = (ConceptVersion(name, found[name].ref.version, found[name].text) for name in sorted(found))
    return RuleVersion(rule.name, rule.version, rule.title, rule.text, tuple(vocabulary))


def read_again(version: RuleVersion, file: str, line: int) -> Rule | None:
    """The rule as it was, at the place where it stands now. None: this program cannot read it any more."""
    problems: list[Problem] = []
    concepts = _Concepts(problems, ())
    terms = [{"name": one.name, "terms": json.loads(one.text)} for one in version.vocabulary]
    if terms:
        concepts.add(YamlFile(file, {"concepts": terms}, {}))
        concepts.resolve_all()
    said = {key: value for key, value in json.loads(version.text).items() if value is not None}
    reader = _Rules(problems, concepts.find)
    reader.add(YamlFile(file, {"rules": [said]}, {}))
    if problems or not reader.rules:
        return None
    return replace(reader.rules[0], version=version.version, file=file, line=line)


def read(file: YamlFile, vocabulary: RuleSet, only: str | None = None) -> tuple[Rule, ...]:
    """The rules of a file that is in no directory, or `only` one of them; they use the concepts of a set.

    Raises ConfigError with every problem.
    """
    problems: list[Problem] = []
    reader = _Rules(problems, _Concepts(problems, vocabulary.concepts).find)
    reader.add(file, only)
    if problems:
        raise ConfigError(problems)
    return tuple(reader.rules)


def _paths(directory: Path, problems: list[Problem]) -> list[Path]:
    try:
        paths = sorted(directory.iterdir()) if directory.is_dir() else []
    except OSError as e:
        problems.append(Problem(str(directory), 0, f"cannot be read ({e.strerror}); let this program read it"))
        return []
    # An editor's own files begin with a dot.
    return [path for path in paths if path.suffix in (".yaml", ".yml") and not path.name.startswith(".")]


def _content(path: Path) -> str:
    """A digest, or nothing where reading will say what is wrong."""
    try:
        readable = path.is_file() and path.stat().st_size <= LARGEST_FILE
        return sha256(path.read_bytes()).hexdigest() if readable else ""
    except OSError:
        return ""


def _same_vocabulary(before: RuleSet, contents: Mapping[str, str], watched: Sequence[Path]) -> bool:
    rules = {*map(str, watched), *(rule.file for rule in before.rules)}
    old, new = ({file: text for file, text in of.items() if file not in rules} for of in (before.contents, contents))
    return old == new and "" not in new.values()


def _read(paths: Iterable[Path], problems: list[Problem]) -> Iterator[YamlFile]:
    for path in paths:
        try:
            yield load_yaml(path)
        except ConfigError as e:
            problems.extend(e.problems)


def _entries(notes: Notes, key: str) -> Iterator[tuple[Place, dict[str, Anything]]]:
    """The mappings in the list that a file consists of."""
    example = f"{key}: [{{name: kosovo, …}}]"
    top = notes.mapping(notes.file.data, (), what="the file", example=example)
    if top is None:
        return
    notes.unknown_keys(top, (key,), ())
    for index, value in enumerate(notes.items(top.get(key), (key,), what=f"{key}:", example=example)):
        entry = notes.mapping(value, (key, index), what="this", example="- name: kosovo")
        if entry is not None:
            yield (key, index), entry


def _name(notes: Notes, entry: dict[str, Anything], place: Place, taken: dict[str, str]) -> str | None:
    """The name, if it is well-formed and new; `taken` says where each name stands."""
    name = entry.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > 80:
        wrong = "name is missing; add one" if "name" not in entry else f"{shown(name)} cannot be a name; write one"
        notes.note((*place, "name"), f"{wrong} in small letters, digits and hyphens, as in kosovo-troops")
        return None
    if name in taken:
        notes.note((*place, "name"), f"the name {name!r} is also used at {taken[name]}; rename one of the two")
        return None
    taken[name] = f"{notes.file.name}:{notes.file.line((*place, 'name'))}"
    return name


def _title(notes: Notes, entry: dict[str, Anything], place: Place, name: str) -> str:
    title = entry.get("title", name.replace("-", " ").capitalize())
    if isinstance(title, str) and title.strip():
        return title.strip()
    notes.note(
        (*place, "title"),
        f"title: {shown(title)} is not text; write some words, in quotes if they look like something else",
    )
    return name


def _canonical(data: object) -> str:
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def _as_written(data: object) -> str:
    """In the order that it was written in, in which evidence is told too."""
    return json.dumps(data, ensure_ascii=False)


# ---- concepts ----


@dataclass(frozen=True, slots=True)
class _Definition:
    file: YamlFile
    place: Place  # of the terms
    terms: dict[str, Anything]


class _Concepts:
    """Definitions first, in any order and any file; each is read when it is first asked for."""

    def __init__(self, problems: list[Problem], known: Iterable[Concept]) -> None:
        self._problems = problems
        self._taken: dict[str, str] = {}
        self._definitions: dict[str, _Definition] = {}
        self._known = {concept.ref.name: concept for concept in known}
        self._resolved: dict[str, ConceptRef | None] = {name: concept.ref for name, concept in self._known.items()}
        self._used: dict[str, tuple[str, ...]] = {}
        self._asked: dict[str, tuple[Asked, ...]] = {}
        self._under_way: list[str] = []

    def add(self, file: YamlFile) -> None:
        notes = Notes(file, self._problems)
        for place, entry in _entries(notes, "concepts"):
            notes.unknown_keys(entry, _CONCEPT_KEYS, place)
            name = _name(notes, entry, place, self._taken)
            if name is None:
                continue
            _title(notes, entry, place, name)
            example = "terms: {en: [kosovo, pristina], sr: [priština*]}"
            terms = notes.mapping(entry.get("terms"), (*place, "terms"), what="terms:", example=example)
            self._definitions[name] = _Definition(file, (*place, "terms"), terms or {})

    def resolve_all(self) -> None:
        for name in self._definitions:
            self._resolve(name)

    def all(self) -> tuple[Concept, ...]:
        return tuple(self._known.values()) or tuple(
            Concept(
                ref,
                definition.file.name,
                definition.file.line(definition.place[:-1]),
                _as_written(definition.terms),
                self._used[name],
                self._asked[name],
            )
            for name, definition in self._definitions.items()
            if (ref := self._resolved.get(name)) is not None
        )

    def find(self, name: str, complain: Callable[[str], None]) -> ConceptRef | None:
        """Says what is wrong through `complain`, unless the concept's own file has been blamed already."""
        if name not in self._definitions and name not in self._known:
            close = get_close_matches(name, [*self._definitions, *self._known], 1)
            hint = f"did you mean {close[0]!r}?" if close else "define it in a file in the directory concepts"
            complain(f"there is no concept {name!r}; {hint}")
            return None
        if name in self._under_way:
            circle = " → ".join([*self._under_way[self._under_way.index(name) :], name])
            complain(f"concepts refer to one another in a circle: {circle}; take one of these references out")
            return None
        return self._resolve(name)

    def _resolve(self, name: str) -> ConceptRef | None:
        if name not in self._resolved:
            self._under_way.append(name)
            self._resolved[name] = self._read(name, self._definitions[name])
            self._under_way.pop()
        return self._resolved[name]

    def _read(self, name: str, definition: _Definition) -> ConceptRef | None:
        reader = ConditionReader(definition.file, self._problems, self.find)
        conditions: list[Condition] = []
        for language, terms in definition.terms.items():
            place = (*definition.place, language)
            if not _LANGUAGE.fullmatch(language):
                reader.note(place, f"{language!r} is not a language; write a code such as en or sr, or any")
            reader.language = language if language in LANGUAGES else None
            items = reader.items(terms, place, what=f"{language}:", example=f"{language}: [kosovo, pristina]")
            conditions.extend(reader.read_all(items, place) or ())
        if not conditions:
            return None
        self._used[name], self._asked[name] = tuple(sorted(reader.concepts)), tuple(reader.asked)
        used = (reader.concepts[other].version for other in self._used[name])
        return ConceptRef(name, any_of(conditions), digest("concept", _canonical(definition.terms), *used))


# ---- rules ----


class _Rules:
    def __init__(
        self, problems: list[Problem], find_concept: Callable[[str, Callable[[str], None]], ConceptRef | None]
    ) -> None:
        self.rules: list[Rule] = []
        self._problems = problems
        self._find_concept = find_concept
        self._taken: dict[str, str] = {}

    def take_over(self, rules: Iterable[Rule]) -> None:
        """Those of a file that is what it was."""
        for rule in rules:
            place = f"{rule.file}:{rule.line}"
            if rule.name in self._taken:
                message = f"the name {rule.name!r} is also used at {self._taken[rule.name]}; rename one of the two"
                self._problems.append(Problem(rule.file, rule.line, message))
            self._taken[rule.name] = place
            self.rules.append(rule)

    def add(self, file: YamlFile, only: str | None = None) -> None:
        for place, entry in _entries(Notes(file, self._problems), "rules"):
            if only is not None and entry.get("name") != only:
                continue
            rule = self._read(ConditionReader(file, self._problems, self._find_concept), entry, place)
            if rule is not None:
                self.rules.append(rule)

    def _read(self, reader: ConditionReader, entry: dict[str, Anything], place: Place) -> Rule | None:
        _refuse_unknown(reader, entry, place)
        name = _name(reader, entry, place, self._taken) or "?"
        title = _title(reader, entry, place, name)
        severity = _severity(reader, entry, place)
        target = _channel(reader, entry, place)
        page = _page(reader, entry, place)
        condition = _match(reader, entry, place)
        examples = _examples(reader, entry, place)
        rhythm, template = read_rhythm(reader, entry, place), read_template(reader, entry, place)
        if condition is None:
            return None
        match, none = condition, None
        if isinstance(condition, Without):
            match, none = condition.wanted, condition.unwanted
        said = {"name": name, "title": title, "severity": severity, "channel": target, "match": entry["match"]}
        said |= {"page": True} if page else {}
        used = (reader.concepts[other].version for other in sorted(reader.concepts))
        return Rule(
            name=name,
            title=title,
            severity=severity,
            channel=target,
            page=page,
            match=match,
            none=none,
            version=digest("rule", _canonical(said), *used),
            text=_as_written(said),
            file=reader.file.name,
            line=reader.file.line(place),
            examples=examples,
            concepts=tuple(sorted(reader.concepts)),
            rhythm=rhythm,
            template=template,
            asked=tuple(reader.asked),
        )


def _refuse_unknown(notes: Notes, entry: dict[str, Anything], place: Place) -> None:
    if "none" in entry:
        notes.note((*place, "none"), "none: stands inside match:, beside all: or any:; move it there")
    notes.unknown_keys({key: value for key, value in entry.items() if key != "none"}, _RULE_KEYS, place)


def _severity(notes: Notes, entry: dict[str, Anything], place: Place) -> Severity:
    given = entry.get("severity", Severity.NORMAL)
    try:
        return Severity(given)
    except ValueError:
        notes.note((*place, "severity"), f"severity {shown(given)} is unknown; known: {', '.join(Severity)}")
        return Severity.NORMAL


def _page(notes: Notes, entry: dict[str, Anything], place: Place) -> bool:
    given = entry.get("page", False)
    if not isinstance(given, bool):
        notes.note((*place, "page"), f"page: {shown(given)} is not true or false; write one of them")
    return given is True


def _channel(notes: Notes, entry: dict[str, Anything], place: Place) -> str | None:
    if "channel" not in entry:
        return None
    try:
        return channel(entry["channel"])
    except ValueError as e:
        notes.note((*place, "channel"), f"channel: {shown(entry['channel'])} {e}")
        return None


def _match(reader: ConditionReader, entry: dict[str, Anything], place: Place) -> Condition | None:
    if "match" not in entry:
        reader.note((*place, "match"), "match is missing; add what to look for, as in match: kosovo AND troops")
        return None
    return reader.read(entry["match"], (*place, "match"))


def _examples(notes: Notes, entry: dict[str, Anything], place: Place) -> Examples:
    if "examples" not in entry:
        return Examples()
    place = (*place, "examples")
    example = 'examples: {match: ["Tanks near Kosovo"], no_match: ["Kosovo wins the match"]}'
    given = notes.mapping(entry["examples"], place, what="examples:", example=example)
    if given is None:
        return Examples()
    notes.unknown_keys(given, _EXAMPLE_KEYS, place)
    match, no_match = (_example_list(notes, given, key, place) for key in _EXAMPLE_KEYS)
    return Examples(match, no_match)


def _example_list(notes: Notes, given: dict[str, Anything], key: str, place: Place) -> tuple[Example, ...]:
    if key not in given:
        return ()
    place, examples = (*place, key), []
    for index, text in enumerate(notes.items(given[key], place, what=f"{key}:", example=f'{key}: ["a headline"]')):
        if isinstance(text, str) and text.strip():
            examples.append(Example(text.strip(), notes.file.line((*place, index))))
        else:
            notes.note((*place, index), "an example must be text; put quotes around it")
    return tuple(examples)
