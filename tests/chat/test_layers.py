"""How the modules of `curate.chat` depend on each other and on others."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import curate.chat


def test_importing_it_does_not_import_torch_or_transformers():
    code = "import sys, curate.chat; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_its_modules_import_one_way():
    """Imports inside functions and for type checking count too."""
    package = Path(curate.chat.__file__).parent
    imports = {
        f"curate.chat.{path.stem}": {
            node.module for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ImportFrom)
        }
        for path in package.glob("[!_]*.py")
    }
    order = list(TopologicalSorter(imports).static_order())  # raises CycleError
    assert order.index("curate.chat.rendering") < order.index("curate.chat.check") < order.index("curate.chat.template")
    assert not any("curate.chat" in modules for modules in imports.values())
