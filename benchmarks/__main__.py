"""`python -m benchmarks`: measure Cloudling beside its peers and write docs/benchmarks.md."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any

from benchmarks import cases, environments, evaluation, report
from benchmarks.processes import proportional_memory
from benchmarks.results import Results
from benchmarks.scene import fill, prepare, ten_calls
from benchmarks.servers import PROGRAMS, Program, Running
from benchmarks.signing import ROOT, Signer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from benchmarks.scene import Scene

_WORK = environments.BUILD / "run"
_PHASES = ("start", "evaluation", *(case.name for case in cases.SMALL), "list", "256m")


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = [program.name for program in PROGRAMS]
    parser.add_argument("--servers", default=",".join(names), help="which of them, by comma")
    parser.add_argument("--cases", default=",".join(_PHASES), help="which of them, by comma")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=1.0, help="the length of one run")
    parser.add_argument("--keys", type=int, default=100_000, help="keys in the listed bucket")
    parser.add_argument("--quick", action="store_true", help="short runs and no page, to develop")
    parser.add_argument("--large", action="store_true", help="also 5 GiB up and down")
    chosen = parser.parse_args(arguments)
    if chosen.quick:
        chosen.rounds, chosen.seconds, chosen.keys = 2, 0.3, 5000
    chosen.servers = chosen.servers.split(",")
    chosen.cases = chosen.cases.split(",")
    for wanted, known in ((chosen.servers, names), (chosen.cases, _PHASES)):
        if unknown := [name for name in wanted if name not in known]:
            parser.error(f"{', '.join(unknown)}: not one of {', '.join(known)}")
    return chosen


def _say(text: str) -> None:
    print(text, flush=True)


class Benchmark:
    """One run of all chosen cases on all chosen servers."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self._chosen = chosen
        self._programs = [program for program in PROGRAMS if program.name in chosen.servers]
        self.results = Results()
        self._folders = 0
        self._seen: set[tuple[str, str]] = set()

    def _folder(self, program: Program) -> Path:
        self._folders += 1
        return _WORK / f"{program.name}-{self._folders}"

    @contextlib.contextmanager
    def _scenes(self, programs: list[Program], keys: int = 0) -> Iterator[list[Scene]]:
        """All servers at once, each with its bucket and role, ended with the block."""
        with contextlib.ExitStack() as stack:
            scenes = []
            for program in programs:
                running = Running(program, self._folder(program), keys=keys)
                stack.callback(shutil.rmtree, running.folder, ignore_errors=True)
                stack.callback(running.stop)
                scenes.append(prepare(running))
            yield scenes

    def run(self) -> None:
        wanted = self._chosen.cases
        if "start" in wanted:
            self._starts()
        if "evaluation" in wanted:
            self._evaluations()
        small = [case for case in cases.SMALL if case.name in wanted]
        if small or "256m" in wanted:
            with self._scenes(self._programs) as scenes:
                self._loads(scenes, small)
                if "256m" in wanted:
                    self._transfers("256m", scenes, 256 * cases.MEGABYTE, self._chosen.rounds)
        if "list" in wanted:
            self._lists()
        if self._chosen.large:
            ours = [program for program in self._programs if program.name == "cloudling"]
            with self._scenes(ours) as scenes:
                self._transfers("5g", scenes, 5 * 1024 * cases.MEGABYTE, 1)

    def _starts(self) -> None:
        for number in range(self._chosen.rounds):
            for program in self._programs:
                folder = self._folder(program)
                first = Running(program, folder)
                try:
                    if program.aws:
                        ten_calls(Signer(first.port, ROOT), first.port)
                    memory = proportional_memory(first.pid)
                finally:
                    first.stop()
                second = Running(program, folder)
                second.stop()
                shutil.rmtree(folder)
                sample = {
                    "first_ms": first.started_in * 1000,
                    "second_ms": second.started_in * 1000,
                    "pss_mb": memory / 1e6,
                }
                self.results.add("start", program.name, "-", sample)
            _say(f"start: round {number + 1} of {self._chosen.rounds}")

    def _evaluations(self) -> None:
        for number in range(self._chosen.rounds):
            for kind, sample in evaluation.samples(self._chosen.seconds).items():
                self.results.add("evaluation", "cloudling", kind, sample)
            _say(f"evaluation: round {number + 1} of {self._chosen.rounds}")

    def _loads(self, scenes: list[Scene], chosen: list[cases.Case]) -> None:
        run = 0
        for number in range(self._chosen.rounds):
            for case in chosen:
                self.results.titles[case.name] = case.title
                for count in case.connections:
                    for scene in scenes:
                        self._load(scene, case, count, run)
                    run += 1
            _say(f"load: round {number + 1} of {self._chosen.rounds}")

    def _load(self, scene: Scene, case: cases.Case, count: int, run: int) -> None:
        # What a case has to put in first, it puts in before its first run on a server.
        fresh = (case.name, scene.name) not in self._seen
        self._seen.add((case.name, scene.name))
        corpus = case.corpus(scene, 0 if fresh else run + 1)
        sample = cases.load(scene, corpus, count, self._chosen.seconds)
        self.results.add(case.name, scene.name, count, sample)
        cost = f"{sample['cpu_us']:8.1f} µs CPU, {sample['per_second']:8.0f} a second"
        _say(f"  {case.name:7} {count:2} {scene.name:10} {cost}")

    def _lists(self) -> None:
        keys = self._chosen.keys
        with self._scenes(self._programs, keys) as scenes:
            for scene in scenes:
                if scene.running.program.aws and not scene.running.filled:
                    _say(f"filling {scene.name} with {keys} keys")
                    fill(scene, keys)
            self._loads(scenes, [cases.listing(keys)])

    def _transfers(self, name: str, scenes: list[Scene], size: int, rounds: int) -> None:
        file = _WORK / f"{name}.bin"
        block = os.urandom(cases.MEGABYTE)
        with file.open("wb") as target:
            for _ in range(size // len(block)):
                target.write(block)
        for number in range(rounds):
            for scene in scenes:
                for way, sample in cases.transfer(scene, file).items():
                    self.results.add(name, scene.name, way, sample)
                    _say(f"  {name} {way:4} {scene.name:10} {sample['mb_per_second']:6.0f} MB/s")
            _say(f"{name}: round {number + 1} of {rounds}")
        file.unlink()


def main(arguments: Sequence[str]) -> None:
    chosen = _options(arguments)
    shutil.rmtree(_WORK, ignore_errors=True)
    _WORK.mkdir(parents=True)
    place = report.machine()
    versions = environments.versions()
    benchmark = Benchmark(chosen)
    benchmark.run()
    about: dict[str, Any] = {
        "date": report.today(),
        "command": " ".join(["python -m benchmarks", *arguments]),
        "rounds": chosen.rounds,
        "seconds": chosen.seconds,
        "machine": place,
        "load_before": place["load"],
        "load_after": report.machine()["load"],
        "versions": versions,
    }
    if chosen.quick:
        _say(report.page(benchmark.results, about))
    else:
        report.write(benchmark.results, about)
        _say(f"wrote {report.DOCS / 'benchmarks.md'}")


if __name__ == "__main__":
    main(sys.argv[1:])
