"""Which condition keys a policy asks for: in its conditions, and as variables in its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.kernel.authorize import documents, grammar, variables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


def context_keys(texts: Iterable[str]) -> list[str]:
    """The keys of these valid policies, each once, as first written and in that order."""
    found: dict[str, str] = {}
    for text in texts:
        document = documents.load(text)
        speaks = document.get("Version") == "2012-10-17"
        for statement in grammar.statements(document):
            for key in _of_statement(statement, variables_count=speaks):
                found.setdefault(key.lower(), key)
    return list(found.values())


def _of_statement(statement: Mapping[str, Any], *, variables_count: bool) -> Iterator[str]:
    texts = [text for field in ("Resource", "NotResource") for text in _texts(statement, field)]
    if variables_count:
        yield from (key for text in texts for key in variables.keys_in(text))
    for keys in statement.get("Condition", {}).values():
        for key, values in keys.items():
            yield key
            if variables_count:
                for value in grammar.texts(values):
                    yield from variables.keys_in(value)


def _texts(statement: Mapping[str, Any], field: str) -> list[str]:
    return grammar.texts(statement.get(field, []))
