"""Sixteen clients that write until the cloud is killed, and what each of them knows."""

from __future__ import annotations

import hashlib
import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.raw import UNSIGNED, Draft, Line, signed

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

WRITERS = 16
BUCKET = b"crash"
MARK = b"A plain body, which nobody may find. "
KEYS = 4
SIZES = [0, 100, 1000, 16_384, 16_385, 70_000, 400_000]
PART = 5 * 1024 * 1024
FORM = [(b"Content-Type", b"application/x-www-form-urlencoded")]


def body_of(writer: str, count: int, size: int) -> bytes:
    """Bytes that are told apart from those of every other write."""
    stamp = f"{writer} {count} ".encode()
    return (stamp + MARK * (size // len(MARK) + 1))[:size]


@dataclass
class Known:
    """The states that a thing may have: one that is certain, or two while a call is under way."""

    acknowledged: str | None = None
    pending: str | None = None
    under_way: bool = False

    def begin(self, state: str | None) -> None:
        self.pending, self.under_way = state, True

    def end(self) -> None:
        self.acknowledged, self.under_way = self.pending, False

    def allows(self, found: str | None) -> bool:
        return found == self.acknowledged or (self.under_way and found == self.pending)

    def settle(self, found: str | None) -> None:
        self.acknowledged, self.under_way = found, False


@dataclass
class Writer:
    """One client with keys and users of its own; the states are MD5 sums, None for absent."""

    name: str
    seed: int
    objects: dict[str, Known] = field(default_factory=dict)
    users: dict[str, Known] = field(default_factory=dict)
    acknowledged: int = 0
    fault: str = ""
    _count: int = 0

    def work(self, port: int, stop: threading.Event) -> None:
        """Write until told to stop, or until the cloud is gone."""
        chance = random.Random(self.seed)
        try:
            with Line(port) as line:
                while not stop.is_set():
                    self._count += 1
                    self._choose(chance)(line, chance)
                    self.acknowledged += 1
        except OSError:
            return
        except AssertionError as fault:
            self.fault = str(fault)

    def _choose(self, chance: random.Random) -> Callable[[Line, random.Random], None]:
        deeds = [self._put, self._delete, self._upload, self._user]
        return chance.choices(deeds, [12, 4, 1, 3])[0]

    def _put(self, line: Line, chance: random.Random) -> None:
        key = f"{self.name}/{chance.randrange(KEYS)}"
        body = body_of(self.name, self._count, chance.choice(SIZES))
        known = self.objects.setdefault(key, Known())
        known.begin(digest(body))
        _ask(line, Draft("PUT", path_of(key), body=body), 200)
        known.end()

    def _delete(self, line: Line, chance: random.Random) -> None:
        key = f"{self.name}/{chance.randrange(KEYS)}"
        known = self.objects.setdefault(key, Known())
        known.begin(None)
        _ask(line, Draft("DELETE", path_of(key)), 204)
        known.end()

    def _upload(self, line: Line, chance: random.Random) -> None:
        key = f"{self.name}/multipart"
        path = path_of(key)
        started = _ask(line, Draft("POST", path, b"uploads="), 200)
        upload = re.search(rb"<UploadId>([^<]+)<", started)
        assert upload, started
        last = body_of(self.name, self._count, chance.choice(SIZES[1:]))
        # One part may be as small as it likes; the first of two may not.
        bodies = [last]
        if chance.random() < 0.1:
            bodies.insert(0, body_of(self.name, self._count, PART))
        parts = b""
        for number, body in enumerate(bodies, 1):
            query = b"partNumber=%d&uploadId=%b" % (number, upload[1])
            _ask(line, Draft("PUT", path, query, body=body), 200)
            parts += b"<Part><PartNumber>%d</PartNumber><ETag>%b</ETag></Part>" % (
                number,
                digest(body).encode(),
            )
        document = b"<CompleteMultipartUpload>%b</CompleteMultipartUpload>" % parts
        known = self.objects.setdefault(key, Known())
        known.begin(digest(b"".join(bodies)))
        _ask(line, Draft("POST", path, b"uploadId=" + upload[1], body=document), 200)
        known.end()

    def _user(self, line: Line, chance: random.Random) -> None:
        name = f"{self.name}-{chance.randrange(2)}"
        known = self.users.setdefault(name, Known())
        action = "DeleteUser" if known.acknowledged else "CreateUser"
        known.begin(None if known.acknowledged else name)
        body = f"Action={action}&Version=2010-05-08&UserName={name}".encode()
        _ask(line, Draft("POST", headers=FORM, body=body, service="iam"), 200)
        known.end()

    def check(self, line: Line) -> list[str]:
        """What is lost, changed or back; what may be either way is settled."""
        wrong = []
        for key, known in self.objects.items():
            found = _find_object(line, key)
            if not known.allows(found):
                wrong.append(f"{key}: {found}, not {known}")
            known.settle(found)
        for name, known in self.users.items():
            there = _find_user(line, name)
            if not known.allows(there):
                wrong.append(f"user {name}: {there}, not {known}")
            known.settle(there)
        return wrong


def path_of(key: str) -> bytes:
    return b"/" + BUCKET + b"/" + quote(key).encode()


def digest(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


def _ask(line: Line, draft: Draft, status: int) -> bytes:
    payload = UNSIGNED if draft.service == "s3" else None
    answer = line.ask(signed(draft, payload=payload))
    assert answer.status == status, f"{draft.method} {draft.target!r}: {answer}"
    return answer.body


def _find_object(line: Line, key: str) -> str | None:
    answer = line.ask(signed(Draft("GET", path_of(key))))
    assert answer.status in {200, 404}, answer
    return digest(answer.body) if answer.status == 200 else None


def _find_user(line: Line, name: str) -> str | None:
    body = f"Action=GetUser&Version=2010-05-08&UserName={name}".encode()
    answer = line.ask(signed(Draft("POST", headers=FORM, body=body, service="iam")))
    assert answer.status in {200, 404}, answer
    return name if answer.status == 200 else None
