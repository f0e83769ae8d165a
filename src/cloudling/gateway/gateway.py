"""HTTP on one side, the kernel on the other: one request becomes one call.

In order: who may knock (host and page), what is asked (route), who asks (signature), may a page ask
it, parse, call, serialise. Whatever refuses on the way is answered in the words of the service that
was meant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from cloudling.gateway import browsers
from cloudling.gateway.admin import Admin
from cloudling.gateway.browsers import Doors, RefusalLog, Trust
from cloudling.gateway.exchanges import Exchange, refuse_preflight
from cloudling.gateway.messages import Response
from cloudling.kernel.errors import AwsError

if TYPE_CHECKING:
    from cloudling.gateway.allowances import Allowance
    from cloudling.gateway.messages import Request
    from cloudling.kernel.cloud import Cloud


class Regions(Protocol):
    """Where buckets lie; `known` tells of some without waiting."""

    known: dict[str, str]

    async def of(self, bucket: str) -> str | None:
        """The bucket's region, None where there is no such bucket."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all exchanges share.

    `key_hint` is our sentence after AWS's about an unknown key.
    """

    cloud: Cloud
    bucket_regions: Regions
    key_hint: str
    default_region: str
    unproven: Allowance
    takes_development_keys: bool = True


class Gateway:
    """The HTTP server's handler; without `admin` there is AWS's API and nothing else."""

    def __init__(self, around: Surroundings, doors: Doors, admin: Admin | None) -> None:
        self._around = around
        self._admin = admin
        self._refused = RefusalLog()
        self.doors = doors

    async def handle(self, request: Request) -> Response:
        """Answer one request; never raises."""
        trust = browsers.admit(request, self.doors)
        if isinstance(trust, browsers.Refusal):
            self._refused.note(trust)
            return trust.response()
        if self._admin and request.path.startswith(b"/_") and Admin.owns(request.path):
            response = await self._admin.handle(request)
        elif request.method == "OPTIONS":
            response = self._preflight(trust, request)
        else:
            exchange = Exchange(self._around, request, trust)
            response = await exchange.answer()
            if exchange.refused:
                self._refused.note(exchange.refused)
        if trust is Trust.TRUSTED_PAGE and "origin" in request.headers:
            response.headers.extend(browsers.cors_headers(request.headers["origin"]))
        return response

    def _preflight(self, trust: Trust, request: Request) -> Response:
        try:
            granted = browsers.preflight_headers(trust, request.headers)
        except AwsError as refused:
            return refuse_preflight(refused, self._around.cloud.ids)
        return Response(200, granted)


def within(around: Surroundings, doors: Doors) -> Gateway:
    """The gateway for calls from instances, where nobody is root by a key that all know."""
    hint = (
        "Cloudling's development keys are not accepted from instances; "
        "give the instance a role, or use keys that IAM has made."
    )
    return Gateway(replace(around, takes_development_keys=False, key_hint=hint), doors, None)
