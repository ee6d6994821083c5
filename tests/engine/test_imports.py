"""Who may import whom, read from the syntax trees: lazy imports count, imports for type checkers alone do not."""

import ast
import graphlib
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSES = ("engine", "blender_addon", "scripts")

LAYERS = (
    {"errors", "config", "contract", "storage"},
    {"camera", "light", "faces", "detect", "files", "coefficients", "render", "networks", "losses"},
    {"fit", "texture", "detail"},
    {"evaluation", "quality", "assemble", "posing", "preview", "methods"},
    {"pipeline", "training", "importing", "models"},
    {"worker"},
)
"""Files and folders of the engine from the ground up; each may import from its own layer and those below."""

FOR_BLENDER = {"engine.errors", "engine.config", "engine.contract", "engine.storage", "engine.files.find"}
"""What Blender's Python reads: standard library and numpy alone."""

NOT_IN_BLENDER = {"torch", "cv2", "scipy", "mediapipe", "face_alignment", "numba", "engine"}

ADDON_MAY_IMPORT = {
    "scene": {"scene", "compat"},
    "panels": {"panels", "properties", "strings", "door", "job", "session", "compat"},
    "operators": {
        "operators",
        "door",
        "job",
        "session",
        "scene",
        "properties",
        "strings",
        "compat",
        "setup_engine",
        "setup_run",
        "model_run",
    },
    "compat": set(),
    "strings": set(),
    "door": set(),
    "process": {"door"},
    "job": {"door", "process"},
}
"""Which parts of the add-on a part of it may import; a part not named here may import any."""

SCRIPTS_MAY_IMPORT = {"scene", "door", "job", "compat"}
"""Which parts of the add-on a script may import: what needs no window."""


@dataclass(frozen=True)
class Import:
    """One imported module or name, absolute: ``engine.render.normals`` or ``torch.Tensor``."""

    importer: str
    target: str
    relative: bool
    lazy: bool
    line: int

    @property
    def top(self) -> str:
        return self.target.split(".")[0]

    def __str__(self):
        return f"{self.importer}:{self.line} imports {self.target}"


