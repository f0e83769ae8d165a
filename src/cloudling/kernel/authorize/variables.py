"""Policy variables: `${aws:username}`, `${aws:PrincipalTag/team, 'none'}`, `${*}`, `${?}`, `${$}`.

A text that has none is compiled once; one that has some is completed with the request's values
and compiled then. A variable without value and default makes the text match nothing.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from cloudling.kernel.authorize.matching import Token, Tokens, compile_tokens, tokenize

Value = str | Sequence[str] | None
Lookup = Callable[[str], Value]
"""A condition key's value in the request by its lower-case name; None or empty when it has none."""

_VARIABLE = re.compile(
    r"\$\{(?:(?P<character>[*?$])|\s*(?P<key>[\w.-]+:[^${},']+?)\s*(?:,\s*'(?P<default>[^']*)'\s*)?)\}"
)


class Variable(NamedTuple):
    """A place that the request fills: the lower-case key and what to write where it is absent."""

    key: str
    default: str | None


class Template(NamedTuple):
    """A pattern with variables in it."""

    parts: tuple[Token | Variable, ...]

    def resolve(self, lookup: Lookup) -> Tokens | None:
        """The pattern with the request's values; None when one is missing."""
        out: list[Token] = []
        for part in self.parts:
            if not isinstance(part, Variable):
                out.append(part)
                continue
            value = lookup(part.key)
            # Keys of several values cannot stand in a variable.
            text = value if isinstance(value, str) else part.default
            if text is None:
                return None
            out.append(text)
        return tuple(out)

    def matches(self, text: str, lookup: Lookup) -> bool:
        tokens = self.resolve(lookup)
        return tokens is not None and compile_tokens(tokens)(text)


def keys_in(text: str) -> list[str]:
    """The condition keys that stand in a text as variables, as they are written."""
    return [found["key"] for found in _VARIABLE.finditer(text) if found["key"]]


def read(text: str, *, variables: bool, wildcards: bool = True) -> Tokens | Template:
    """The tokens of a policy's text, or a template where the request has a say in it."""
    plain = tokenize if wildcards else _literal
    if not variables or "${" not in text:
        return plain(text)
    parts: list[Token | Variable] = []
    position = 0
    for found in _VARIABLE.finditer(text):
        parts += plain(text[position : found.start()])
        position = found.end()
        parts.append(found["character"] or Variable(found["key"].lower(), found["default"]))
    parts += plain(text[position:])
    tokens = tuple(part for part in parts if not isinstance(part, Variable))
    return tokens if len(tokens) == len(parts) else Template(tuple(parts))


def _literal(text: str) -> Tokens:
    return (text,) if text else ()
