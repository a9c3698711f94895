"""Linked modules run in order; other syntax is refused."""

from __future__ import annotations

import pytest

from insight_dagster.report.module_linker import link

MODULES = {
    "main.js": "import { one as first, two } from './a.js';\nimport * as b from './b.js';\n"
    "globalThis.out = [first(), two, b.three];",
    "a.js": "export function one() { return 1; }\nexport const two = 2;",
    "b.js": "import { two } from './a.js';\nexport const three = two + 1;",
}


def test_modules_run_once_after_what_they_import() -> None:
    text = link(MODULES, "main.js")
    assert text.index("module_a =") < text.index("module_b =") < text.index("module_main =")
    assert "const { one: first, two } = module_a;" in text
    assert text.count("module_a = (") == 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"a.js": "import { three } from './b.js';\nexport const two = 2;"}, "in a circle"),
        ({"b.js": "import { x } from './c.js';"}, "c.js, which does not exist"),
        ({"b.js": "export default 3;"}, "cannot link 'export default 3;'"),
        ({"b.js": 'import x from "./a.js";'}, "cannot link"),
    ],
)
def test_unsupported_syntax_is_refused(changed, message) -> None:
    with pytest.raises(ValueError, match=message):
        link(MODULES | changed, "main.js")
