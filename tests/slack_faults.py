"""What can go wrong between a client and Slack, and when. A plan with the same seed fails the same calls."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """TAKEN: Slack has done what was asked before it happens. The others of that name: it is never done."""

    HTTP_500 = "http_500"
    HTTP_502 = "http_502"
    HTTP_503 = "http_503"
    HTTP_500_TAKEN = "http_500_taken"
    STALL = "stall"  # no answer until the client gives up
    STALL_TAKEN = "stall_taken"
    DROP = "drop"  # the connection closes without an answer
    DROP_TAKEN = "drop_taken"
    TRUNCATED_TAKEN = "truncated_taken"  # half of the answer's body
    HTML = "html"  # 200 with a web page: a captive portal
    FATAL_ERROR = "fatal_error"
    FATAL_ERROR_TAKEN = "fatal_error_taken"
    RATELIMITED = "ratelimited"  # seconds: Retry-After
    LATE_COMMIT = "late_commit"  # as STALL, but it is done so many seconds after the client gave up
    HISTORY_LAG = "history_lag"  # the post succeeds; history shows it so many seconds later
    HISTORY_REFUSED = "history_refused"  # missing_scope
    INVALID_BLOCKS = "invalid_blocks"  # of a message that has blocks


NOT_TAKEN = frozenset(
    {
        Fault.HTTP_500,
        Fault.HTTP_502,
        Fault.HTTP_503,
        Fault.STALL,
        Fault.DROP,
        Fault.HTML,
        Fault.FATAL_ERROR,
        Fault.RATELIMITED,
        Fault.HISTORY_REFUSED,
        Fault.INVALID_BLOCKS,
    }
)

POSTS = frozenset({"chat.postMessage", "chat.update"})
READS = frozenset({"conversations.history", "conversations.replies"})

_ONLY = {
    Fault.LATE_COMMIT: POSTS,
    Fault.HISTORY_LAG: frozenset({"chat.postMessage"}),
    Fault.HISTORY_REFUSED: READS,
    Fault.INVALID_BLOCKS: POSTS,
}
_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault that befalls one call."""

    fault: Fault
    seconds: float


class FaultPlan:
    """Faults ordered for the next calls of a method come first; otherwise chance decides.

    Chance strikes posts and reads of history only, so that a client can always start.
    """

    def __init__(self, chances: Mapping[Fault, float], *, seconds: Mapping[Fault, float], seed: int) -> None:
        if sum(chances.values()) > 1:
            raise ValueError(f"the chances add up to more than 1: {dict(chances)}")
        self._chances = dict(chances)
        self._seconds = dict(seconds)
        self._seed = seed
        self._ordered: defaultdict[str, deque[Strike]] = defaultdict(deque)
        self._calls: Counter[str] = Counter()

    def order(self, method: str, fault: Fault, *, times: int, seconds: float | None) -> None:
        if method not in _ONLY.get(fault, {method}):
            raise ValueError(f"{fault} cannot befall {method}")
        self._ordered[method].extend([self._strike(fault, seconds)] * times)

    def next(self, method: str) -> Strike | None:
        if self._ordered[method]:
            return self._ordered[method].popleft()
        if method not in POSTS | READS:
            return None
        self._calls[method] += 1
        # One generator per call: which calls fail does not depend on the order in which methods are called.
        dice = Random(f"{self._seed} {method} {self._calls[method]}").random()
        for fault, chance in self._chances.items():
            if dice < chance:
                return self._strike(fault, None) if method in _ONLY.get(fault, {method}) else None
            dice -= chance
        return None

    def _strike(self, fault: Fault, seconds: float | None) -> Strike:
        return Strike(fault, self._seconds.get(fault, _SECONDS) if seconds is None else seconds)
