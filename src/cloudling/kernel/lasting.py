"""List items that live as long as the record they describe, and remember how they were written."""

from __future__ import annotations

from typing import Any


class Lasting(dict[str, Any]):
    """A structure in a result's list, made once for a record and never changed after.

    Codecs keep its text in `text`, so that listing a thousand records joins a thousand texts;
    `mark` says which code wrote it. To everyone else it is a plain dict.
    """

    __slots__ = ("mark", "text")

    def __init__(self, *given: Any, **members: Any) -> None:
        super().__init__(*given, **members)
        self.mark = ""
        self.text = ""
