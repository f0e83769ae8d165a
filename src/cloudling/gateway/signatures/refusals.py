"""What is wrong with a request's authentication, before and after it is put into AWS's words."""

from __future__ import annotations

from typing import Any

from cloudling.gateway.signatures.words import WORDS, Dialect
from cloudling.kernel.errors import AwsError


class Refusal(Exception):
    """A no, before it is known in whose words; `details` fill the text and the error's members."""

    def __init__(self, kind: str, details: dict[str, Any] | None = None) -> None:
        self.kind = kind
        self.details = {} if details is None else details
        super().__init__(kind)


def answer(refusal: Refusal, dialect: Dialect, hint: str = "") -> AwsError:
    """The refusal as the error that a service of this dialect answers, `hint` after AWS's words."""
    table = WORDS[dialect]
    kind = refusal.kind
    words = table.get(kind) or table.get(kind.removeprefix("query-")) or WORDS["s3"][kind]
    text = words.text.format_map(refusal.details)
    fields = {name: refusal.details[name] for name in words.fields if name in refusal.details}
    return AwsError(
        f"{text} {hint}" if hint else text, code=words.code, status=words.status, **fields
    )
