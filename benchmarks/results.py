"""What the rounds measured: samples by case, server and condition, and their medians."""

from __future__ import annotations

import statistics
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.cases import Sample


class Results:
    """Samples under (case, server, condition); a condition is a number of connections, say."""

    def __init__(self) -> None:
        self._samples: dict[tuple[str, str, str], list[Sample]] = defaultdict(list)
        self.titles: dict[str, str] = {}

    def add(self, case: str, server: str, condition: object, sample: Sample) -> None:
        self._samples[case, server, str(condition)].append(sample)

    def servers(self, case: str) -> list[str]:
        return list(dict.fromkeys(key[1] for key in self._samples if key[0] == case))

    def conditions(self, case: str) -> list[str]:
        return list(dict.fromkeys(key[2] for key in self._samples if key[0] == case))

    def median(self, case: str, server: str, condition: str, metric: str) -> float | None:
        samples = self._samples.get((case, server, condition))
        if not samples or metric not in samples[0]:
            return None
        return statistics.median(sample[metric] for sample in samples)

    def as_data(self) -> list[dict[str, Any]]:
        """Every sample, rounded, for the JSON file."""
        return [
            {
                "case": case,
                "server": server,
                "condition": condition,
                "rounds": [{k: round(v, 4) for k, v in sample.items()} for sample in samples],
            }
            for (case, server, condition), samples in self._samples.items()
        ]
