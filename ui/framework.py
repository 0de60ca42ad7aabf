"""Gradio's import, in a third of its time: without what it does for those who write components or serve their own MCP.

It parses the source of each component anew and writes an interface for editors beside it; and it loads the MCP library,
pandas and a command line of its own, none of which the page uses.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any, Final

_COMPONENTS: Final = "gradio.component_meta"


def load() -> None:
    """Import Gradio; a second call, or one that comes after an import elsewhere, does nothing."""
    if "gradio" in sys.modules:
        return
    finder, held = _Finder(), {name: one for name, one in _stand_ins().items() if name not in sys.modules}
    sys.modules.update(held)
    sys.meta_path.insert(0, finder)
    try:
        importlib.import_module("gradio")
    finally:
        sys.meta_path.remove(finder)
        for name, module in held.items():
            if sys.modules.get(name) is module:  # who needs the real one later imports it
                del sys.modules[name]


def _stand_ins() -> dict[str, ModuleType]:
    command = ModuleType("gradio.cli")
    vars(command)["deploy"] = None
    # Gradio goes on where the MCP library lacks what it asks for, as it does where there is none.
    return {"gradio.cli": command, "mcp": ModuleType("mcp"), "pandas": _Late("pandas")}


class _Late(ModuleType):
    """A module that is imported when something of it is used."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module holds
        if name.startswith("__"):  # what the import system looks for
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


class _Finder(MetaPathFinder):
    """Finds the module that makes components."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == _COMPONENTS else None
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Loads it so that it writes no interface for editors."""

    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        vars(module)["create_or_modify_pyi"] = _nothing


def _nothing(*_: object) -> None: ...
