"""Poll, read, deliver: the whole flow, and who does each part of it.

    feed --Poller--> entries --Reader--> article, decisions, story --Alerter--> alerts --Deliverer--> Slack
                                            ^ the Watcher reads again what was told
                          what is held for a while, the Releaser tells when its time has come
    entries of a feed's first document --History--> stories, and nobody is told

Each step may run twice or die half-way. What it found is written in one transaction, keyed by what things are, so a
repeated step finds its own work and changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.app.alerter import Alerter
from monitor.app.deliverer import Deliverer
from monitor.app.history import History
from monitor.app.holds import Holds
from monitor.app.poller import Poller
from monitor.app.reader import Reader
from monitor.app.releaser import Releaser
from monitor.app.upkeep import Upkeep
from monitor.app.watcher import Watcher


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The steps, under one configuration. Each says whether it made something due."""

    poller: Poller
    reader: Reader
    history: History
    watcher: Watcher
    alerter: Alerter
    releaser: Releaser
    deliverer: Deliverer
    holds: Holds
    upkeep: Upkeep
