"""Which operation a call names that all go to `/`: in its form, or in `X-Amz-Target`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloudling.gateway.protocols import ec2, json_rpc, query
from cloudling.gateway.signatures.refusals import Refusal

if TYPE_CHECKING:
    from cloudling.gateway.messages import Request
    from cloudling.models.loader import Model

Form = dict[str, str]


def operation_of(
    request: Request, body: bytes, model: Model, protocol: str, *, signed: bool
) -> tuple[str, Form | None]:
    """The operation, and the form where the call is one.

    Unsigned calls are taken only of the operations that say so, whatever else is wrong with them.
    """
    if protocol == "json":
        target = request.headers.get("x-amz-target", "")
        _require_claim(target.rpartition(".")[2], model, signed=signed)
        return json_rpc.operation_in(request.headers, model), None
    if request.query:
        form = _form(request, body)
    else:
        form = query.short_form(body) if len(body) <= query.SHORT else query.form(body)
    if not signed:
        if "SignatureVersion" in form:
            raise Refusal("version-2")
        _require_claim(form.get("Action", ""), model, signed=signed)
    return (ec2 if protocol == "ec2" else query).operation_in(form, model), form


def _form(request: Request, body: bytes) -> Form:
    is_form = request.headers.get("content-type", "").startswith(query.CONTENT_TYPE)
    pairs = query.pairs(request.query) if request.query else []
    return query.form(body if is_form or not pairs else b"", pairs)


def _require_claim(name: str, model: Model, *, signed: bool) -> None:
    if signed:
        return
    operation = model.operations.get(name)
    if operation is None or operation.traits.get("authtype") != "none":
        raise Refusal("anonymous")
