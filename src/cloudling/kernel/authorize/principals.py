"""Who a statement speaks of: the Principal and NotPrincipal of trust and resource policies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloudling.kernel.identities import Identity


class Grade(IntEnum):
    """How closely a principal names the caller; AWS lets the closer ones grant more."""

    NOT = 0
    ACCOUNT = 1
    """The caller's account: it may decide, so the caller's own policies must allow as well."""
    PRINCIPAL = 2
    """The user or role itself."""
    SESSION = 3
    """This very session of a role or federated user, or everyone."""


class InvalidPrincipal(ValueError):
    """A principal that no policy may name; its text is AWS's quotation of it."""


_ACCOUNT = re.compile(r"\d{12}")
_ROOT = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):root")
_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::(?:\d{12}:(?:user|role)|cloudfront:user)/[^*?]+"
    r"|sts::\d{12}:(?:assumed-role/[^*?/]+/[^*?/]+|federated-user/[^*?/]+|self))"
)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{12,124}(?::[\w+=,.@-]+)?")
_SERVICE = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
_CANONICAL = re.compile(r"[0-9a-f]{64}")


class Principals(NamedTuple):
    """One statement's principals, sorted by what they are compared with."""

    everyone: bool
    accounts: frozenset[str]
    names: frozenset[str]
    """ARNs and unique ids of users, roles and their sessions."""
    services: frozenset[str]
    federated: frozenset[str]
    canonical: frozenset[str]

    def grade(self, identity: Identity, canonical_id: str = "") -> Grade:
        """How closely the caller is meant."""
        if identity.kind == "service":
            named = self.everyone or identity.arn in self.services
            return Grade.PRINCIPAL if named else Grade.NOT
        if identity.kind == "anonymous":
            return Grade.PRINCIPAL if self.everyone else Grade.NOT
        if self.everyone or self._names_session(identity):
            return Grade.SESSION
        if self._names(identity) or self._names_issuer(identity):
            return Grade.PRINCIPAL
        if identity.account in self.accounts or (canonical_id and canonical_id in self.canonical):
            return Grade.ACCOUNT
        return Grade.NOT

    def grade_of_provider(self, provider: str) -> Grade:
        """How closely an identity provider (SAML, OIDC, a web identity's name) is meant."""
        named = self.everyone or provider in self.federated
        return Grade.PRINCIPAL if named else Grade.NOT

    def spares(self, identity: Identity, *, bounded: bool) -> bool:
        """As NotPrincipal: is the caller excepted?

        AWS excepts a caller only where the account, the role and the session are all listed, and
        never one that has a permissions boundary.
        """
        if identity.kind in ("service", "anonymous") or self.everyone:
            return self.grade(identity) is not Grade.NOT
        if bounded or identity.account not in self.accounts:
            return False
        if identity.kind == "root":
            return True
        session = identity.arn == identity.principal_arn or self._names_session(identity)
        return session and self._names(identity)

    def _names(self, identity: Identity) -> bool:
        names = self.names
        return identity.principal_arn in names or identity.unique_id.partition(":")[0] in names

    def _names_issuer(self, identity: Identity) -> bool:
        session = identity.session
        return session is not None and not self.names.isdisjoint(session.issuer)

    def _names_session(self, identity: Identity) -> bool:
        if identity.arn == identity.principal_arn and identity.kind != "federated":
            return False
        return identity.arn in self.names or identity.unique_id in self.names


def parse_principals(value: str | Mapping[str, str | Sequence[str]]) -> Principals:
    """The Principal element; `InvalidPrincipal` says what of it is wrong, in AWS's words."""
    found: dict[str, set[str]] = {kind: set() for kind in _CHECKS}
    entries = {"AWS": value} if isinstance(value, str) else value
    if isinstance(value, str) and value != "*":
        raise InvalidPrincipal(f'Invalid principal in policy: "STAR":"{value}"')
    for kind, texts in entries.items():
        if kind not in found:
            raise InvalidPrincipal(f"Invalid principal type: {kind}")
        found[kind].update([texts] if isinstance(texts, str) else texts)
        for text in sorted(found[kind]):
            if not any(pattern.fullmatch(text) for pattern in _CHECKS[kind]):
                raise InvalidPrincipal(f'Invalid principal in policy: "{kind.upper()}":"{text}"')
    return _sorted(found)


_ANY = re.compile(r"\*")
_CHECKS = {
    "AWS": (_ANY, _ACCOUNT, _ROOT, _ARN, _UNIQUE_ID),
    "Service": (_SERVICE,),
    "Federated": (re.compile(r"\S+"),),
    "CanonicalUser": (_CANONICAL,),
}


def _sorted(found: Mapping[str, set[str]]) -> Principals:
    aws = found["AWS"]
    roots = {root: match[1] for root in aws if (match := _ROOT.fullmatch(root))}
    accounts = {text for text in aws if _ACCOUNT.fullmatch(text)} | set(roots.values())
    return Principals(
        everyone="*" in aws,
        accounts=frozenset(accounts),
        names=frozenset(aws - accounts - set(roots) - {"*"}),
        services=frozenset(found["Service"]),
        federated=frozenset(found["Federated"]),
        canonical=frozenset(found["CanonicalUser"]),
    )
