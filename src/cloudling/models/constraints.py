"""A model's constraints as generated validators, which list all violations in AWS's words.

AWS's services are written in Java, and so are the models' patterns: they match whole values, `\\w`
and `\\d` mean ASCII, characters beyond U+FFFF are pairs and count twice.
"""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

from cloudling.models import compile as compiling
from cloudling.models import loader
from cloudling.models.compile import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloudling.models.loader import Model, Shape

    Validator = Callable[[dict[str, Any]], list[str]]

CHECKED = ("min", "max", "enum", "pattern")
SURROGATES = r"\uD800\uDC00-\uDBFF\uDFFF"
BRACED = re.compile(r"\\x\{([0-9A-Fa-f]+)\}")
ASCII_CLASSES = {
    "w": ("a-zA-Z0-9_", "[a-zA-Z0-9_]"),
    "d": ("0-9", "[0-9]"),
    "s": (" \\t\\n\\x0b\\f\\r", "[ \\t\\n\\x0b\\f\\r]"),
}


def validator(model: Model, operation: str) -> Validator:
    """The function that lists what is wrong with an operation's parameters."""
    key = (model.digest, operation)
    found = _validators.get(key)
    if found is None:
        code = compiling.shared.code(
            f"{model.name} {operation} constraints",
            (model.digest, compiling.fingerprint(__file__, loader.__file__, compiling.__file__)),
            lambda: source(model, operation),
        )
        found = _validators[key] = compiling.run(code, NAMES)["validate"]
    return found


_validators: dict[tuple[str, str], Validator] = {}


def uncompilable(model: Model) -> list[str]:
    """The patterns that cannot be checked, for the survey."""
    patterns = {shape["pattern"] for shape in model.shapes.values() if "pattern" in shape}
    return sorted(each for each in patterns if compiled(each) is None)


def has_any(model: Model, operation: str) -> bool:
    """Is there anything that an operation's parameters could violate?"""
    shape = model.input(operation)
    return shape is not None and Writer(model, Module()).matters(shape)


def source(model: Model, operation: str) -> str:
    module = Module()
    shape = model.input(operation)
    lines = ["def validate(v):", "    out = []"]
    if shape is not None:
        writer = Writer(model, module)
        if writer.matters(shape):
            lines.append(f"    {writer.function(shape)}(v, '', out)")
    module.add([*lines, "    return out"])
    return module.source()


class Writer:
    """Writes functions `(value, path, violations) -> None` for structures."""

    def __init__(self, model: Model, module: Module) -> None:
        self._model = model
        self._module = module
        self._matters: dict[str, bool] = {}
        # Some services (IAM) do not repeat what they were given.
        self._silent = bool(model.metadata.get("violationsWithoutValues"))

    def matters(self, shape: Shape) -> bool:
        """Is there anything to check, here or below?"""
        if any(shape.get(each) is not None for each in CHECKED) or shape.own.get("required"):
            return True
        if shape.name not in self._matters:
            self._matters[shape.name] = False  # so that recursive shapes end
            self._matters[shape.name] = any(self.matters(each) for each in self._below(shape))
        return self._matters[shape.name]

    def _below(self, shape: Shape) -> Iterator[Shape]:
        for _, of in self._model.members(shape):
            yield of
        for part in ("member", "key", "value"):
            if part in shape.own:
                yield self._model.shape(shape.own[part])

    def function(self, shape: Shape) -> str:
        return self._module.function(shape.name, lambda name: self._structure(name, shape))

    def _structure(self, name: str, shape: Shape) -> list[str]:
        lines = [f"def {name}(v, p, out):", "    g = v.get"]
        required = shape.own.get("required", ())
        for each, of in self._model.members(shape):
            checks = self._checks(of, "x", f"p + {lowered(each)!r}", 2)
            if each in required:
                lines += [
                    f"    x = g({each!r})",
                    f"    if x is None: {self._absence(f'p + {lowered(each)!r}')}",
                    *(["    else:", *checks] if checks else []),
                ]
            elif checks:
                lines += [f"    x = g({each!r})", "    if x is not None:", *checks]
        return lines

    def _refusal(self, variable: str, path: str, words: str) -> str:
        shown = "None" if self._silent else variable
        return f"refuse(out, {shown}, {path}, {words!r})"

    def _absence(self, path: str) -> str:
        words = "Member must not be null"
        return self._refusal("None", path, words) if self._silent else f"absent(out, {path})"

    def _checks(self, shape: Shape, variable: str, path: str, depth: int) -> list[str]:
        """Lines that check one value that is there."""
        pad = "    " * depth
        if not self.matters(shape) or shape.get("streaming"):
            return []
        if shape.type == "structure":
            return [f"{pad}{self.function(shape)}({variable}, {path} + '.', out)"]
        own = [
            f"{pad}if {condition}: {self._refusal(variable, path, words)}"
            for condition, words in conditions(shape, variable)
        ]
        if shape.type == "list":
            return own + self._items(shape, variable, path, depth)
        return own + self._entries(shape, variable, path, depth) if shape.type == "map" else own

    def _items(self, shape: Shape, variable: str, path: str, depth: int) -> list[str]:
        pad, i, y = "    " * depth, f"i{depth}", f"y{depth}"
        item = self._model.shape(shape.own["member"])
        inner = self._checks(item, y, f"q{depth}", depth + 1)
        if not inner:
            return []
        return [
            f"{pad}for {i}, {y} in enumerate({variable}, 1):",
            f"{pad}    q{depth} = {path} + f'.{{{i}}}.member'",
            *inner,
        ]

    def _entries(self, shape: Shape, variable: str, path: str, depth: int) -> list[str]:
        pad, k, y = "    " * depth, f"k{depth}", f"y{depth}"
        value = self._model.shape(shape.own["value"])
        lines = []
        for part, of in (("keys", self._model.shape(shape.own["key"])), ("value", value)):
            if of.is_scalar and (found := list(conditions(of, y))):
                several = f"{variable}" if part == "keys" else f"{variable}.values()"
                test = " or ".join(f"({condition})" for condition, _ in found)
                words = ", ".join(each for _, each in found)
                text = f"Map {part} must satisfy constraint: [{words}]"
                lines.append(
                    f"{pad}if any({test} for {y} in {several}):"
                    f" refuse(out, {variable}, {path}, {text!r})"
                )
        if not value.is_scalar and (inner := self._checks(value, y, f"q{depth}", depth + 1)):
            lines += [
                f"{pad}for {k}, {y} in {variable}.items():",
                f"{pad}    q{depth} = {path} + f'.{{{k}}}.member'",
                *inner,
            ]
        return lines


