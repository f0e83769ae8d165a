"""The cases: which requests load a server, and what each costs."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.answers import ask
from benchmarks.processes import MemoryWatch, cpu_seconds
from benchmarks.replay import replay
from benchmarks.scene import BUCKET, IDENTITY, body
from benchmarks.transfers import download, upload

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.scene import Scene

MEGABYTE = 1024 * 1024
_WARM_UP = 0.1


@dataclass(frozen=True)
class Case:
    """Small requests; `corpus` makes them anew for each run, whose number it gets."""

    name: str
    title: str
    corpus: Callable[[Scene, int], list[bytes]]
    connections: tuple[int, ...] = (1, 4, 16)


def _identity(scene: Scene, _run: int) -> list[bytes]:
    return [scene.signer.call("sts", IDENTITY) for _ in range(60)]


def _put(count: int, size: int) -> Callable[[Scene, int], list[bytes]]:
    def corpus(scene: Scene, run: int) -> list[bytes]:
        paths = (f"/{BUCKET}/put-{size}-{run}-{number}" for number in range(count))
        return [scene.signer.put(path, body(n, size)) for n, path in enumerate(paths)]

    return corpus


def _get(count: int, size: int) -> Callable[[Scene, int], list[bytes]]:
    def corpus(scene: Scene, run: int) -> list[bytes]:
        paths = [f"/{BUCKET}/get-{size}-{number}" for number in range(count)]
        if not run:
            for number, path in enumerate(paths):
                content = body(number, size)
                ask(scene.port, scene.signer.put(path, content))
                if ask(scene.port, scene.signer.get(path)) != content:
                    raise RuntimeError(f"{scene.name} gave other bytes than it was given")
        return [scene.signer.get(path) for path in paths]

    return corpus


def _list(keys: int) -> Callable[[Scene, int], list[bytes]]:
    def corpus(scene: Scene, _run: int) -> list[bytes]:
        starts = range(0, max(keys - 1000, 1), max(keys // 60, 1))
        query = {"list-type": "2", "encoding-type": "url", "max-keys": "1000"}
        return [
            scene.signer.get(f"/{BUCKET}", {**query, "start-after": f"key-{start:06}"})
            for start in starts
        ]

    return corpus


SMALL = (
    Case("sts", "STS GetCallerIdentity", _identity),
    Case("put-1k", "S3 PutObject, 1 KB", _put(4000, 1024)),
    Case("get-1k", "S3 GetObject, 1 KB", _get(200, 1024)),
    Case("put-1m", "S3 PutObject, 1 MB", _put(16, MEGABYTE), (1, 4)),
    Case("get-1m", "S3 GetObject, 1 MB", _get(16, MEGABYTE), (1, 4)),
)


def listing(keys: int) -> Case:
    return Case("list", f"S3 ListObjectsV2, 1 000 of {keys:,} keys", _list(keys), (1, 4))


Sample = dict[str, float]


def load(scene: Scene, corpus: list[bytes], connections: int, seconds: float) -> Sample:
    """One run of a case at one number of connections."""
    replay(scene.port, corpus, connections=connections, seconds=_WARM_UP)
    before = cpu_seconds(scene.running.pid)
    seen = replay(scene.port, corpus, connections=connections, seconds=seconds)
    spent = cpu_seconds(scene.running.pid) - before
    return {
        "cpu_us": spent / seen.completed * 1e6,
        "per_second": seen.per_second,
        "p50_us": seen.percentile(0.5) * 1e6,
        "p99_us": seen.percentile(0.99) * 1e6,
    }


def transfer(scene: Scene, file: Path) -> dict[str, Sample]:
    """One large object up and down: megabytes a second, CPU per gigabyte, rise of memory."""
    size = file.stat().st_size
    path = f"/{BUCKET}/{hashlib.sha256(file.name.encode()).hexdigest()[:16]}"
    head = scene.signer.put_head(path, size)
    request = scene.signer.get(path)
    return {
        "up": _moved(scene, size, lambda: upload(scene.port, head, file)),
        "down": _moved(scene, size, lambda: download(scene.port, request, size)),
    }


def _moved(scene: Scene, size: int, move: Callable[[], float]) -> Sample:
    pid = scene.running.pid
    before = cpu_seconds(pid)
    with MemoryWatch(pid) as watch:
        seconds = move()
    spent = cpu_seconds(pid) - before
    return {
        "mb_per_second": size / seconds / 1e6,
        "cpu_s_per_gb": spent / size * 1e9,
        "pss_rise_mb": watch.rise / 1e6,
    }
