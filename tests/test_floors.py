"""The house: a module imports only from floors below its own, or from its own room."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "stance"
FLOORS = [
    {"errors", "records", "resources", "terminal_text"},
    {"codebook", "files"},
    {"statistics", "corpus"},
    {"labeling"},
    {"classifiers"},
    {"evaluation", "comparison"},
    {"report", "web", "engine"},
    {"cli"},
    {"__main__"},
]
FLOOR = {room: i for i, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")
# Slow to load: `stance --help` must not wait for them.
HEAVY = {"torch", "transformers", "datasets", "sklearn", "scipy", "numpy", "pyarrow", "rich"}


# What runs on torch; nobody else may need it.
TORCH = {
    *("contrast.py", "embedding.py", "encoders.py", "export.py", "fine_tuning.py"),
    "transformer.py",
}


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path, *, top_level_only=False):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_module_sees_only_its_own_room_and_lower_floors(path):
    room = room_of(path)
    assert room in FLOOR, f"{room} has no floor: put it into FLOORS"
    for module in imports(path):
        parts = module.split(".")
        if parts[0] == "stance" and len(parts) > 1 and parts[1] != room:
            assert FLOOR[parts[1]] < FLOOR[room], f"{path.name} reaches up to {module}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "cli").glob("*.py")), ids=lambda p: p.name)
def test_commands_import_heavy_libraries_only_where_they_are_used(path):
    loaded = {module.split(".")[0] for module in imports(path, top_level_only=True)}
    assert not loaded & HEAVY


def test_no_module_but_the_transformer_rungs_may_import_torch():
    for path in MODULES:
        if path.name not in TORCH:
            assert "torch" not in {module.split(".")[0] for module in imports(path)}


def test_commands_that_need_no_scikit_learn_do_not_wait_for_it():
    code = (
        "import sys\n"
        "import stance.report.terminal, stance.classifiers.storage, stance.classifiers.runtime\n"
        "print([m for m in ('sklearn', 'scipy.stats', 'torch', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