def conditions(shape: Shape, variable: str) -> Iterator[tuple[str, str]]:
    """What violates a shape's own constraints, as expressions, and AWS's words for it."""
    least, most, pattern = (shape.get(each) for each in ("min", "max", "pattern"))
    if shape.type in ("integer", "long", "float", "double"):
        measure, noun = variable, "value"
    else:
        measure = f"size({variable})" if shape.type == "string" else f"len({variable})"
        noun = "length"
    if least is not None and not (noun == "length" and least == 0):
        yield f"{measure} < {least}", f"Member must have {noun} greater than or equal to {least}"
    if most is not None:
        yield f"{measure} > {most}", f"Member must have {noun} less than or equal to {most}"
    if pattern is not None and compiled(pattern) is not None:
        words = shape.get("patternSentence")
        words = words or f"Member must satisfy regular expression pattern: {pattern}"
        yield f"not matches({pattern!r}, {variable})", words
    if values := shape.get("enum"):
        words = f"Member must satisfy enum value set: [{', '.join(values)}]"
        yield f"{variable} not in {frozenset(values)!r}", words


def lowered(name: str) -> str:
    return name[0].lower() + name[1:]


def absent(out: list[str], path: str) -> None:
    out.append(f"Value null at '{path}' failed to satisfy constraint: Member must not be null")


class Sentence(str):
    """A violation that a service tells in a sentence of its own, and alone."""

    __slots__ = ()


def refuse(out: list[str], value: Any, path: str, words: str) -> None:
    if "{path}" in words:
        out.append(Sentence(words.format(path=path)))
        return
    told = "Value" if value is None else f"Value '{shown(value)}'"
    out.append(f"{told} at '{path}' failed to satisfy constraint: {words}")


def shown(value: Any) -> str:
    """A value as Java prints it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}={shown(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "java.nio.HeapByteBuffer" if isinstance(value, bytes) else str(value)


def size(text: str) -> int:
    """The length of a string in UTF-16, as Java counts it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def matches(pattern: str, text: str) -> bool:
    expression = compiled(pattern)
    return expression is None or expression.fullmatch(text) is not None


@cache
def compiled(pattern: str) -> Any:
    """The expression of a Java pattern; None when it cannot be had.

    Python's own `re` is the faster one; `regex` knows properties and set operations.
    """
    pattern = pattern.replace(SURROGATES, r"\U00010000-\U0010FFFF")
    pattern = BRACED.sub(lambda found: f"\\U{found[1]:0>8}", pattern)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # where `re` warns, it reads set operations as characters
        try:
            return re.compile(pattern, re.ASCII)
        except (re.error, FutureWarning):
            return _with_properties(pattern)


def _with_properties(pattern: str) -> Any:
    # Takes 70 ms to import, and most patterns do without.
    import regex  # type: ignore[import-untyped]  # noqa: PLC0415 - lazy; it has no stubs

    flags = regex.VERSION1 if "&&" in pattern else regex.VERSION0
    try:
        return regex.compile(with_ascii_classes(pattern), flags)
    except regex.error:
        return None


def with_ascii_classes(pattern: str) -> str:
    r"""`\w`, `\d`, `\s` spelled out: a flag would narrow `\p{L}` as well."""
    out, inside, at = [], False, 0
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\" and at + 1 < len(pattern):
            narrow = ASCII_CLASSES.get(pattern[at + 1])
            out.append(narrow[0 if inside else 1] if narrow else pattern[at : at + 2])
            at += 2
            continue
        if sign in "[]":
            inside = sign == "["
        out.append(sign)
        at += 1
    return "".join(out)


NAMES = {"absent": absent, "refuse": refuse, "size": size, "matches": matches}
