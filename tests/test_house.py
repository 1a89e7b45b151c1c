"""The house: files that fit a screen or a few, functions that fit one, imports that point downward."""

import ast

import pytest

from tests.conftest import ROOT

FILES = [p for folder in ("curate", "scripts", "tests", "benchmarks") for p in sorted((ROOT / folder).rglob("*.py"))]
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted((ROOT / "curate").rglob("*.py"))
}
LAYERS = [  # from the top; what stands in one line may import each other as long as there is no circle
    ("curate.__main__", "curate.cli"),
    ("curate.apply", "curate.exports", "curate.report"),
    ("curate.runs",),
    ("curate.pipeline",),
    ("curate.stages",),
    ("curate.answers", "curate.declaration"),
    ("curate.outcome", "curate.signatures"),
    ("curate.models",),
    ("curate.chat",),
    ("curate.records",),
    ("curate.algorithms",),
    ("curate.registry", "curate.yaml_files", "curate.errors", "curate.shown"),
]


def layer_of(module):
    return next(
        (n for n, names in enumerate(LAYERS) if any(module == name or module.startswith(f"{name}.") for name in names)),
        None,
    )


def imports(path, nested=False):
    """The modules of ours that a file imports: at its top level, or anywhere; those for the type checker aside."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree) if nested else tree.body:
        if isinstance(node, ast.ImportFrom) and id(node) not in for_types and (node.module or "").startswith("curate"):
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in MODULES else node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_has_at_most_350_lines_and_its_functions_50(path):
    text = path.read_text()
    assert text.count("\n") <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            assert not body or body[-1].end_lineno - body[0].lineno < 50, f"{path}:{node.lineno} {node.name}"


def test_no_module_imports_itself_in_a_circle():
    graph = {name: sorted(set(imports(path))) for name, path in MODULES.items() if name != "curate"}
    done = set()

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for other in graph.get(name, ()):
                visit(other, [*trail, name])
            done.add(name)

    for name in graph:
        visit(name, [])


@pytest.mark.parametrize("module", [name for name in MODULES if name != "curate"])
def test_imports_point_downward(module):
    own = layer_of(module)
    assert own is not None, f"{module} has no layer"
    for other in imports(MODULES[module]):
        assert layer_of(other) >= own, f"{module} imports {other}"


def test_algorithms_import_nothing_of_ours_but_each_other_and_the_errors():
    for module, path in MODULES.items():
        if module.startswith("curate.algorithms."):
            others = {other for other in imports(path, nested=True) if not other.startswith("curate.algorithms")}
            assert others <= {"curate.errors"}, module
