"""A seeded run: mutated requests against a cloud of its own, and what was found."""

from __future__ import annotations

import copy
import random
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

from tests.fuzz import drafts, mutations
from tests.processes import CloudProcess
from tests.raw import (
    CHUNKED,
    TRAILER,
    UNSIGNED,
    Draft,
    Key,
    Line,
    ask,
    bytes_of,
    presigned,
    presigned_by_version_2,
    signed,
)

if TYPE_CHECKING:
    from pathlib import Path

SLOWEST = 5.0
# After so many requests the cloud is emptied, so that its memory can be compared.
EPISODE = 2000
# Memory may grow by so much after the first episodes: caches fill and fragments stay.
GROWTH = 48 * 1024 * 1024
STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
CODE = re.compile(rb'(?:<Code>|"__type":")([^<"]*)')
ALLOWED = frozenset({501, 505})


@dataclass
class Finding:
    what: str
    sent: bytes
    got: bytes = b""

    def __str__(self) -> str:
        return f"{self.what}\n  sent {self.sent[:3000]!r}\n  got  {self.got[:1500]!r}"


@dataclass
class Report:
    requests: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    codes: Counter[bytes] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    slowest: float = 0.0
    memory: list[int] = field(default_factory=list)

    def __str__(self) -> str:
        counted = " ".join(f"{status}:{count}" for status, count in sorted(self.statuses.items()))
        memory = " ".join(str(size >> 20) for size in self.memory)
        lines = [
            f"{self.requests} requests, slowest {self.slowest:.3f} s, statuses {counted}",
            f"codes: {[(c.decode(), n) for c, n in self.codes.most_common(40)]}",
            f"memory in MiB by episode: {memory}",
            *map(str, self.findings),
        ]
        return "\n".join(lines)


