"""Policy documents, compiled once per distinct text.

A compiled policy remembers, for each action it was asked about, which of its statements speak of
it, so that a decision looks only at those.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from cloudling.kernel.authorize import (
    control_grammar,
    grammar,
    identity_grammar,
    resource_grammar,
)
from cloudling.kernel.authorize.conditions import Compiled, compile_conditions
from cloudling.kernel.authorize.matching import Matcher, compile_pattern, compile_tokens, is_pattern
from cloudling.kernel.authorize.principals import Principals, parse_principals
from cloudling.kernel.authorize.variables import Lookup, Template, read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloudling.kernel.authorize.grammar import Kind

_REMEMBERED_ACTIONS = 512
_UNCERTAIN = re.compile(r"[*?$]")
_REMEMBERED_POLICIES = 1024
_GRAMMARS = {
    "identity": identity_grammar.check,
    "session": identity_grammar.check,
    "trust": resource_grammar.check,
    "resource": resource_grammar.check,
    "scp": control_grammar.check,
    "rcp": control_grammar.check,
}


class Actions(NamedTuple):
    """The Action or NotAction element, in lower case."""

    literals: frozenset[str]
    matchers: tuple[Matcher, ...]
    negated: bool

    def match(self, action: str) -> bool:
        found = action in self.literals or any(matcher(action) for matcher in self.matchers)
        return found is not self.negated


class Resources(NamedTuple):
    """The Resource or NotResource element.

    What it applies to begins with one of `beginnings`: most statements are passed over by that.
    """

    literals: frozenset[str]
    matchers: tuple[Matcher, ...]
    templates: tuple[Template, ...]
    negated: bool
    beginnings: tuple[str, ...] = ("",)

    def match(self, resource: str, lookup: Lookup) -> bool:
        if resource in self.literals:
            return not self.negated
        for matcher in self.matchers:
            if matcher(resource):
                return not self.negated
        for template in self.templates:
            if template.matches(resource, lookup):
                return not self.negated
        return self.negated


class Statement(NamedTuple):
    """One compiled statement. `resources` is None where it speaks of every resource."""

    position: int
    sid: str
    allows: bool
    actions: Actions
    resources: Resources | None
    conditions: tuple[Compiled, ...]
    principals: Principals | None
    principals_negated: bool

    def applies(self, resource: str, lookup: Lookup) -> bool:
        """Do resource and conditions fit? The action is known to."""
        wanted = self.resources
        if wanted is not None and not (
            resource.startswith(wanted.beginnings) and wanted.match(resource, lookup)
        ):
            return False
        for condition in self.conditions:  # noqa: SIM110 - hot: all() costs a third more
            if not condition.holds(lookup):
                return False
        return True


class Relevant(NamedTuple):
    """The statements of a policy that speak of one action; `[allows]` gives either kind."""

    denies: tuple[Statement, ...]
    allows: tuple[Statement, ...]


class Policy:
    """A compiled policy and its text; immutable but for what it remembers."""

    __slots__ = ("_relevant", "statements", "text")

    def __init__(self, statements: Sequence[Statement], text: str = "") -> None:
        self.statements = tuple(statements)
        self.text = text
        self._relevant: dict[str, Relevant] = {}

    def relevant(self, action: str) -> Relevant:
        """The statements that speak of an action."""
        return self._relevant.get(action) or self._sort_out(action)

    def principal_names(self) -> tuple[str, ...]:
        """The users, roles and sessions that it names, by ARN or by unique id."""
        named = {
            name
            for statement in self.statements
            if statement.principals
            for name in statement.principals.names
        }
        return tuple(sorted(named))

    def principal_accounts(self) -> tuple[str, ...]:
        """The numbers of the accounts that it names as a whole."""
        named = {
            account
            for statement in self.statements
            if statement.principals
            for account in statement.principals.accounts
        }
        return tuple(sorted(named))

    def _sort_out(self, action: str) -> Relevant:
        if len(self._relevant) >= _REMEMBERED_ACTIONS:
            self._relevant.clear()
        name = action.lower()
        covering = [statement for statement in self.statements if statement.actions.match(name)]
        found = self._relevant[action] = Relevant(
            tuple(statement for statement in covering if not statement.allows),
            tuple(statement for statement in covering if statement.allows),
        )
        return found


@lru_cache(maxsize=_REMEMBERED_POLICIES)
def parse(text: str, kind: Kind) -> Policy:
    """Check and compile a document; raises `MalformedPolicyDocument` in AWS's words."""
    document = load(text)
    _GRAMMARS[kind](document, kind)
    variables = document.get("Version") == "2012-10-17"
    return Policy(
        [
            _compile(index, statement, variables=variables)
            for index, statement in enumerate(grammar.statements(document))
        ],
        text,
    )