def module_name(path, root=ROOT):
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def read_imports(source, importer, is_package=False, modules=frozenset()):
    """Every import in ``source``; a name imported from a package counts as the module of ``modules`` that it is."""
    found = []

    def visit(node, lazy):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for child in node.orelse:
                visit(child, lazy)
            return
        if isinstance(node, ast.Import):
            found.extend(Import(importer, alias.name, False, lazy, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(node, importer, is_package)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.append(Import(importer, inner if inner in modules else base, node.level > 0, lazy, node.lineno))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("import_module", "__import__"):
            found.append(Import(importer, _named(node), False, True, node.lineno))
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            visit(child, inside)

    visit(ast.parse(source), False)
    return found


def _base(node, importer, is_package):
    """The absolute module that a ``from`` statement names."""
    if not node.level:
        return node.module
    package = importer.split(".") if is_package else importer.split(".")[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, node.module] if node.module else kept)


def _named(call):
    """The module that ``import_module`` gets, as far as its text says; ``{...}`` where it is computed."""
    text = ast.unparse(call.args[0]).strip("f'\"") if call.args else ""
    return text.replace("{_PARENT}", "") or "{...}"


@pytest.fixture(scope="module")
def imports():
    paths = [path for house in HOUSES for path in sorted((ROOT / house).rglob("*.py"))]
    modules = frozenset(module_name(path) for path in paths)
    return [
        found
        for path in paths
        for found in read_imports(path.read_text("utf-8"), module_name(path), path.name == "__init__.py", modules)
    ]


def within(imports, *houses):
    return [i for i in imports if i.importer.split(".")[0] in houses]


def part(module):
    """The file or folder directly under a house: ``engine.render.normals`` -> ``render``, the house itself -> ''."""
    return [*module.split("."), ""][1]


def layer(module):
    for height, names in enumerate(LAYERS):
        if part(module) in names:
            return height
    return None


def test_the_reader_sees_every_kind_of_import():
    source = """
from __future__ import annotations
from typing import TYPE_CHECKING
import torch.nn as nn
from ..light import harmonics, color as c
from . import normals
if TYPE_CHECKING:
    import bpy
def later():
    from ..contract import Light
    importlib.import_module("engine.fit")
"""
    modules = frozenset({"engine.light.harmonics", "engine.light.color", "engine.render.normals"})
    found = read_imports(source, "engine.render.shading", False, modules)
    assert [(i.target, i.relative, i.lazy) for i in found] == [
        ("__future__", False, False),
        ("typing", False, False),
        ("torch.nn", False, False),
        ("engine.light.harmonics", True, False),
        ("engine.light.color", True, False),
        ("engine.render.normals", True, False),
        ("engine.contract", True, True),
        ("engine.fit", False, True),
    ]
    inside = read_imports("from . import job\nfrom .scene import head", "blender_addon", True, {"blender_addon.job"})
    assert [i.target for i in inside] == ["blender_addon.job", "blender_addon.scene"]


def test_the_engine_knows_nothing_of_blender(imports):
    blender = {"bpy", "mathutils", "bmesh", "blf", "gpu", "blender_addon", "scripts"}
    assert not [str(i) for i in within(imports, "engine") if i.top in blender]


def test_the_engine_imports_itself_relatively(imports):
    assert not [str(i) for i in within(imports, "engine") if i.top == "engine" and not i.relative]


def test_what_blender_reads_of_the_engine_needs_numpy_alone(imports):
    allowed = sys.stdlib_module_names | {"numpy"}
    read = [i for i in imports if i.importer in FOR_BLENDER | {"engine"}]
    assert not [str(i) for i in read if i.top not in allowed and i.target not in FOR_BLENDER]
    plain = [i for i in read if i.importer in ("engine.errors", "engine.config")]
    assert not [str(i) for i in plain if i.top == "numpy"]


def test_every_part_of_the_engine_has_a_layer(imports):
    parts = {part(module_name(path)) for path in (ROOT / "engine").rglob("*.py")} - {""}
    assert not parts - set().union(*LAYERS)


def test_arrows_in_the_engine_point_down(imports):
    inner = [i for i in within(imports, "engine") if i.top == "engine"]
    assert not [str(i) for i in inner if layer(i.importer) is not None and (layer(i.target) or 0) > layer(i.importer)]


def test_no_circles_between_the_engines_folders(imports):
    folders = {}
    for found in within(imports, "engine"):
        # contract and storage are two halves of one thing: what is saved, and how.
        a, b = (part(m).replace("storage", "contract") for m in (found.importer, found.target))
        if found.top == "engine" and a != b:
            folders.setdefault(a, set()).add(b)
    list(graphlib.TopologicalSorter(folders).static_order())


def test_no_circles_between_modules(imports):
    modules = {}
    for found in imports:
        if found.top in HOUSES and not found.lazy and found.target != found.importer:
            modules.setdefault(found.importer, set()).add(found.target)
    list(graphlib.TopologicalSorter(modules).static_order())


def test_the_addon_imports_nothing_that_blender_lacks(imports):
    heavy = [i for i in within(imports, "blender_addon") if i.top in NOT_IN_BLENDER]
    assert not [str(i) for i in heavy if not (i.importer == "blender_addon.door" and i.top == "engine")]


def test_only_the_door_imports_by_a_computed_name(imports):
    computed = [i for i in within(imports, "blender_addon") if "{" in i.target]
    assert not [str(i) for i in computed if i.importer != "blender_addon.door"]


def test_mathutils_belongs_in_scene(imports):
    assert not [
        str(i)
        for i in within(imports, "blender_addon")
        if i.top in ("mathutils", "bmesh") and part(i.importer) != "scene"
    ]


@pytest.mark.parametrize("name", sorted(ADDON_MAY_IMPORT))
def test_parts_of_the_addon_keep_to_their_neighbours(imports, name):
    mine = [i for i in within(imports, "blender_addon") if part(i.importer) == name and i.top == "blender_addon"]
    assert not [str(i) for i in mine if part(i.target) not in ADDON_MAY_IMPORT[name]]


def test_the_addon_does_not_call_scripts(imports):
    assert not [str(i) for i in within(imports, "blender_addon") if i.top == "scripts"]


def test_scripts_call_the_engine_or_the_windowless_addon(imports):
    calls = [i for i in within(imports, "scripts") if i.top == "blender_addon"]
    assert not [str(i) for i in calls if part(i.target) not in SCRIPTS_MAY_IMPORT]