class Run:
    """Everything that is drawn comes from the seed; only the signatures' times differ."""

    def __init__(self, cloud: CloudProcess, seed: int) -> None:
        self._cloud = cloud
        self._random = random.Random(seed)
        self._templates = drafts.by_hand() * 4 + drafts.every_operation(self._random)
        self._upload = b""
        self._line: Line | None = None
        self.report = Report()

    def go(self, requests: int) -> Report:
        report = self.report
        self._begin_episode()
        self._templates = [each for each in self._templates for _ in range(self._weight(each))]
        while report.requests < requests and len(report.findings) < 20:
            if report.requests % EPISODE == 0:
                self._begin_episode()
            report.requests += 1
            self._one()
        report.memory.append(self._cloud.memory())
        self._hang_up()
        self._judge()
        return report

    def _weight(self, draft: Draft) -> int:
        """Operations that are here are asked more often than those that answer 501."""
        made = signed(draft) if draft.service else draft
        return 1 if ask(self._cloud.port, made).status == 501 else 8

    def _begin_episode(self) -> None:
        port = self._cloud.port
        ask(port, Draft("POST", b"/_localstack/state/reset", service=""))
        self.report.memory.append(self._cloud.memory())
        for bucket in drafts.BUCKETS[:3]:
            ask(port, signed(Draft("PUT", b"/" + bucket.encode())))
        ask(port, signed(Draft("PUT", b"/fuzz-first/plain.txt", body=b"hello " * 30)))
        ask(port, signed(Draft("PUT", b"/fuzz-first/large", body=b"0123456789" * 3000)))
        started = ask(port, signed(Draft("POST", b"/fuzz-first/up", b"uploads=")))
        found = re.search(rb"<UploadId>([^<]+)<", started.body)
        self._upload = found[1] if found else b"none"
        for form in (
            b"Action=CreateUser&UserName=fuzz-user",
            b"Action=CreateGroup&GroupName=fuzz-group",
            b"Action=CreateRole&RoleName=fuzz-role&AssumeRolePolicyDocument="
            + _quoted(drafts.TRUST),
            b"Action=CreatePolicy&PolicyName=fuzz-policy&PolicyDocument=" + _quoted(drafts.POLICY),
        ):
            headers = [(b"Content-Type", b"application/x-www-form-urlencoded")]
            body = form + b"&Version=2010-05-08"
            answer = ask(port, signed(Draft("POST", headers=headers, body=body, service="iam")))
            assert answer.status == 200, answer

    def _one(self) -> None:
        random = self._random
        draft = copy.deepcopy(random.choice(self._templates))
        draft.query = draft.query.replace(b"UPLOAD", self._upload)
        if random.random() < 0.85:
            mutations.change_meaning(draft, random)
        draft = self._sign(draft)
        if random.random() < 0.25:
            self._send_raw(mutations.change_bytes(bytes_of(draft), random))
        elif _is_plain(draft):
            self._send_kept(draft)
        else:
            self._send_raw(bytes_of(draft))

    def _sign(self, draft: Draft) -> Draft:
        random = self._random
        if not draft.service or random.random() < 0.05:
            return draft
        kind = random.random()
        key = Key(at=time.time() - 1000 if random.random() < 0.02 else 0.0)
        if kind < 0.70:
            return signed(draft, key)
        if kind < 0.78:
            return presigned(draft, key, random.choice([600, 600, 0, -1, 604800, 604801]))
        if kind < 0.82:
            return presigned_by_version_2(draft, key)
        if kind < 0.95 and draft.body:
            return signed(draft, key, random.choice([CHUNKED, TRAILER]))
        return signed(draft, key, random.choice([UNSIGNED, "", "nonsense", "0" * 64]))

    def _send_kept(self, draft: Draft) -> None:
        """On a connection that is kept: the framing is right, so one answer comes."""
        sent = bytes_of(draft)
        begun = time.monotonic()
        for last in (False, True):
            try:
                if self._line is None:
                    self._line = Line(self._cloud.port)
                self._line.send(sent)
                answer = self._line.answer(draft.method)
                break
            except OSError as fault:
                self._hang_up()
                # A kept connection may have been closed before the request came.
                if last:
                    self._note(Finding(f"no answer: {fault!r}", sent))
                    return
        self._count(answer.status, begun, sent, answer.body)
        if answer.headers.get("connection") == "close":
            self._hang_up()

    def _send_raw(self, sent: bytes) -> None:
        """On a connection of its own, whose end tells the server that nothing more comes."""
        begun = time.monotonic()
        try:
            with Line(self._cloud.port) as line:
                try:
                    line.send(sent)
                    line.sock.shutdown(1)
                except (BrokenPipeError, ConnectionResetError, OSError):
                    pass
                got = line.rest()
        except TimeoutError:
            self._note(Finding("no end within 20 s", sent))
            return
        except OSError as fault:
            self._note(Finding(f"no connection: {fault!r}", sent))
            return
        for status in STATUS.findall(got):
            self._count(int(status), begun, sent, got)

    def _count(self, status: int, begun: float, sent: bytes, got: bytes) -> None:
        report = self.report
        took = time.monotonic() - begun
        report.slowest = max(report.slowest, took)
        report.statuses[status] = report.statuses.get(status, 0) + 1
        report.codes.update(CODE.findall(got))
        if status >= 500 and status not in ALLOWED:
            self._note(Finding(f"status {status}", sent, got))
        if took > SLOWEST:
            self._note(Finding(f"took {took:.1f} s", sent, got))

    def _note(self, finding: Finding) -> None:
        self.report.findings.append(finding)

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _judge(self) -> None:
        report, cloud = self.report, self._cloud
        if not cloud.alive:
            report.findings.append(Finding("the server has died", b""))
        log = cloud.log.read_text()
        for mark in ("Traceback", "Task exception", "never retrieved", " ERROR "):
            if mark in log:
                at = log.index(mark)
                report.findings.append(Finding(f"log: {log[max(0, at - 300) : at + 3000]}", b""))
                break
        if len(report.memory) > 5 and report.memory[-1] - report.memory[4] > GROWTH:
            report.findings.append(Finding("the memory grows", b""))


def _is_plain(draft: Draft) -> bool:
    """Whether exactly one answer is sure to come on a kept connection."""
    names = {name.lower() for name, _ in draft.headers}
    odd = {b"expect", b"connection", b"upgrade", b"te", b"content-length", b"transfer-encoding"}
    hosts = sum(name.lower() == b"host" for name, _ in draft.headers)
    return not names & odd and hosts <= 1 and draft.method != "PRI"


def _quoted(text: str) -> bytes:
    return quote(text, safe="").encode()


def fuzz(folder: Path, seed: int, requests: int) -> Report:
    with CloudProcess(folder, "--memory") as cloud:
        return Run(cloud, seed).go(requests)
