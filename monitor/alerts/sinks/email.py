"""Alerts as letters. A thread is a thread: replies name the letter that they answer (RFC 5322, In-Reply-To).

The Message-ID is made of the delivery, so a letter that is sent twice, because a server broke off after it had it, is
one in the programs that go by it.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum
from html import escape
from typing import Final

from monitor.alerts.digest import about, more
from monitor.alerts.message import changed, marked, news, notes, provenance, report_lines, sentences, shorten
from monitor.alerts.plain_text import text, title
from monitor.model import (
    Accepted,
    Delivery,
    Digest,
    FindOutcome,
    Message,
    NotSent,
    Refused,
    Report,
    SendOutcome,
    SinkLocked,
    TargetBroken,
    Unclear,
    Unreadable,
)
from monitor.text import printable

TIMEOUT: Final = timedelta(seconds=30)
LONGEST_SUBJECT: Final = 200


class Tls(StrEnum):
    """How the way to the mail server is made secret."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where letters are handed in."""

    host: str
    port: int
    tls: Tls
    user: str | None
    password: str | None
    sender: str


class EmailSink:
    """One letter for each message. Targets are the names in the configuration, each with its addresses."""

    name = "email"
    pace = timedelta(0)
    settle_after = 2 * TIMEOUT

    def __init__(
        self,
        server: MailServer,
        readers: Mapping[str, tuple[str, ...]],
        clock: Callable[[], datetime],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._server = server
        self._readers = readers
        self._clock = clock
        self._context = context or ssl.create_default_context()
        self._turn = asyncio.Lock()

    async def send(self, delivery: Delivery) -> SendOutcome:
        readers = self._readers.get(delivery.target)
        if readers is None:
            return TargetBroken(f"no readers of e-mail are called {delivery.target!r} in monitor.yaml any more")
        letter = compose(delivery, self._server.sender, readers, self._clock())
        async with self._turn:
            return await asyncio.to_thread(self._hand_in, letter, delivery)

    async def edit(self, delivery: Delivery) -> SendOutcome:
        """A letter that was sent stays as it is."""
        return Accepted(receipt=delivery.receipt or message_id(delivery.id, self._server.sender))

    async def find(self, delivery: Delivery) -> FindOutcome:  # noqa: ARG002 - the contract of Sink
        return Unreadable("letters that were sent cannot be looked up", lasting=True)

    async def close(self) -> None:
        """Every letter has a connection of its own."""

    def _hand_in(self, letter: EmailMessage, delivery: Delivery) -> SendOutcome:
        """Until the letter is under way, whatever happens is a clear no."""
        try:
            client = self._connect()
        except smtplib.SMTPAuthenticationError as e:
            return SinkLocked(f"the mail server refuses the password: {_said(e)}")
        except (ssl.SSLCertVerificationError, smtplib.SMTPNotSupportedError) as e:
            return SinkLocked(f"the mail server cannot be used as `sinks.email` says: {e}")
        except (OSError, smtplib.SMTPException) as e:
            return NotSent(f"the mail server cannot be used: {e}")
        try:
            refused = client.send_message(letter)
        except smtplib.SMTPRecipientsRefused as e:
            code, said = next(iter(e.recipients.values()))
            words = f"the mail server refuses the addresses: {code} {said.decode(errors='replace')}"
            return TargetBroken(words) if code >= 500 else NotSent(words)
        except smtplib.SMTPSenderRefused as e:
            return SinkLocked(f"the mail server refuses the sender: {_said(e)}")
        except smtplib.SMTPDataError as e:
            words = f"the mail server does not take the letter: {_said(e)}"
            return Refused(words) if e.smtp_code >= 500 else NotSent(words)
        except (OSError, smtplib.SMTPException) as e:
            return Unclear(f"the mail server broke off: {e}")
        finally:
            client.close()
        note = f"; not to {', '.join(sorted(refused))}" if refused else ""
        return Accepted(receipt=f"{message_id(delivery.id, self._server.sender)}{note}")

    def _connect(self) -> smtplib.SMTP:
        server, seconds = self._server, TIMEOUT.total_seconds()
        if server.tls is Tls.TLS:
            client: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=seconds, context=self._context)
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=seconds)
        try:
            if server.tls is Tls.STARTTLS:
                client.starttls(context=self._context)
            if server.user is not None:
                client.login(server.user, server.password or "")
        except BaseException:
            client.close()
            raise
        return client