def rename_principals(text: str, names: Mapping[str, str]) -> str:
    """A valid policy's text with these principals written otherwise; as it stands without any."""
    if not names:
        return text
    document = load(text)
    for statement in grammar.statements(document):
        for field in ("Principal", "NotPrincipal"):
            written = statement.get(field)
            if isinstance(written, dict) and "AWS" in written:
                found = written["AWS"]
                written["AWS"] = (
                    names.get(found, found)
                    if isinstance(found, str)
                    else [names.get(name, name) for name in found]
                )
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def load(text: str) -> Any:
    """The text as JSON: None for `null`, an empty list where it is no JSON."""
    try:
        found = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
        if "\\u" in text:
            # Half of a pair of escapes is no character: nothing could be written of it again.
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return []
    return found


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def size(text: str) -> int:
    """The characters that AWS's quotas count: all but white space."""
    return len("".join(text.split()))


def _compile(index: int, statement: Mapping[str, Any], *, variables: bool) -> Statement:
    principals_negated = "NotPrincipal" in statement
    principals = statement.get("NotPrincipal" if principals_negated else "Principal")
    conditions = {
        name: {key: grammar.texts(values) for key, values in keys.items()}
        for name, keys in statement.get("Condition", {}).items()
    }
    return Statement(
        position=index,
        sid=statement.get("Sid", ""),
        allows=statement["Effect"] == "Allow",
        actions=_compile_actions(statement),
        resources=_compile_resources(statement, variables=variables),
        conditions=compile_conditions(conditions, variables=variables),
        principals=None if principals is None else parse_principals(principals),
        principals_negated=principals_negated,
    )


def _compile_actions(statement: Mapping[str, Any]) -> Actions:
    negated = "NotAction" in statement
    names = [
        name.lower() for name in grammar.texts(statement["NotAction" if negated else "Action"])
    ]
    return Actions(
        literals=frozenset(name for name in names if not is_pattern(name)),
        matchers=tuple(compile_pattern(name) for name in names if is_pattern(name)),
        negated=negated,
    )


def _compile_resources(statement: Mapping[str, Any], *, variables: bool) -> Resources | None:
    negated = "NotResource" in statement
    written = statement.get("NotResource" if negated else "Resource")
    names = ["*"] if written is None else grammar.texts(written)
    if "*" in names and not negated:
        return None
    texts = [_whole_arn(name) for name in names]
    plain = {text for text in texts if not is_pattern(text) and "${" not in text}
    readings = [read(text, variables=variables) for text in texts if text not in plain]
    return Resources(
        literals=frozenset(plain),
        matchers=tuple(compile_tokens(item) for item in readings if not isinstance(item, Template)),
        templates=tuple(item for item in readings if isinstance(item, Template)),
        negated=negated,
        beginnings=("",) if negated else tuple({_beginning(text) for text in texts}),
    )


def _beginning(text: str) -> str:
    """A pattern's text as far as it stands for itself."""
    return _UNCERTAIN.split(text, maxsplit=1)[0]


def _whole_arn(name: str) -> str:
    """IAM takes an ARN whose last parts are missing for one with stars there."""
    missing = 5 - name.count(":")
    return name + ":*" * missing if name.startswith("arn:") and missing > 0 else name
