"""How well and how fast pages are read: `python -m benchmarks.articles FOLDER...`.

A FOLDER (or a tar archive) holds pages (`*.html`, `*.html.gz`) with what they should give: in a `ground-truth.json`
(page name -> articleBody, url, and datePublished if it is known, null if the page has no date), or in one text file
beside the folder or in it (title, byline, paragraphs, furniture), for pages that are all the same article.

F1 is over shingles of four words, with the means of precision and recall over all pages, as the article extraction
benchmark of 2019 has it; "by page" is the mean of the pages' own F1. Times are CPU of one process, extractors
taking turns page by page. Memory and pages a second are of the program's own workers, not recycled meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import random
import re
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from statistics import mean

from monitor.app.workers import Workers
from monitor.articles.furniture import trim
from monitor.articles.judge import judge
from monitor.articles.tasks import read_page
from monitor.errors import ExtractError
from monitor.model import FULL, Confidence, Extract

F1, BAD_PAGES, RIGHT_DATES, CPU_MS, WORKER_MB, MAIN_MB = 0.955, 0.01, 0.95, 50.0, 250, 60
BAD = 0.5
FURNITURE = ("You may also like", "Leave a Comment")
PROSE = 30  # words; a shorter line of the text file is title, byline or furniture
HTML = "text/html"

Extractor = Callable[[bytes, str], str]


@dataclass(frozen=True, slots=True)
class Sample:
    """A page and what it should give. `dated` says whether the true date, or that there is none, is known."""

    name: str
    url: str
    body: bytes
    text: str
    dated: bool = False
    published: date | None = None
    seed: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """Of one page, 0 to 1; `ms` of CPU."""

    precision: float
    recall: float
    ms: float

    @property
    def f1(self) -> float:
        return _harmonic(self.precision, self.recall)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--pages", type=int, default=2_000, help="for memory and pages a second (default: 2,000)")
    parser.add_argument("--worst", type=int, default=0, help="name so many of the worst pages")
    arguments = parser.parse_args()
    samples = [sample for folder in arguments.folders for sample in _samples(folder)]
    if not samples:
        parser.error("no pages with gold text found")
    print(f"{len(samples)} pages, {sum(len(sample.body) for sample in samples) / len(samples) / 1000:.0f} kB each")
    goals = asyncio.run(_load(samples, arguments.pages))  # first: this process shall not have read a page itself
    goals += _quality([sample for sample in samples if not sample.seed], arguments.worst)
    goals += _dates(samples)
    goals += _gate(samples)
    goals += _seed([sample for sample in samples if sample.seed])
    print()
    for name, reached in goals:
        print(f"{'PASS' if reached else 'FAIL'}  {name}")
    return 0 if all(reached for _, reached in goals) else 1


# ---- memory and speed, in workers ----

Goals = list[tuple[str, bool]]


async def _load(samples: Sequence[Sample], pages: int) -> Goals:
    before = _resident_mb()
    largest = 0.0
    print("\nworkers   pages/s   MB of each worker")
    for count in (1, 2):
        workers = Workers(count, limit=timedelta(seconds=60), max_tasks=10**9)
        try:
            await asyncio.gather(*(workers.run(_resident_mb) for _ in range(count)))
            began = time.perf_counter()
            turns = iter(range(pages))
            await asyncio.gather(*(_read_on(workers, samples, turns) for _ in range(count)))
            speed = pages / (time.perf_counter() - began)
            sizes = await asyncio.gather(*(workers.run(_own_size, 0.2) for _ in range(count)))
        finally:
            await workers.close()
        largest = max(largest, *sizes)
        print(f"{count:>7} {speed:>9.1f}   {', '.join(f'{size:.0f}' for size in sizes)}")
    grown = _resident_mb() - before
    print(f"main process: {grown:+.0f} MB")
    return [
        (f"worker at most {WORKER_MB} MB after {pages} pages: {largest:.0f}", largest <= WORKER_MB),
        (f"main process grows by at most {MAIN_MB} MB: {grown:.0f}", grown <= MAIN_MB),
    ]


async def _read_on(workers: Workers, samples: Sequence[Sample], turns: Iterator[int]) -> None:
    for turn in turns:
        sample = samples[turn % len(samples)]
        try:
            await workers.run(read_page, sample.body, sample.url, HTML)
        except ExtractError:
            continue


def _own_size(pause: float) -> float:
    time.sleep(pause)  # so that each worker takes one
    return _resident_mb()


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0.0


# ---- text ----


def _quality(samples: Sequence[Sample], worst: int) -> Goals:
    if not samples:
        return []
    extractors: dict[str, Extractor] = {"news-monitor": _ours, **dict(_others())}
    scores: dict[str, list[Score]] = {name: [] for name in extractors}
    order = random.Random(1)
    for read in extractors.values():
        read(samples[0].body, samples[0].url)  # imports and caches count for nobody
    for sample in samples:
        for name in order.sample(list(extractors), len(extractors)):
            scores[name].append(_score(sample, extractors[name]))
    print(
        f"\n{'':20} {'F1':>6} {'by page':>8} {'precision':>10} {'recall':>7} {'F1 < 0.5':>9} {'ms':>6} {'ms, p95':>8}"
    )
    for name, own in scores.items():
        times = sorted(score.ms for score in own)
        print(
            f"{name:20} {_f1(own):>6.4f} {mean(score.f1 for score in own):>8.4f}"
            f" {mean(score.precision for score in own):>10.4f} {mean(score.recall for score in own):>7.4f}"
            f" {sum(score.f1 < BAD for score in own):>9} {mean(times):>6.1f} {times[int(0.95 * len(times))]:>8.1f}"
        )
    ours = scores["news-monitor"]
    for score, sample in sorted(zip(ours, samples, strict=True), key=lambda pair: pair[0].f1)[:worst]:
        print(f"  {score.f1:.3f} precision {score.precision:.2f} recall {score.recall:.2f} {sample.url[:90]}")
    bad = mean(score.f1 < BAD for score in ours)
    ms = mean(score.ms for score in ours)
    return [
        (f"F1 at least {F1}: {_f1(ours):.4f}", _f1(ours) >= F1),
        (f"pages under F1 {BAD} at most {BAD_PAGES:.0%}: {bad:.2%}", bad <= BAD_PAGES),
        (f"at most {CPU_MS:.0f} ms CPU a page, metadata included: {ms:.1f}", ms <= CPU_MS),
    ]


def _score(sample: Sample, read: Extractor) -> Score:
    began = time.process_time()
    text = read(sample.body, sample.url)
    ms = (time.process_time() - began) * 1000
    found, gold = _shingles(text), _shingles(sample.text)
    common = (found & gold).total()
    return Score(common / (found.total() or 1), common / (gold.total() or 1), ms)


def _shingles(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[start : start + 4]) for start in range(max(1, len(words) - 3)) if words)


def _f1(scores: Iterable[Score]) -> float:
    scores = list(scores)
    return _harmonic(mean(score.precision for score in scores), mean(score.recall for score in scores))


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def _read(body: bytes, url: str) -> Extract | None:
    try:
        return read_page(body, url, HTML)
    except ExtractError:
        return None


def _ours(body: bytes, url: str) -> str:
    """As it would be matched."""
    found = _read(body, url)
    return trim(found.text, found.title) if found else ""


def _others() -> Iterator[tuple[str, Extractor]]:
    for name, module, made in (
        ("readability-lxml", "readability", _readability),
        ("resiliparse", "resiliparse.extract.html2text", _resiliparse),
    ):
        try:
            import_module(module)
        except ImportError:
            print(f"{name} is not installed (pip install 'news-monitor[benchmarks]'): left out")
        else:
            yield name, made()


def _readability() -> Extractor:
    from lxml.html import fromstring
    from readability import Document

    def read(body: bytes, url: str) -> str:  # noqa: ARG001
        try:
            return str(fromstring(Document(_decoded(body)).summary()).xpath("string()"))
        except Exception:  # whatever it fails over, it found nothing
            return ""

    return read


def _resiliparse() -> Extractor:
    from resiliparse.extract.html2text import extract_plain_text

    def read(body: bytes, url: str) -> str:  # noqa: ARG001
        return str(extract_plain_text(_decoded(body), main_content=True))

    return read


def _decoded(body: bytes) -> str:
    from monitor.articles.markup import decoded

    return decoded(body, HTML)


# ---- dates ----


def _dates(samples: Sequence[Sample]) -> Goals:
    """Where the gold is silent, the day in the page's address is the truth, and is then hidden from the reader."""
    dated = right = silent = invented = guessed = 0
    labels: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for sample in samples:
        truth = sample.published if sample.dated else _day_in(sample.url)
        hidden = sample.url if sample.dated else "https://news.example/article"
        found = _read(sample.body, hidden)
        if found is None:
            continue
        label = str(found.date_confidence or "none")
        labels[label] += 1
        if truth is not None:
            dated += 1
            # The page's own day may be another one than that of UTC.
            close = found.published_at is not None and abs(_noon(truth) - found.published_at) <= timedelta(hours=36)
            right += close
            wrong[label] += not close
        elif sample.dated:
            silent += 1
            invented += found.date_confidence is Confidence.DECLARED
            guessed += found.date_confidence is Confidence.GUESS
    print("\ndates: " + ", ".join(f"{count} {label}" for label, count in labels.items()))
    print(f"  known from gold or address {dated}, right {right}; wrong or missing by label {dict(wrong)}")
    print(f"  pages that carry none {silent}, of them given one as declared {invented}, as a guess {guessed}")
    goals: Goals = [(f"no date invented: {invented} of {silent}", not invented)] if silent else []
    if dated:
        goals.append((f"date right on at least {RIGHT_DATES:.0%}: {right / dated:.1%}", right / dated >= RIGHT_DATES))
    return goals


