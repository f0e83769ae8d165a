"""The query protocol: parameters in a form, `Name.member.1.Key`, and XML back.

https://smithy.io/2.0/aws/protocols/aws-query-protocol.html
"""

from __future__ import annotations

import operator
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from cloudling.gateway.protocols import xml_reading, xml_writing
from cloudling.gateway.protocols.errors import MalformedInput
from cloudling.gateway.protocols.xml_writing import XmlWriter
from cloudling.kernel.errors import AwsError
from cloudling.models.compile import Module

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cloudling.models.loader import Model, Operation, Shape

MAX_DEPTH = 100
MOST_REMEMBERED = 256
# Bytes of a body that holds an action, a version and not much more: no secrets.
SHORT = 64
CONTENT_TYPE = "application/x-www-form-urlencoded"
XML_TYPE = "text/xml"
Tree = dict[str, Any]


class InvalidAction(AwsError):
    """There is no such operation, or not in that version."""


class MissingAction(AwsError):
    """A query call that does not say what it wants."""

    message = "The request is missing an action or a required parameter."


def form(body: bytes, query: Iterable[tuple[str, str]] = ()) -> dict[str, str]:
    """The parameters of a call, from its body and from the query string."""
    found = dict(query)
    if body:
        found.update(pairs(body))
        found.pop("", None)
    return found


@lru_cache(maxsize=256)
def short_form(body: bytes) -> dict[str, str]:
    """The parameters of a call that has hardly any, and so comes again: never to be changed."""
    return form(body)


def pairs(raw: bytes) -> list[tuple[str, str]]:
    """The members of a form or a query string, decoded once; a plus is a space."""
    found = []
    try:
        content = raw.decode("utf-8")
        for pair in content.split("&"):
            name, _, value = pair.partition("=")
            if "%" in value or "+" in value:
                value = _decoded(value)
            if "%" in name or "+" in name:
                name = _decoded(name)
            found.append((name, value))
    except UnicodeDecodeError as problem:
        raise MalformedInput("The parameters are not valid UTF-8.") from problem
    return found


def _decoded(text: str) -> str:
    return _short(text) if len(text) < MOST_REMEMBERED else _read(text)


