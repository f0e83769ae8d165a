"""`cloudling coverage`: which operations are real, partial or missing."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from cloudling.cli.cloud import find
from cloudling.settings import UserError

if TYPE_CHECKING:
    import argparse

    from cloudling.cli.cloud import Cloud

Table = dict[str, dict[str, str]]
STATES = ("real", "partial", "missing")


def run(given: argparse.Namespace) -> int:
    table = ask(find(given))
    if given.service:
        if given.service not in table:
            raise UserError(
                f"There is no service {given.service!r} here yet. "
                f"These are: {', '.join(sorted(table)) or 'none'}."
            )
        table = {given.service: table[given.service]}
    if given.json:
        print(json.dumps(table, indent=2))
    elif given.service:
        print(operations(table[given.service]))
    else:
        print(services(table))
    return 0


def ask(cloud: Cloud) -> Table:
    """The running cloud's table; where none runs, that of this version's code."""
    if cloud.health() is not None:
        answer = cloud.call("GET", "/_cloudling/coverage")
        if answer is not None and answer.status == 200:
            return answer.json()
    return from_code()


def from_code() -> Table:
    # Every service is imported and every model read, which only this command needs.
    from cloudling.kernel.coverage import coverage_of  # noqa: PLC0415
    from cloudling.kernel.services import find_services  # noqa: PLC0415

    return coverage_of(find_services("cloudling.services"))


def count(states: dict[str, str]) -> Counter[str]:
    """How many operations are in each state; a partial one carries its reason behind a colon."""
    return Counter(state.partition(":")[0] for state in states.values())


def services(table: Table) -> str:
    """One line a service."""
    lines = [f"{'service':12}" + "".join(f"{state:>9}" for state in STATES)]
    for name, states in sorted(table.items()):
        counts = count(states)
        lines.append(f"{name:12}" + "".join(f"{counts[state]:9}" for state in STATES))
    return "\n".join(lines)


def operations(states: dict[str, str]) -> str:
    """One line an operation."""
    width = max((len(name) for name in states), default=0)
    return "\n".join(f"{name:{width}}  {state}" for name, state in sorted(states.items()))