def _day_in(url: str) -> date | None:
    found = re.search(r"/(20\d\d)/(\d\d?|[a-z]{3})/(\d\d?)/", url)
    if found is None:
        return None
    try:
        return datetime.strptime("-".join(found.groups()), "%Y-%m-%d" if found[2].isdigit() else "%Y-%b-%d").date()  # noqa: DTZ007
    except ValueError:
        return None


def _noon(day: date) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


# ---- the gate, and the page that the project began with ----


def _gate(samples: Sequence[Sample]) -> Goals:
    """All are articles, or teasers that say so; their feeds would have announced them by their titles."""
    alarms: Counter[str] = Counter()
    for sample in samples:
        found = _read(sample.body, sample.url)
        verdict = judge(found, entry_title=found.title, entry_summary="") if found else "no text"
        if verdict != FULL and not (found and found.must_be_paid):
            alarms[verdict] += 1
            print(f"  taken for {verdict}: {sample.url[:100]}")
    return [(f"no article thrown away: {alarms.total()} of {len(samples)}", not alarms)]


def _seed(samples: Sequence[Sample]) -> Goals:
    clean = 0
    for sample in samples:
        found = _read(sample.body, sample.url)
        lines = trim(found.text, found.title).split("\n\n") if found else []
        gold = [line for line in sample.text.split("\n\n") if len(line.split()) >= PROSE]
        missing = [line for line in gold if line not in lines]
        odd = [line for line in lines if line in FURNITURE or line.casefold().startswith("by ")]
        dates = [str(found.published_at)] if found and found.published_at else []
        clean += not (missing or odd or dates)
        print(f"  {sample.name}: {len(gold) - len(missing)} of {len(gold)} paragraphs", *odd, *dates)
    return [(f"the seed article clean in all its shells: {clean} of {len(samples)}", clean == len(samples))] * bool(
        samples
    )