def is_address(text: str) -> bool:
    """An address alone, without a name (RFC 5322, addr-spec)."""
    try:
        address = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError):  # its parser stumbles over some
        return False
    return text.isascii() and bool(address.username) and "." in address.domain


def message_id(id_: str, sender: str) -> str:
    """The same at every attempt."""
    return f"<{id_}@{Address(addr_spec=sender).domain}>"


def compose(delivery: Delivery, sender: str, readers: tuple[str, ...], now: datetime) -> EmailMessage:
    """Text, and unless the server did not like it HTML beside it. No picture, no script, nothing that calls home."""
    letter = EmailMessage(policy=SMTP)
    letter["From"] = sender
    letter["To"] = ", ".join(readers)
    letter["Date"] = format_datetime(now)
    letter["Message-ID"] = message_id(delivery.id, sender)
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office programs keep quiet
    if delivery.thread_of is not None:
        letter["In-Reply-To"] = letter["References"] = message_id(delivery.thread_of, sender)
    message = delivery.message
    assert message is not None  # noqa: S101 - folded deliveries are never sent
    letter["Subject"] = title(message)
    letter.set_content(text(message, now, thread=bool(delivery.thread_of)))
    if not delivery.plain:
        letter.add_alternative(f"<!doctype html><html><body>{_html(message, now)}</body></html>", subtype="html")
    return letter


def _html(message: Message | Report | Digest, now: datetime) -> str:
    match message:
        case Report():
            return "".join(f"<p>{_safe(line)}</p>" for line in report_lines(message))
        case Digest():
            return _digest(message)
        case Message():
            return _alert(message, now)


def _digest(digest: Digest) -> str:
    rest = more(digest)
    parts = [f"<p>{_safe(line)}</p>" for line in (*digest.lines, *((rest,) if rest else ()))]
    parts += [
        f"<p>{escape(item.severity.upper())} · {_link(item.headline, item.url)}<br>{_safe(' · '.join(about(item)))}</p>"
        for item in digest.items
    ]
    return "".join(parts)


def _link(headline: str, url: str | None) -> str:
    if url is None or not url.startswith(("http://", "https://")):
        return f"<b>{_safe(headline)}</b>"
    return f'<a href="{escape(url)}"><b>{_safe(headline)}</b></a>'


def _alert(message: Message, now: datetime) -> str:
    headline = _link(message.headline, message.url)
    parts = [f"<p>{escape(message.severity.upper())} · {headline}<br>{provenance(message, safe=_safe)}</p>"]
    parts += [f"<p><i>{_safe(note)}</i></p>" for note in notes(message, now)]
    parts += ["<p>" + "<br>".join(map(_safe, changed(change))) + "</p>" for change in message.changes]
    parts += [
        f"<p>{_safe(news(added))}</p><blockquote>{_safe(added.sentence)}</blockquote>" for added in message.additions
    ]
    for reason in message.reasons:
        parts.append(f"<p>{_safe(reason.title)} ({_safe(reason.rule)})</p>")
        for sentence in sentences(reason.hits):
            pieces = marked(sentence, reason.hits)
            shown = "".join(f"<b>{_safe(piece)}</b>" if is_hit else _safe(piece) for piece, is_hit in pieces)
            parts.append(f"<blockquote>{shown}</blockquote>")
    return "".join(parts)


def _safe(text: str) -> str:
    return escape(printable(text))


def _said(error: smtplib.SMTPResponseException) -> str:
    said = error.smtp_error
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return printable(shorten(f"{error.smtp_code} {words}", LONGEST_SUBJECT))
