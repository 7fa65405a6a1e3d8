"""Letters handed in at a real mail server on this machine."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.sinks.email import EmailSink, MailServer, Tls, compose
from monitor.model import (
    Accepted,
    DeliveryId,
    NotSent,
    Refused,
    Report,
    SinkLocked,
    TargetBroken,
    Unclear,
    Unreadable,
)
from tests.builders import NOON, delivery, message

TLS = Path(__file__).parent / "tls"
READERS = {"desk": ("desk@news.example", "chief@news.example")}


@dataclass
class Post:
    """A mail server's own part: what came, and what it says."""

    data_reply: str = "250 OK"
    rcpt_reply: str = "250 OK"
    breaks_off: bool = False
    letters: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        envelope.rcpt_tos.append(address)
        return self.rcpt_reply

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        letter = message_from_bytes(envelope.content, policy=default)
        self.letters.append(letter)
        if self.breaks_off:
            server.transport.abort()
        return self.data_reply


@asynccontextmanager
async def running(post: Post, **settings: Any) -> AsyncIterator[Post]:
    listening = await asyncio.get_running_loop().create_server(lambda: SMTP(post, **settings), "127.0.0.1")
    post.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield post


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with running(Post()) as server:
        yield server


def server(post: Post, **fields: Any) -> MailServer:
    defaults: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": post.port,
        "tls": Tls.NONE,
        "user": None,
        "password": None,
        "sender": "monitor@news.example",
    }
    return MailServer(**defaults | fields)


def sink(post: Post, context: ssl.SSLContext | None = None, **fields: Any) -> EmailSink:
    return EmailSink(server(post, **fields), READERS, lambda: NOON, context)


async def test_a_letter(post: Post) -> None:
    """Text and HTML, to all readers; a reply names the letter it answers."""
    first = delivery(target="desk", message=message("Tanks <b>move</b>"))
    reply = delivery("b" * 32, target="desk", message=message("More"), thread_of=DeliveryId("a" * 32))
    assert isinstance(await sink(post).send(first), Accepted)
    assert isinstance(await sink(post).send(reply), Accepted)

    letter, answer = post.letters
    assert "[high] Tanks <b>move</b>" == letter["Subject"]
    assert "desk@news.example, chief@news.example" == letter["To"]
    assert letter["Message-ID"] == answer["In-Reply-To"]
    text, html = letter.iter_parts()
    assert isinstance(text, EmailMessage)
    assert isinstance(html, EmailMessage)
    assert "“Serbia has deployed tanks.”" in text.get_content()
    assert "Tanks &lt;b&gt;move&lt;/b&gt;" in html.get_content()
    assert "deployed <b>tanks</b>" in html.get_content()


async def test_the_same_delivery_is_the_same_letter(post: Post) -> None:
    """By its Message-ID, so that mail programs show it once."""
    for _ in range(2):
        await sink(post).send(delivery(target="desk", message=message()))

    assert post.letters[0]["Message-ID"] == post.letters[1]["Message-ID"]


async def test_plain_form_and_reports(post: Post) -> None:
    """Text alone when the server did not like the rich form."""
    await sink(post).send(delivery(target="desk", message=message(), plain=True))
    await sink(post).send(delivery(target="desk", message=Report(("a feed is gone",), 0, NOON)))

    assert not post.letters[0].is_multipart()
    assert "what operators must know" in post.letters[1]["Subject"]


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"data_reply": "451 later"}, NotSent),
        ({"data_reply": "554 spam"}, Refused),
        ({"rcpt_reply": "550 unknown"}, TargetBroken),
        ({"rcpt_reply": "450 greylisted"}, NotSent),
        ({"breaks_off": True}, Unclear),
    ],
    ids=lambda value: str(value),
)
async def test_answers(says: dict[str, Any], expected: type) -> None:
    """Only where nobody knows whether the letter went out is there a doubt."""
    async with running(Post(**says)) as post:
        assert isinstance(await sink(post).send(delivery(target="desk", message=message())), expected)


async def test_a_server_that_is_not_there(post: Post) -> None:
    """Is tried again; a target that is gone from the configuration waits for somebody."""
    assert isinstance(await sink(post, port=9).send(delivery(target="desk", message=message())), NotSent)
    assert isinstance(await sink(post).send(delivery(target="old", message=message())), TargetBroken)
    assert isinstance(await sink(post).find(delivery(target="desk")), Unreadable)


@pytest.mark.parametrize("wants", [{"tls": Tls.STARTTLS}, {"user": "monitor", "password": "right"}], ids=str)
async def test_a_server_that_cannot_do_what_it_is_asked_for(post: Post, wants: dict[str, Any]) -> None:
    """STARTTLS or a password, which it does not offer: somebody must mend the configuration, so operators are told."""
    refused = await sink(post, **wants).send(delivery(target="desk", message=message()))
    assert isinstance(refused, SinkLocked)
    assert [] == post.letters


async def test_password_and_secrecy() -> None:
    """A wrong password locks the sink; a server whose certificate nobody vouches for never hears the right one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "good.pem")
    heard: list[bytes] = []

    def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any) -> AuthResult:
        heard.append(given.password)
        return AuthResult(success=given.password == b"right", handled=False)

    trusting = ssl.create_default_context(cafile=str(TLS / "authority.pem"))
    trusting.check_hostname = False
    login: dict[str, Any] = {"tls": Tls.STARTTLS, "user": "monitor"}
    settings: dict[str, Any] = {"tls_context": context, "authenticator": authenticate, "auth_required": True}
    async with running(Post(), **settings) as post:
        letter = delivery(target="desk", message=message())
        assert isinstance(await sink(post, password="right", **login).send(letter), SinkLocked)
        assert [] == heard
        assert isinstance(await sink(post, trusting, password="wrong", **login).send(letter), SinkLocked)
        assert isinstance(await sink(post, trusting, password="right", **login).send(letter), Accepted)


@given(headline=st.text(st.characters(), min_size=1, max_size=80))
def test_a_headline_adds_no_header(headline: str) -> None:
    """Whatever it holds, the letter can be written, and has the headers that we gave it."""
    letter = compose(delivery(target="desk", message=message(headline)), "monitor@news.example", ("a@b.example",), NOON)

    read = message_from_bytes(letter.as_bytes(), policy=default)
    assert set(read.keys()) == {
        *("From", "To", "Date", "Message-ID", "Auto-Submitted", "Subject", "MIME-Version", "Content-Type"),
    }
