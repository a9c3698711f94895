"""Linking ES modules into one classic script: browsers load no modules from a file's address.

Belongs here: the small part of the module syntax that `static/` uses. Does not: which modules are
linked (`page_shell`).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping

_IMPORT = re.compile(
    r"^import\s+(?:\*\s+as\s+(?P<whole>\w+)|\{(?P<names>[^}]*)\})\s+from\s+"
    r"'(?P<file>\.{1,2}/[\w./-]+)';$",
    re.MULTILINE,
)
_EXPORT = re.compile(
    r"^export\s+(?P<what>(?:async\s+)?function|const|class)\s+(?P<name>\w+)", re.MULTILINE
)
_OTHER = re.compile(r"^\s*(?:import|export)\b.*$", re.MULTILINE)


def link(modules: Mapping[str, str], entry: str) -> str:
    """Return one script that runs modules as a browser would: each once, after its imports.

    Supported are `import { a, b as c } from './x.js';`, `import * as x from './x.js';` and
    `export` before `function`, `async function`, `const` and `class`, each at the start of a line.

    Args:
        modules: texts by path, relative to the folder that holds them all.
        entry: the module to begin with.

    Raises:
        ValueError: other imports or exports, a missing module, or a circle of imports.
    """
    order: list[str] = []
    _visit(entry, modules, order, ())
    parts = [_wrapped(name, modules[name]) for name in order]
    return "\n".join(["'use strict';", "(() => {", *parts, "})();", ""])


def _visit(name: str, modules: Mapping[str, str], order: list[str], above: tuple[str, ...]) -> None:
    if name in order:
        return
    if name in above:
        raise ValueError(f"modules import each other in a circle: {' > '.join((*above, name))}")
    if name not in modules:
        raise ValueError(
            f"{above[-1] if above else 'the page'} imports {name}, which does not exist"
        )
    for found in _IMPORT.finditer(modules[name]):
        _visit(_resolved(name, found["file"]), modules, order, (*above, name))
    order.append(name)


def _wrapped(name: str, text: str) -> str:
    """Return a module as a function that returns what it exports."""
    names = [found["name"] for found in _EXPORT.finditer(text)]
    bound = _IMPORT.sub(lambda found: _bound(name, found), text)
    body = _EXPORT.sub(r"\g<what> \g<name>", bound)
    left = _OTHER.search(body)
    if left:
        raise ValueError(f"{name}: cannot link {left[0].strip()!r}")
    return f"const {_variable(name)} = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();"


def _resolved(importer: str, file: str) -> str:
    """Return the name of the module that a relative path leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), file))


def _bound(importer: str, found: re.Match[str]) -> str:
    source = _variable(_resolved(importer, found["file"]))
    if found["whole"]:
        return f"const {found['whole']} = {source};"
    names = re.sub(r"\s+as\s+", ": ", found["names"].strip())
    return f"const {{ {names} }} = {source};"


def _variable(name: str) -> str:
    return "module_" + re.sub(r"\W", "_", name.removesuffix(".js"))
