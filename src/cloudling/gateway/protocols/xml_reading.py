"""Reading XML bodies: expat makes a tree, generated code makes the tree the shape's value.

What is not in the model is passed over, and namespaces do not matter, as with AWS.
"""

from __future__ import annotations

from pyexpat import ParserCreate
from typing import TYPE_CHECKING, NoReturn
from xml.etree.ElementTree import Element, ParseError, XMLParser

from cloudling.gateway.protocols import text

if TYPE_CHECKING:
    from cloudling.models.compile import Module
    from cloudling.models.loader import Model, Shape

MAX_DEPTH = 100
READER_NAMES = {
    "boolean": "read_boolean",
    "integer": "read_integer",
    "long": "read_long",
    "float": "read_number",
    "double": "read_number",
    "timestamp": "read_time",
    "blob": "read_blob",
}


def document(body: bytes) -> Element:
    """The root of a document; ValueError when it is none, has a DTD, or nests too deeply.

    Only UTF-8 is read, so that no other encoding hides a DTD: not one that is declared, and not
    UTF-16, which expat believes a byte order mark against all else (no UTF-8 XML has a zero byte).
    """
    if b"\0" in body:
        raise ValueError("not UTF-8")
    if b"<!DOCTYPE" in body:
        _refuse_doctype(body)
    parser = XMLParser(encoding="utf-8")  # noqa: S314 - documents with a DTD do not get here
    try:
        parser.feed(body)
        root: Element = parser.close()
    except ParseError as problem:
        raise ValueError(str(problem)) from problem
    # With fewer end tags than that no element can lie deeper.
    if body.count(b"</") >= MAX_DEPTH:
        _check_depth(root)
    return root


def _refuse_doctype(body: bytes) -> None:
    """The words may also stand in a comment or in character data, where they are harmless."""

    def refuse(*_: object) -> NoReturn:
        raise ValueError("document type declarations are refused")

    parser = ParserCreate(encoding="utf-8")
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(body, True)
    except ValueError:
        raise
    except Exception as problem:
        raise ValueError(str(problem)) from problem


def _check_depth(root: Element) -> None:
    depth, level = 0, [root]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise ValueError("nested too deeply")
        level = [child for element in level for child in element]


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag[tag.index("}") + 1 :] if tag[0] == "{" else tag


NAMES = {
    "document": document,
    "local": local,
    "read_boolean": text.read_boolean,
    "read_integer": text.read_integer,
    "read_long": text.read_long,
    "read_number": text.read_number,
    "read_time": text.read_time,
    "read_blob": text.read_blob,
}


class XmlReader:
    """Writes functions `(element) -> value` for shapes."""

    def __init__(self, model: Model, module: Module) -> None:
        self._model = model
        self._module = module

    def value(self, shape: Shape, element: str) -> str:
        """An expression for the value that an element holds."""
        if not shape.is_scalar:
            return f"{self.function(shape)}({element})"
        content = f"{element}.text or ''"
        reader = READER_NAMES.get(shape.type)
        return f"({content})" if reader is None else f"{reader}({content})"

    def function(self, shape: Shape) -> str:
        write = {"structure": self._structure, "list": self._list, "map": self._map}[shape.type]
        return self._module.function(("read", shape.name), lambda name: write(name, shape))

    def _structure(self, name: str, shape: Shape) -> list[str]:
        lines = [f"def {name}(e):", "    r = {}"]
        lines += self._attributes(shape)
        members = [
            (each, of)
            for each, of in self._model.members(shape)
            if not (of.get("xmlAttribute") or of.get("location") in BOUND)
        ]
        if members:
            lines += [
                "    for c in e:",
                "        t = c.tag",
                "        if t[0] == '{': t = local(t)",
            ]
            for at, (each, of) in enumerate(members):
                lines += self._member(each, of, "elif" if at else "if")
        return [*lines, "    return r"]

    def _attributes(self, shape: Shape) -> list[str]:
        attributes = {
            str(of.get("locationName", each)).rpartition(":")[2]: (each, of)
            for each, of in self._model.members(shape)
            if of.get("xmlAttribute")
        }
        if not attributes:
            return []
        lines = ["    for k, x in e.attrib.items():", "        k = local(k)"]
        for tag, (each, of) in attributes.items():
            reader = READER_NAMES.get(of.type, "")
            lines.append(f"        if k == {tag!r}: r[{each!r}] = {reader}(x)")
        return lines

    def _member(self, name: str, shape: Shape, test: str) -> list[str]:
        tag = shape.get("locationName", name) if shape.is_scalar else element_name(name, shape)
        head = f"        {test} t == {tag!r}: "
        if shape.type == "list" and shape.get("flattened"):
            item = self._model.shape(shape.own["member"])
            return [f"{head}r.setdefault({name!r}, []).append({self.value(item, 'c')})"]
        if shape.type == "map" and shape.get("flattened"):
            return [f"{head}{self._entry(shape)}(c, r.setdefault({name!r}, {{}}))"]
        return [f"{head}r[{name!r}] = {self.value(shape, 'c')}"]

    def _list(self, name: str, shape: Shape) -> list[str]:
        item = self._model.shape(shape.own["member"])
        tag = shape.own["member"].get("locationName", "member")
        return [
            f"def {name}(e):",
            f"    return [{self.value(item, 'c')} for c in e if local(c.tag) == {tag!r}]",
        ]

    def _map(self, name: str, shape: Shape) -> list[str]:
        return [
            f"def {name}(e):",
            "    r = {}",
            "    for c in e:",
            f"        if local(c.tag) == 'entry': {self._entry(shape)}(c, r)",
            "    return r",
        ]

    def _entry(self, shape: Shape) -> str:
        return self._module.function(
            ("entry", shape.name), lambda name: self._entry_lines(name, shape)
        )

    def _entry_lines(self, name: str, shape: Shape) -> list[str]:
        key, value = shape.own["key"], shape.own["value"]
        key_tag, value_tag = key.get("locationName", "key"), value.get("locationName", "value")
        return [
            f"def {name}(e, r):",
            "    k = v = None",
            "    for c in e:",
            "        t = local(c.tag)",
            f"        if t == {key_tag!r}: k = c.text or ''",
            f"        elif t == {value_tag!r}: v = c",
            "    if k is None or v is None: raise ValueError('an entry lacks its key or value')",
            f"    r[k] = {self.value(self._model.shape(value), 'v')}",
        ]


BOUND = frozenset({"uri", "querystring", "header", "headers", "statusCode"})


def element_name(name: str, shape: Shape) -> str:
    """A member's element: its own name counts, not that of a flattened list's items."""
    found: str = shape.get("locationName", name)
    return found