# ---- the corpus ----


def _samples(folder: Path) -> Iterator[Sample]:
    files = dict(_files(folder))
    for name in [name for name in files if name.endswith("ground-truth.json")]:
        for key, gold in json.loads(files[name]()).items():
            page = next((files[path] for path in files if key in path and ".html" in path), None)
            if page is not None:
                yield _sample(key, gold, page())
    if not any(name.endswith("ground-truth.json") for name in files):
        texts = [*folder.glob("*.txt"), *folder.parent.glob("*.txt")] if folder.is_dir() else []
        pages = [name for name in files if ".html" in name]
        for name in pages if texts else []:
            yield Sample(name, f"https://news.example/{name}", files[name](), texts[0].read_text(), True, seed=True)


def _sample(key: str, gold: dict[str, object], body: bytes) -> Sample:
    text = gold["articleBody"]
    given = gold.get("datePublished")
    return Sample(
        key,
        str(gold.get("url") or "https://news.example/article"),
        body,
        "\n\n".join(text) if isinstance(text, list) else str(text),
        "datePublished" in gold,
        date.fromisoformat(str(given)[:10]) if given else None,
    )


def _files(folder: Path) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Every file, of archives too, by its name; what reads it is called when it is needed."""
    paths = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.is_file())
    for path in paths:
        if ".tar" in path.suffixes:
            with tarfile.open(path) as archive:
                for member in archive:
                    if (file := archive.extractfile(member)) is not None:
                        yield member.name, _reader(member.name, file.read())
        elif {".html", ".gz", ".json"} & set(path.suffixes):
            yield str(path.relative_to(folder.parent)), _reader(path.name, path.read_bytes())


def _reader(name: str, data: bytes) -> Callable[[], bytes]:
    return lambda: gzip.decompress(data) if name.endswith(".gz") else data


if __name__ == "__main__":
    sys.exit(main())
