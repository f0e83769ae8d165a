"""Services as their manifests describe them; nothing of one is imported before its first call."""

from __future__ import annotations

import importlib
import pkgutil
import tomllib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cloudling.kernel import endpoints
from cloudling.kernel.access import Rule, default_rule, passing, preceded, rules_in, unasked
from cloudling.kernel.call import Call
from cloudling.kernel.operations import MARK, Operation
from cloudling.models import loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

    from cloudling.kernel.errors import AwsError
    from cloudling.models.loader import Model

    Refusal = Callable[[list[str]], AwsError]


class Service:
    """One service room: its manifest, and on demand its models, operations and rules.

    `folder` is where the package lies, `package` its dotted name.
    """

    def __init__(self, folder: Path, package: str) -> None:
        self.folder = folder
        self.package = package
        self.name = folder.name
        self.manifest: dict[str, Any] = tomllib.loads((folder / "manifest.toml").read_text())
        self.title: str = self.manifest["title"]
        self.models: tuple[str, ...] = tuple(self.manifest["models"])
        self.calls: tuple[str, ...] = tuple(self.manifest.get("calls", ()))
        # None, and no words of its own (`violations.py`): the kernel does not validate.
        self.validation_error: str | None = self.manifest.get("validation_error")
        self.regions: dict[tuple[str, str], str] = {}

    @cached_property
    def modules(self) -> dict[str, ModuleType]:
        importlib.import_module(self.package)
        names = [found.name for found in pkgutil.iter_modules([str(self.folder)])]
        return {name: importlib.import_module(f"{self.package}.{name}") for name in names}

    @cached_property
    def reconciling_modules(self) -> list[ModuleType]:
        """Those that the manifest says to hold reconcilers; they alone are imported at a start."""
        names = self.manifest.get("reconciles", ())
        return [importlib.import_module(f"{self.package}.{name}") for name in names]

    @cached_property
    def operations(self) -> dict[str, Operation]:
        """Every operation that is built, by name."""
        found: dict[str, Operation] = {}
        for module in self.modules.values():
            for value in vars(module).values():
                mark = getattr(value, MARK, None)
                if isinstance(mark, Operation):
                    found[mark.name] = mark
        return found

    @cached_property
    def call_type(self) -> type[Call]:
        module = self.modules.get("call")
        for value in vars(module).values() if module else ():
            if isinstance(value, type) and issubclass(value, Call) and value is not Call:
                return value
        return Call

    @cached_property
    def rules(self) -> dict[str, Rule]:
        module = self.modules.get("access")
        return rules_in(module) if module else {}

    @cached_property
    def refusal(self) -> Refusal | None:
        """The service's own words for violated constraints, where it has any (`violations.py`)."""
        module = self.modules.get("violations")
        return getattr(module, "refusal", None)

    def model_of(self, operation: str) -> Model:
        """The model that holds the operation; KeyError when none does."""
        for name in self.models:
            model = loader.load(name)
            if operation in model.operations:
                return model
        raise KeyError(operation)

    def rule(self, operation: str) -> Rule:
        own = self.rules.get(operation)
        model = self.model_of(operation)
        if own is None and model.operations[operation].traits.get("authtype") == "none":
            return unasked
        rule = own or default_rule(model.signing_name, operation)
        if passed := self.manifest.get("passes", {}).get(operation):
            rule = passing(rule, passed["member"], passed["service"])
        first = self.rules.get("*")
        return preceded(first, rule) if first else rule

    def region_of(self, operation: str, asked: str) -> str:
        """The region whose endpoint serves it: global services have one in each partition."""
        found = self.regions.get((operation, asked))
        if found is None:
            # Handles of code that nobody called have no operation.
            prefix = self.model_of(operation).signing_name if operation else ""
            found = self.regions[operation, asked] = endpoints.region_of(prefix, asked)
        return found


def find_services(package: str) -> Iterator[Service]:
    """Every folder with a manifest below a package; reads manifests, imports no service."""
    spec = importlib.import_module(package)
    for place in spec.__path__:
        for manifest in sorted(Path(place).glob("*/manifest.toml")):
            yield Service(manifest.parent, f"{package}.{manifest.parent.name}")
