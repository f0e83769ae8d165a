"""What the survey looks at: the house, its service rooms, their manifests and syntax trees."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, where, and what mends it."""

    path: Path
    fault: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}: {self.fault}. {self.remedy}."


class House:
    """The working tree."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.source = root / "src" / "cloudling"

    @cached_property
    def rooms(self) -> list[Room]:
        folders = sorted((self.source / "services").glob("*/"))
        return [Room(self, folder) for folder in folders if folder.name != "__pycache__"]

    @cached_property
    def modules(self) -> list[Path]:
        return sorted(self.source.rglob("*.py"))

    def finding(self, path: Path, fault: str, remedy: str) -> Finding:
        return Finding(path.relative_to(self.root), fault, remedy)


class Room:
    """One service's folder."""

    def __init__(self, house: House, folder: Path) -> None:
        self.house = house
        self.folder = folder
        self.name = folder.name
        self.tests = house.root / "tests" / "services" / folder.name
        self.page = house.root / "docs" / "services" / f"{folder.name}.md"

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest; empty where there is none or it cannot be read."""
        try:
            return tomllib.loads((self.folder / "manifest.toml").read_text())
        except (OSError, tomllib.TOMLDecodeError):
            return {}

    @property
    def models(self) -> list[str]:
        models = self.manifest.get("models", [])
        return [name for name in models if isinstance(name, str)]

    @cached_property
    def trees(self) -> dict[Path, ast.Module]:
        files = sorted(self.folder.rglob("*.py"))
        return {path: ast.parse(path.read_text(), str(path)) for path in files}

    @cached_property
    def operations(self) -> dict[str, Path]:
        """What the code marks with `@operation("Name", …)` or makes with `tag_operations(…)`."""
        return {
            name: path
            for path, tree in self.trees.items()
            for node in ast.walk(tree)
            for name in _operation_names(node)
        }

    def finding(self, path: Path, fault: str, remedy: str) -> Finding:
        return self.house.finding(path, fault, remedy)


def _operation_names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call(func=ast.Name(id="operation"), args=[ast.Constant(value=str(name)), *_]):
            yield name
        case ast.Call(func=ast.Name(id="tag_operations"), args=[ast.Tuple(elts=names), *_]):
            yield from (name.value for name in names if isinstance(name, ast.Constant))
