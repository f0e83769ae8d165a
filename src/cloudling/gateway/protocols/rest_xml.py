"""The rest-xml protocol: parameters in path, query string, headers and an XML body.

https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn

from cloudling.gateway.protocols import text, xml_reading, xml_writing
from cloudling.gateway.protocols.errors import (
    DECLARATION,
    InvalidArgument,
    MalformedXML,
    MissingRequestBodyError,
)
from cloudling.gateway.protocols.xml_reading import READER_NAMES, XmlReader
from cloudling.gateway.protocols.xml_writing import XmlWriter
from cloudling.models.compile import Module

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloudling.models.loader import Model, Operation, Shape

CONTENT_TYPE = "application/xml"
LIST_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*?))\s*(?:,|$)')
# A condition whose date cannot be read is no condition (RFC 9110 §13.1).
CONDITIONS = ("if-", "x-amz-copy-source-if-")
# A scalar's member, its reader, and for its refusal the header's name and type; "" refuses nothing.
Scalar = tuple[str, "Callable[[str], Any]", str, str]
# Of the headers that are there: texts with their members, scalars, and those of metadata.
Plan = tuple[
    list[tuple[str, str]], list[tuple[str, str, "Callable[[str], Any]", str, str]], list[str]
]
MOST_PLANS = 256
LONGEST_PLAN = 1024
# Response headers whose presence says more.
_TELLING = ("Content-Range",)


def split_list(value: str) -> list[str]:
    """The items of a header that lists several; quoted ones may hold commas."""
    if '"' not in value:
        return [each.strip() for each in value.split(",")]
    found, at = [], 0
    while at < len(value) and (item := LIST_ITEM.match(value, at)):
        quoted, plain = item.groups()
        found.append(plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        if item.end() == at:
            break
        at = item.end()
    return found


def split_dates(value: str) -> list[str]:
    """As `split_list` for HTTP dates, which hold one comma each."""
    parts = [each.strip() for each in value.split(",")]
    return [f"{day}, {rest}" for day, rest in zip(parts[::2], parts[1::2], strict=False)]


def refuse(name: str, value: str, kind: str) -> NoReturn:
    """An argument of the wrong type, in S3's words."""
    message = (
        f"Provided {name} not an integer or within integer range"
        if kind in ("integer", "long")
        else None
    )
    raise InvalidArgument(message, ArgumentName=name, ArgumentValue=value)


