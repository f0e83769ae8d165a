"""Writing XML answers: generated code appends text to one list that is joined at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cloudling.gateway.protocols import text
from cloudling.gateway.protocols.text import Fragment
from cloudling.kernel.lasting import Lasting

if TYPE_CHECKING:
    from cloudling.models.compile import Module
    from cloudling.models.loader import Model, Shape

# `location`s that keep a member out of the body of an answer. Those of requests do not count there.
ELSEWHERE = frozenset({"header", "headers", "statusCode"})
DATES = {"iso8601": "iso", "rfc822": "http_date", "unixTimestamp": "unix"}
STYLES = {"seconds": "iso_seconds", "milliseconds": "iso_milliseconds"}

NAMES = {
    "Fragment": Fragment,
    "Lasting": Lasting,
    "escape": text.escape,
    "boolean": text.boolean,
    "number": text.number,
    "encode_blob": text.encode_blob,
    "iso": text.iso,
    "iso_seconds": text.iso_seconds,
    "iso_milliseconds": text.iso_milliseconds,
    "http_date": text.http_date,
    "unix": text.unix,
}


class XmlWriter:
    """Writes functions `(value, output list) -> None` for shapes."""

    def __init__(self, model: Model, module: Module) -> None:
        self._model = model
        self._module = module

    def scalar(self, shape: Shape, variable: str, default_date: str = "iso8601") -> str:
        """An expression for a scalar's text, markup not escaped."""
        match shape.type:
            case "boolean":
                return f"boolean({variable})"
            case "integer" | "long":
                return f"str({variable})"
            case "float" | "double":
                return f"number({variable})"
            case "blob":
                return f"encode_blob({variable})"
            case "timestamp":
                return f"{self._date(shape, default_date)}({variable})"
        return variable

    def _date(self, shape: Shape, default: str) -> str:
        form = shape.get("timestampFormat") or default
        style = STYLES.get(self._model.metadata.get("timestampStyle", ""))
        return style if style and form == "iso8601" else DATES[form]

    def content(self, shape: Shape, variable: str) -> str:
        found = self.scalar(shape, variable)
        if found != variable:
            return found
        # Words of an enumeration are nearly always plain, and this is faster than to look.
        shortcut = f"{variable} if {variable}.isalnum() else " if shape.get("enum") else ""
        return f"({shortcut}escape({variable}))"

    def function(self, shape: Shape) -> str:
        """The function that writes a structure's elements, without its own tags."""
        return self._module.function(
            ("write", shape.name), lambda name: self._structure(name, shape)
        )

    def item_function(self, name: str, shape: Shape) -> str:
        """The function `(item) -> Fragment` for one item of a list member, with its tags."""
        tag = self._item_tag(name, shape)
        item = self._model.shape(shape.own["member"])
        lines = self.element(item, tag, "v", 1)
        return self._module.function(
            ("item", tag, shape.name),
            lambda function: [
                f"def {function}(v):",
                "    o = []",
                "    w = o.append",
                *lines,
                "    return Fragment(''.join(o))",
            ],
        )

    def _structure(self, name: str, shape: Shape) -> list[str]:
        lines = [f"def {name}(v, o):", "    w = o.append"]
        for each, of in self._model.members(shape):
            if of.get("location") in ELSEWHERE or of.get("xmlAttribute"):
                continue
            lines.append(f"    if {each!r} in v and (x := v[{each!r}]) is not None:")
            lines += self.element(of, of.get("locationName", each), "x", 2, name=each)
        return lines

    def element(
        self, shape: Shape, tag: str, variable: str, depth: int, *, name: str = ""
    ) -> list[str]:
        """Lines that write a value in its element (or elements, when flattened)."""
        pad = "    " * depth
        opening = f"<{tag}{namespace(shape)}"
        if shape.type == "list":
            return self._list(shape, tag, variable, depth, name=name)
        if shape.type == "map":
            return self._map(shape, tag, variable, depth)
        if shape.type == "structure":
            attributes = self.attributes(shape, variable, pad)
            end = " + a + '>'" if attributes else " + '>'"
            call = f"{pad}{self.function(shape)}({variable}, o)"
            return [*attributes, f"{pad}w({opening!r}{end})", call, f"{pad}w({f'</{tag}>'!r})"]
        whole = shape.type in ("integer", "long")
        content = variable if whole else self.content(shape, variable)
        template = f"{_braced(opening)}>{{{content}}}</{tag}>"
        return [f"{pad}w(f{template!r})"]

    def attributes(self, shape: Shape, variable: str, pad: str) -> list[str]:
        lines = []
        for each, of in self._model.members(shape):
            if of.get("xmlAttribute"):
                start = f' {of.get("locationName", each)}="'
                lines += [
                    f"{pad}y = {variable}.get({each!r})",
                    f"{pad}if y is not None: a += {start!r} + {self.content(of, 'y')} + '\"'",
                ]
        return [f"{pad}a = ''", *lines] if lines else []

    def _item_tag(self, name: str, shape: Shape) -> str:
        if shape.get("flattened"):
            return str(shape.get("locationName", name))
        return str(shape.own["member"].get("locationName", "member"))

    def _list(self, shape: Shape, tag: str, variable: str, depth: int, *, name: str) -> list[str]:
        pad = "    " * depth
        flat = shape.get("flattened")
        item_tag = tag if flat else self._item_tag(name, shape)
        each = f"y{depth}"
        item = self._model.shape(shape.own["member"])
        lines = [
            f"{pad}if {variable}.__class__ is Fragment: w({variable})",
            f"{pad}elif {variable} and {variable}[0].__class__ is Fragment: o.extend({variable})",
            f"{pad}else:",
            f"{pad}    for {each} in {variable}:",
            *self._lasting(shape, item, item_tag, each, pad + "        "),
            *self.element(item, item_tag, each, depth + 2),
        ]
        if flat:
            return lines
        opening = f"<{tag}{namespace(shape)}>"
        return [f"{pad}w({opening!r})", *lines, f"{pad}w({f'</{tag}>'!r})"]

    def _lasting(self, shape: Shape, item: Shape, tag: str, each: str, pad: str) -> list[str]:
        """Lines that reuse what an item was written as before; a mark says by which code."""
        if item.type != "structure":
            return []
        mark = f"{self._model.digest} {shape.name} {tag}"
        return [
            f"{pad}if {each}.__class__ is Lasting:",
            f"{pad}    if {each}.mark != {mark!r}:",
            f"{pad}        {each}.text = {self.item_function(tag, shape)}({each})",
            f"{pad}        {each}.mark = {mark!r}",
            f"{pad}    w({each}.text)",
            f"{pad}    continue",
        ]

    def _map(self, shape: Shape, tag: str, variable: str, depth: int) -> list[str]:
        pad = "    " * depth
        key, value = (self._model.shape(shape.own[each]) for each in ("key", "value"))
        flat = shape.get("flattened")
        entry = tag if flat else "entry"
        outer = namespace(shape)
        opening = f"<{entry}{outer if flat else ''}>"
        k, x = f"k{depth}", f"x{depth}"
        lines = [
            f"{pad}for {k}, {x} in {variable}.items():",
            f"{pad}    w({opening!r})",
            *self.element(key, key.get("locationName", "key"), k, depth + 1),
            *self.element(value, value.get("locationName", "value"), x, depth + 1),
            f"{pad}    w({f'</{entry}>'!r})",
        ]
        if flat:
            return lines
        return [f"{pad}w({f'<{tag}{outer}>'!r})", *lines, f"{pad}w({f'</{tag}>'!r})"]


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def namespace(shape: Shape) -> str:
    """The attribute that declares a shape's namespace where it is used.

    A structure's own namespace only counts where it declares a prefix (S3's `xsi:type`).
    """
    found: Any = shape.at.get("xmlNamespace")
    if found is None and isinstance(own := shape.own.get("xmlNamespace"), dict):
        found = own if "prefix" in own else None
    return declaration(found)


def declaration(found: Any) -> str:
    if not found:
        return ""
    if isinstance(found, str):
        return f' xmlns="{text.escape(found)}"'
    prefix = f":{found['prefix']}" if found.get("prefix") else ""
    return f' xmlns{prefix}="{text.escape(found["uri"])}"'
