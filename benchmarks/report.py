"""The page and the JSON file that a run leaves in docs/."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import evaluation
from benchmarks.servers import PROGRAMS

if TYPE_CHECKING:
    from benchmarks.results import Results

DOCS = Path(__file__).parent.parent / "docs"
_TITLES = {program.name: program.title for program in PROGRAMS}
_INTRODUCTION = """# Benchmarks

Written by `make bench`; not by hand. Every sample is in [benchmarks.json](benchmarks.json).

Requests are signed beforehand and replayed by an epoll loop (`benchmarks/replay.py`), so that no
SDK's cost is in the numbers. The servers run side by side on 127.0.0.1, one process tree each, and
take turns within every round; shown are medians of the rounds. **CPU** is user and system time of
the server's process tree for each completed request. Unless a row says otherwise, Cloudling keeps
a data folder, checks every signature and evaluates the three policies of ten statements of the
role whose session signed the request; MiniStack and moto_server check neither. nginx answers fixed
bytes or files and is the limit of what the machine gives. On a busy machine trust the ratios:
all servers suffer alike.
"""


def machine() -> dict[str, Any]:
    """Where this runs, and how busy it is now."""
    model = "unknown"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory_gb": round(memory / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "load": round(os.getloadavg()[0], 1),
    }


def write(results: Results, about: dict[str, Any]) -> None:
    """Leave the page and the data in docs/."""
    data = {"about": about, "samples": results.as_data()}
    (DOCS / "benchmarks.json").write_text(json.dumps(data, indent=1) + "\n")
    (DOCS / "benchmarks.md").write_text(page(results, about))


def page(results: Results, about: dict[str, Any]) -> str:
    sections = [_INTRODUCTION, _about(about), *_start(results), *_evaluation(results)]
    for case, title in results.titles.items():
        sections.append(f"## {title}\n")
        sections.append(_loads(results, case))
    sections += _transfers(results)
    return "\n".join(sections)


def _about(about: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    place = about["machine"]
    return (
        f"- Date: {about['date']}\n"
        f"- Command: `{about['command']}`; {about['rounds']} rounds, {about['seconds']} s a run\n"
        f"- Machine: {place['processor']}, {place['memory_gb']} GB, {place['system']}\n"
        f"- Load average: {about['load_before']} before, {about['load_after']} after\n"
        f"- Versions: {versions}\n"
    )


def today() -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] + ["--:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}".replace(",", " ")


def _loads(results: Results, case: str) -> str:
    counts = results.conditions(case)
    metrics = (
        ("cpu_us", "CPU µs"),
        ("per_second", "req/s"),
        ("p50_us", "p50 µs"),
        ("p99_us", "p99 µs"),
    )
    head = ["", *(f"{title} · {count}" for _, title in metrics for count in counts), "CPU ratio"]
    ours = results.median(case, "cloudling", counts[-1], "cpu_us")
    rows = []
    for server in results.servers(case):
        cells = [
            _number(results.median(case, server, count, metric))
            for metric, _ in metrics
            for count in counts
        ]
        cost = results.median(case, server, counts[-1], "cpu_us")
        ratio = _number(cost / ours) if cost and ours else "-"
        rows.append([_TITLES[server], *cells, ratio])
    note = (
        f"Columns by number of connections; the ratio is CPU at {counts[-1]} "
        "to that of Cloudling.\n"
    )
    return _table(head, rows) + "\n" + note


def _start(results: Results) -> list[str]:
    head = ["", "first start, ms", "second start, ms", "PSS after ten calls, MB"]
    metrics = ("first_ms", "second_ms", "pss_mb")
    rows = [
        [
            _TITLES[server],
            *(_number(results.median("start", server, "-", metric)) for metric in metrics),
        ]
        for server in results.servers("start")
    ]
    note = (
        "From exec to the first health answer, twice on the same folder; the memory is that of "
        "the process tree.\n"
    )
    return ["## Start and idle memory\n", _table(head, rows), note] if rows else []


def _evaluation(results: Results) -> list[str]:
    metrics = ("best_us", "median_us")
    rows = [
        [
            kind,
            *(_number(results.median("evaluation", "cloudling", kind, name)) for name in metrics),
        ]
        for kind in results.conditions("evaluation")
    ]
    note = (
        "The evaluator alone, in one process, with the question made anew each time; the short "
        "way is what nearly all calls that are allowed take.\n"
    )
    table = _table(["", "best µs", "median µs"], rows)
    return [f"## {evaluation.TITLE}\n", table, note] if rows else []


def _transfers(results: Results) -> list[str]:
    sections = []
    for case, title in (("256m", "256 MB"), ("5g", "5 GiB")):
        metrics = (
            ("mb_per_second", "MB/s"),
            ("cpu_s_per_gb", "CPU s/GB"),
            ("pss_rise_mb", "PSS rise, MB"),
        )
        ways = (("up", "put"), ("down", "get"))
        head = ["", *(f"{way} {name}" for _, way in ways for _, name in metrics)]
        rows = [
            [
                _TITLES[server],
                *(
                    _number(results.median(case, server, way, metric))
                    for way, _ in ways
                    for metric, _ in metrics
                ),
            ]
            for server in results.servers(case)
        ]
        if rows:
            sections += [f"## One object of {title}\n", _table(head, rows)]
    return sections