def read_string(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise MalformedXML from problem


def plan_headers(
    plans: dict[tuple[str, ...], Plan],
    names: tuple[str, ...],
    texts: dict[str, str],
    scalars: dict[str, Scalar],
    prefix: str | None,
) -> Plan:
    """What is to be read where these headers are there; a client's have the same names all day."""
    plan = (
        [(name, texts[name]) for name in names if name in texts],
        [(name, *scalar) for name, scalar in scalars.items() if name in names],
        [] if prefix is None else [name for name in names if name.startswith(prefix)],
    )
    if sum(map(len, names)) <= LONGEST_PLAN:
        if len(plans) >= MOST_PLANS:
            plans.clear()
        plans[names] = plan
    return plan


NAMES: dict[str, Any] = {
    **xml_reading.NAMES,
    **xml_writing.NAMES,
    "header_value": text.header_value,
    "metadata_value": text.metadata_value,
    "header_list_item": text.header_list_item,
    "split_list": split_list,
    "split_dates": split_dates,
    "refuse": refuse,
    "read_string": read_string,
    "plan_headers": plan_headers,
    "MalformedXML": MalformedXML,
    "MissingRequestBodyError": MissingRequestBodyError,
}


def source(model: Model, operation: Operation) -> str:
    """The module of one operation: `parse`, `serialize` and `FRAGMENTS`."""
    module = Module()
    RequestReader(model, module, operation).write()
    AnswerWriter(model, module, operation).write()
    return module.source()


class RequestReader:
    """Writes `parse(request) -> parameters`."""

    def __init__(self, model: Model, module: Module, operation: Operation) -> None:
        self._model = model
        self._module = module
        self._operation = operation
        self._reader = XmlReader(model, module)

    def write(self) -> None:
        shape = self._model.input(self._operation.name)
        lines = ["def parse(request):", "    r = {}"]
        if shape is not None:
            lines += self._labels(shape) + self._query(shape) + self._headers(shape)
            lines += self._body(shape)
        self._module.add([*lines, "    return r"])

    def _bound(self, shape: Shape, location: str) -> list[tuple[str, Shape, str]]:
        return [
            (name, of, of.get("locationName", name))
            for name, of in self._model.members(shape)
            if of.get("location") == location
        ]

    @staticmethod
    def _scalar(name: str, shape: Shape, wire_name: str, pad: str = "    ") -> list[str]:
        """Lines that turn the text `x` into a scalar and keep it."""
        reader = READER_NAMES.get(shape.type)
        if reader is None:
            return [f"{pad}r[{name!r}] = x"]
        return [
            f"{pad}try: r[{name!r}] = {reader}(x)",
            f"{pad}except ValueError: refuse({wire_name!r}, x, {shape.type!r})",
        ]

    def _labels(self, shape: Shape) -> list[str]:
        lines: list[str] = []
        for name, of, wire_name in self._bound(shape, "uri"):
            lines += [f"    x = request.labels[{wire_name!r}]", *self._scalar(name, of, wire_name)]
        return lines

    def _query(self, shape: Shape) -> list[str]:
        bound = self._bound(shape, "querystring")
        if not bound:
            return []
        lines = ["    if request.query:", "        q = dict(request.query)"]
        for name, of, wire_name in bound:
            if of.is_scalar:
                lines += [f"        x = q.get({wire_name!r})", "        if x is not None:"]
                lines += self._scalar(name, of, wire_name, " " * 12)
            elif of.type == "list":
                lines += self._query_list(name, of, wire_name)
        taken = {wire_name for _, of, wire_name in bound if of.type != "map"}
        for name, of, _ in bound:
            if of.type == "map":
                lines += self._query_map(name, of, taken)
        return lines

    def _query_list(self, name: str, shape: Shape, wire_name: str) -> list[str]:
        item = self._model.shape(shape.own["member"])
        reader = READER_NAMES.get(item.type, "")
        return [
            f"        if {wire_name!r} in q:",
            "            try:",
            f"                r[{name!r}] = [{reader}(v) for k, v in request.query"
            f" if k == {wire_name!r}]",
            f"            except ValueError:"
            f" refuse({wire_name!r}, q[{wire_name!r}], {item.type!r})",
        ]

    def _query_map(self, name: str, shape: Shape, taken: set[str]) -> list[str]:
        """All that no other member takes."""
        constant = {
            each.partition("=")[0] for each in self._operation.uri.partition("?")[2].split("&")
        }
        several = self._model.shape(shape.own["value"]).type == "list"
        keep = "m.setdefault(k, []).append(v)" if several else "m.setdefault(k, v)"
        return [
            "        m = {}",
            "        for k, v in request.query:",
            f"            if k not in {sorted(taken | constant)!r}: {keep}",
            f"        if m: r[{name!r}] = m",
        ]

    def _headers(self, shape: Shape) -> list[str]:
        bound = self._bound(shape, "header")
        metadata = next(iter(self._bound(shape, "headers")), None)
        if not bound and metadata is None:
            return []
        texts = {wire_name.lower(): name for name, of, wire_name in bound if of.type == "string"}
        scalars = [
            f"{wire_name.lower()!r}: {self._scalar_header(name, of, wire_name)}"
            for name, of, wire_name in bound
            if of.type not in ("string", "list")
        ]
        prefix = metadata[2].lower() if metadata else None
        self._module.add([f"TEXTS = {texts!r}", f"SCALARS = {{{', '.join(scalars)}}}"])
        self._module.add(["PLANS = {}"])
        lines = [
            "    h = request.headers",
            "    n = tuple(h)",
            "    p = PLANS.get(n)",
            f"    if p is None: p = plan_headers(PLANS, n, TEXTS, SCALARS, {prefix!r})",
            "    for k, m in p[0]: r[m] = h[k]",
        ]
        if scalars:
            lines += [
                "    for k, m, read, name, kind in p[1]:",
                "        try: r[m] = read(h[k])",
                "        except ValueError:",
                "            if kind: refuse(name, h[k], kind)",
            ]
        for name, of, wire_name in bound:
            if of.type == "list":
                lines += [f"    x = h.get({wire_name.lower()!r})", "    if x is not None:"]
                lines += self._header_list(name, of, wire_name)
        if metadata and prefix is not None:
            kept = f"{{k[{len(prefix)}:]: h[k] for k in p[2]}}"
            lines.append(f"    if p[2]: r[{metadata[0]!r}] = {kept}")
        return lines

    @staticmethod
    def _scalar_header(name: str, shape: Shape, wire_name: str) -> str:
        passes = shape.type == "timestamp" and wire_name.lower().startswith(CONDITIONS)
        kind = "" if passes else shape.type
        return f"({name!r}, {READER_NAMES.get(shape.type, 'str')}, {wire_name!r}, {kind!r})"

    def _header_list(self, name: str, shape: Shape, wire_name: str) -> list[str]:
        item = self._model.shape(shape.own["member"])
        dates = item.type == "timestamp" and item.get("timestampFormat", "rfc822") == "rfc822"
        split = "split_dates" if dates else "split_list"
        reader = READER_NAMES.get(item.type, "")
        return [
            f"        try: r[{name!r}] = [{reader}(v) for v in {split}(x)]",
            f"        except ValueError: refuse({wire_name!r}, x, {item.type!r})",
        ]

    def _body(self, shape: Shape) -> list[str]:
        if payload := shape.get("payload"):
            return self._payload(payload, self._model.shape(shape.own["members"][payload]), shape)
        inside = [of for _, of in self._model.members(shape) if not of.get("location")]
        if not inside:
            return []
        return self._document("r.update", shape, required=False)

    def _payload(self, name: str, shape: Shape, around: Shape) -> list[str]:
        if shape.get("streaming"):
            return [f"    r[{name!r}] = request.body"]
        if shape.type == "blob":
            return [f"    if request.body: r[{name!r}] = request.body"]
        if shape.type == "string":
            return [f"    if request.body: r[{name!r}] = read_string(request.body)"]
        required = name in around.own.get("required", ())
        return self._document(f"r.__setitem__({name!r}, ", shape, required=required)

    def _document(self, keep: str, shape: Shape, *, required: bool) -> list[str]:
        opening = keep if keep.endswith(" ") else f"{keep}("
        return [
            "    if request.body:",
            f"        try: {opening}{self._reader.function(shape)}(document(request.body)))",
            "        except ValueError as problem: raise MalformedXML from problem",
            *(["    else: raise MissingRequestBodyError"] if required else []),
        ]


class AnswerWriter:
    """Writes `serialize(result, request_id, host_id) -> (status, headers, body)`."""

    def __init__(self, model: Model, module: Module, operation: Operation) -> None:
        self._model = model
        self._module = module
        self._operation = operation
        self._writer = XmlWriter(model, module)

    def write(self) -> None:
        lines = [
            "def serialize(result, request_id, host_id=''):",
            f"    status = {self._operation.status}",
            "    g = result.get",
            *self._ids(),
        ]
        shape = self._model.output(self._operation.name)
        if shape is None:
            self._module.add([*lines, "    return status, headers, b''", "FRAGMENTS = {}"])
            return
        lines += self._head(shape) + self._body(shape)
        self._module.add(lines)
        items = ", ".join(
            f"{name!r}: {self._writer.item_function(name, of)}"
            for name, of in self._model.members(shape)
            if of.type == "list" and not of.get("location")
        )
        self._module.add([f"FRAGMENTS = {{{items}}}"])

    def _ids(self) -> list[str]:
        if not self._model.metadata.get("noErrorWrapping"):
            return ["    headers = [('x-amzn-RequestId', request_id)]"]
        return [
            "    headers = [('x-amz-request-id', request_id)]",
            "    if host_id: headers.append(('x-amz-id-2', host_id))",
        ]

    def _head(self, shape: Shape) -> list[str]:
        lines = self._told(shape)
        for name, of in self._model.members(shape):
            wire_name = of.get("locationName", name)
            location = of.get("location")
            if location not in xml_writing.ELSEWHERE or self._is_told(of, wire_name):
                continue
            lines += [f"    x = g({name!r})", "    if x is not None:"]
            if location == "statusCode":
                lines.append("        status = x")
            elif location == "headers":
                lines.append(
                    f"        headers += [({wire_name!r} + k, metadata_value(v))"
                    " for k, v in x.items()]"
                )
            else:
                lines += self._header(of, wire_name)
            if wire_name == "Content-Range":
                lines.append("        status = 206")
        return lines

    def _told(self, shape: Shape) -> list[str]:
        """Most members are headers that few results have: those there are looked up, not all."""
        names: dict[bool, dict[str, str]] = {True: {}, False: {}}
        writers: list[str] = []
        for name, of in self._model.members(shape):
            wire_name = of.get("locationName", name)
            if self._is_told(of, wire_name):
                names[of.type == "string"][name] = wire_name
                if of.type != "string":
                    made = self._header_text(of, "x")
                    plain = made.removesuffix("(x)")
                    writers.append(
                        f"{name!r}: {plain if plain.isidentifier() else f'lambda x: {made}'}"
                    )
        if not names[True] and not names[False]:
            return []
        self._module.add([f"TOLD = {names[True]!r}", f"MADE = {names[False]!r}"])
        self._module.add([f"MAKE = {{{', '.join(writers)}}}"])
        return [
            "    for k, x in result.items():",
            "        if x is None: continue",
            "        if k in TOLD:",
            "            if not x.isascii() or not x.isprintable(): x = header_value(x)",
            "            headers.append((TOLD[k], x))",
            "        elif k in MADE: headers.append((MADE[k], MAKE[k](x)))",
        ]

    @staticmethod
    def _is_told(shape: Shape, wire_name: str) -> bool:
        return shape.get("location") == "header" and shape.is_scalar and wire_name not in _TELLING

    def _header(self, shape: Shape, wire_name: str) -> list[str]:
        if shape.type != "list":
            return [f"        headers.append(({wire_name!r}, {self._header_text(shape, 'x')}))"]
        item = self._model.shape(shape.own["member"])
        value = self._header_text(item, "y")
        if item.type == "string":
            value = f"header_list_item({value})"
        return [f"        headers.append(({wire_name!r}, ', '.join([{value} for y in x])))"]

    def _header_text(self, shape: Shape, variable: str) -> str:
        found = self._writer.scalar(shape, variable, "rfc822")
        return f"header_value({variable})" if found == variable else found

    def _body(self, shape: Shape) -> list[str]:
        if payload := shape.get("payload"):
            return self._payload(payload, self._model.shape(shape.own["members"][payload]))
        inside = [
            (name, of)
            for name, of in self._model.members(shape)
            if of.get("location") not in xml_writing.ELSEWHERE
        ]
        if not inside:
            return ["    return status, headers, b''"]
        root = str(shape.get("locationName", shape.name))
        space = self._space(shape)
        if self._operation.traits.get("s3UnwrappedXmlOutput"):
            return self._unwrapped(inside[0], root + space, root)
        return self._element(shape, root, space, "result")

    def _unwrapped(self, member: tuple[str, Shape], opening: str, root: str) -> list[str]:
        name, shape = member
        return [
            f"    x = g({name!r}) or ''",
            f"    body = {DECLARATION + '<' + opening + '>'!r} + {self._writer.content(shape, 'x')}"
            f" + {f'</{root}>'!r}",
            *self._end("body"),
        ]

    def _payload(self, name: str, shape: Shape) -> list[str]:
        start = [f"    x = g({name!r})", "    if x is None: return status, headers, b''"]
        if shape.type == "structure" and not shape.get("eventstream"):
            root = self._payload_root(name, shape)
            return start + self._element(shape, root, self._space(shape), "x")
        if shape.type == "string":
            return [
                *start,
                "    if not any(k == 'Content-Type' for k, _ in headers):",
                "        headers.append(('Content-Type', 'text/plain'))",
                "    return status, headers, x.encode()",
            ]
        return [*start, "    return status, headers, x"]

    @staticmethod
    def _payload_root(name: str, shape: Shape) -> str:
        """The member's own name for it, the structure's own name for itself, or its shape's."""
        at = shape.at.get("locationName")
        return str(at if at and at != name else shape.own.get("locationName", shape.name))

    def _space(self, shape: Shape) -> str:
        found = shape.get("xmlNamespace") or self._model.metadata.get("xmlNamespace")
        return xml_writing.declaration(found)

    def _element(self, shape: Shape, root: str, space: str, variable: str) -> list[str]:
        attributes = self._writer.attributes(shape, variable, "    ")
        between = " + a + '>'" if attributes else " + '>'"
        return [
            *attributes,
            f"    o = [{DECLARATION + '<' + root + space!r}{between}]",
            f"    {self._writer.function(shape)}({variable}, o)",
            f"    o.append({f'</{root}>'!r})",
            *self._end("''.join(o)"),
        ]

    @staticmethod
    def _end(body: str) -> list[str]:
        return [
            f"    headers.append(('Content-Type', {CONTENT_TYPE!r}))",
            f"    return status, headers, {body}.encode()",
        ]