def _read(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")


# The same names and ARNs come again and again.
_short = lru_cache(maxsize=4096)(_read)


def operation_in(form: Mapping[str, str], model: Model) -> str:
    """The operation that a call names, in the version that it names."""
    name = form.get("Action")
    if not name:
        raise MissingAction
    version = form.get("Version", "NO_VERSION_SPECIFIED")
    if name not in model.operations or version != model.metadata["apiVersion"]:
        raise InvalidAction(f"Could not find operation {name} for version {version}")
    return name


def tree(parameters: dict[str, str]) -> Tree:
    """Parameters by the parts of their names: {"Tags": {"member": {"1": {"Key": …}}}}.

    A value at a name that has parts below it, too, is passed over (`Names=` says: no items).
    """
    if "." not in "".join(parameters):
        return parameters
    root: Tree = {}
    for name, value in parameters.items():
        node, last = root, name
        if "." in name:
            *path, last = name.split(".")
            node = _node(root, path)
        if node.get(last).__class__ is not dict:
            node[last] = value
    return root


def _node(node: Tree, path: list[str]) -> Tree:
    if len(path) > MAX_DEPTH:
        raise MalformedInput("The parameters nest too deeply.")
    for part in path:
        below = node.get(part)
        if below.__class__ is not dict:
            below = node[part] = {}
        node = below
    return node


def items(node: Any) -> list[Any]:
    """What stands at 1, 2, 3, … in this order; gaps are passed over."""
    if node.__class__ is not dict:
        if node:
            raise MalformedInput("Unexpected value where a list was expected.")
        return []
    try:
        if not all(map(str.isdecimal, node)) or not all(map(str.isascii, node)):
            raise ValueError("not an index")
        numbered = sorted(((int(key), value) for key, value in node.items()), key=FIRST)
    except ValueError as problem:
        raise MalformedInput("List members must be numbered.") from problem
    return [value for _, value in numbered]


FIRST = operator.itemgetter(0)


def text(node: Any) -> str:
    if node.__class__ is not str:
        raise MalformedInput("Unexpected structure or list where a value was expected.")
    found: str = node
    return found


def below(node: Any) -> Tree:
    if node.__class__ is dict:
        found: Tree = node
        return found
    if node:
        raise MalformedInput("Unexpected value where a structure was expected.")
    return {}


NAMES: dict[str, Any] = {
    **xml_reading.NAMES,
    **xml_writing.NAMES,
    "form": form,
    "tree": tree,
    "items": items,
    "text": text,
    "below": below,
    "MalformedInput": MalformedInput,
}


def source(model: Model, operation: Operation) -> str:
    """The module of one operation: `parse`, `serialize` and `FRAGMENTS`."""
    module = Module()
    FormReader(model, module).write(operation)
    _write_answer(model, module, operation)
    return module.source()


class FormReader:
    """Writes functions `(tree) -> value` for shapes."""

    def __init__(self, model: Model, module: Module) -> None:
        self._model = model
        self._module = module

    def write(self, operation: Operation) -> None:
        shape = self._model.input(operation.name)
        if shape is None:
            self._module.add(["def parse(request):", "    return {}"])
            return
        members = list(self._model.members(shape))
        deep = any(not of.is_scalar for _, of in members)
        self._module.add(
            [
                "def parse(request):",
                "    d = request.form",
                "    if d is None: d = form(request.body, request.query)",
                *(["    d = tree(d)"] if deep else []),
                "    try:",
                f"        return {self.function(shape)}(d)" if members else "        return {}",
                "    except ValueError as problem:",
                "        raise MalformedInput(str(problem)) from problem",
            ]
        )

    def function(self, shape: Shape) -> str:
        write = {"structure": self._structure, "list": self._list, "map": self._map}[shape.type]
        key = (shape.name, bool(shape.get("flattened")))
        return self._module.function(key, lambda name: write(name, shape))

    def _value(self, shape: Shape, variable: str) -> str:
        if not shape.is_scalar:
            return f"{self.function(shape)}({variable})"
        reader = xml_reading.READER_NAMES.get(shape.type)
        return f"text({variable})" if reader is None else f"{reader}(text({variable}))"

    def _structure(self, name: str, shape: Shape) -> list[str]:
        lines = [f"def {name}(d):", "    r = {}"]
        if self._model.shapes[shape.name].get("members"):
            lines.append("    g = below(d).get")
        for each, of in self._model.members(shape):
            lines += [
                f"    x = g({self._key(each, of)!r})",
                f"    if x is not None: r[{each!r}] = {self._value(of, 'x')}",
            ]
        return [*lines, "    return r"]

    def _key(self, name: str, shape: Shape) -> str:
        """A flattened list goes by the name of its items, as in SQS's `AttributeName.1`."""
        found = shape.at.get("locationName")
        if found is None and shape.type == "list" and shape.get("flattened"):
            found = shape.own["member"].get("locationName")
        return str(found or shape.get("locationName", name))

    def _list(self, name: str, shape: Shape) -> list[str]:
        item = shape.own["member"]
        return [
            f"def {name}(d):",
            *self._unwrapped(shape, item.get("locationName", "member")),
            f"    return [{self._value(self._model.shape(item), 'x')} for x in items(d)]",
        ]

    def _map(self, name: str, shape: Shape) -> list[str]:
        key, value = shape.own["key"], shape.own["value"]
        return [
            f"def {name}(d):",
            *self._unwrapped(shape, "entry"),
            "    r = {}",
            "    for x in items(d):",
            "        x = below(x)",
            f"        k = x.get({key.get('locationName', 'key')!r})",
            f"        v = x.get({value.get('locationName', 'value')!r})",
            "        if k is None or v is None: raise ValueError('An entry lacks key or value.')",
            f"        r[text(k)] = {self._value(self._model.shape(value), 'v')}",
            "    return r",
        ]

    @staticmethod
    def _unwrapped(shape: Shape, part: str) -> list[str]:
        return [] if shape.get("flattened") else [f"    d = below(d).get({part!r}, '')"]


def _write_answer(model: Model, module: Module, operation: Operation) -> None:
    shape, name = model.output(operation.name), operation.name
    space = xml_writing.declaration(model.metadata.get("xmlNamespace"))
    writer = XmlWriter(model, module)
    opening, closing, fragments = f"<{name}Response{space}>", "", ""
    body = []
    if shape is not None:
        wrapper = shape.at.get("resultWrapper", f"{name}Result")
        opening, closing = f"{opening}<{wrapper}>", f"</{wrapper}>"
        body = [f"    {writer.function(shape)}(result, o)"]
        fragments = ", ".join(
            f"{each!r}: {writer.item_function(each, of)}"
            for each, of in model.members(shape)
            if of.type == "list"
        )
    end = f"{closing}<ResponseMetadata><RequestId>"
    after = f"</RequestId></ResponseMetadata></{name}Response>\n"
    module.add(
        [
            "def serialize(result, request_id, host_id=''):",
            f"    o = [{opening!r}]",
            *body,
            f"    o.append({end!r} + escape(request_id) + {after!r})",
            f"    headers = [('x-amzn-RequestId', request_id), ('Content-Type', {XML_TYPE!r})]",
            f"    return {operation.status}, headers, ''.join(o).encode()",
        ]
    )
    module.add([f"FRAGMENTS = {{{fragments}}}"])
