"""What the add-on keeps in a .blend file: the choices of a scene, the facts of a reconstructed head."""

# Blender reads the annotations themselves, so they cannot be postponed; to mypy they are no types.
# mypy: disable-error-code="valid-type"
# The PropertyGroups hold no functions of this file; ``callbacks`` says why.
import json
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty, PointerProperty, StringProperty

from . import callbacks, door, strings

PROPERTY = "reconstruct_face"
"""Name of our pointer on scenes and objects."""

_TEXTURE_SIZES = (512, 1024, 2048, 4096, 8192)


def _choice(name: str) -> Any:
    words = strings.CHOICES[name]
    values = door.setting_choices(name) or tuple(words)
    items = [(value, *words.get(value, (value, ""))) for value in values]
    return EnumProperty(items=items, default=door.setting_default(name), **_words(name))


def _words(name: str) -> dict[str, str]:
    return {"name": strings.LABELS[name], "description": door.setting_help()[name]}


class SceneProperties(bpy.types.PropertyGroup):
    """The choices for the next reconstruction; names are those of ``engine.config.Settings``."""

    photo: StringProperty(
        name=strings.PHOTO,
        description=strings.PHOTO_HELP,
        subtype="FILE_PATH",
        update=callbacks.photo_chosen,
    )
    output: StringProperty(name=strings.OUTPUT, description=strings.OUTPUT_HELP, subtype="DIR_PATH")
    model: StringProperty(default=door.setting_default("model"), **_words("model"))
    detector: _choice("detector")
    quality: _choice("quality")
    device: _choice("device")
    faces: _choice("faces")
    texture_size: EnumProperty(
        items=[(str(size), f"{size} px", "") for size in _TEXTURE_SIZES],
        default=str(door.setting_default("texture_size")),
        **_words("texture_size"),
    )
    focal_px: FloatProperty(default=door.setting_default("focal_px"), min=0.0, max=1e6 - 1, **_words("focal_px"))
    identity_keys: IntProperty(
        default=door.setting_default("identity_keys"), min=0, max=400, soft_max=50, **_words("identity_keys")
    )
    shape_sliders: BoolProperty(default=door.setting_default("shape_sliders"), **_words("shape_sliders"))
    seed: IntProperty(default=door.setting_default("seed"), min=0, **_words("seed"))
    apply_expression: BoolProperty(default=door.setting_default("apply_expression"), **_words("apply_expression"))


class HeadProperties(bpy.types.PropertyGroup):
    """What is known of a reconstructed head; empty on any other object."""

    folder: StringProperty(options={"HIDDEN"})
    facts: StringProperty(options={"HIDDEN"})
    relight: FloatProperty(
        name=strings.RELIGHT,
        description=strings.RELIGHT_HELP,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        get=callbacks.relight,
        set=callbacks.set_relight,
    )
    photo_expression: BoolProperty(
        name=strings.EXPRESSION,
        description=strings.EXPRESSION_HELP,
        update=callbacks.expression_switched,
    )


def settings_of(choices: bpy.types.PropertyGroup) -> dict[str, Any]:
    """A scene's choices as values for ``engine.config.Settings``."""
    names = ("model", "detector", "quality", "device", "faces", "focal_px", "seed", "apply_expression")
    keys = ("identity_keys", "shape_sliders")
    return {**{name: getattr(choices, name) for name in names + keys}, "texture_size": int(choices.texture_size)}


def describe(head: bpy.types.Object, result: Any) -> None:
    """Remember a ``FaceResult``'s report and licences on the object it became."""
    figures = {name: result.report[name] for name in strings.FIGURES if name in result.report}
    licences = [[item.name, item.licence, item.commercial] for item in result.licences]
    facts = {"model": result.model, "figures": figures, "warnings": result.warnings, "licences": licences}
    kept = getattr(head, PROPERTY)
    kept.facts = json.dumps(facts)
    kept.folder = str(result.folder or "")


def known_of(head: bpy.types.Object) -> dict[str, Any]:
    """What :func:`describe` remembered: model, figures, warnings, licences."""
    return json.loads(getattr(head, PROPERTY).facts)


def head_of(active: bpy.types.Object | None) -> bpy.types.Object | None:
    """The reconstructed head that an object is or belongs to (its eyes, armature or camera), or None."""
    while active is not None:
        candidates = [active, *(child for child in active.children if child.type == "MESH")]
        for candidate in candidates:
            if getattr(candidate, PROPERTY).facts:
                return candidate
        active = active.parent
    return None


CLASSES = (SceneProperties, HeadProperties)


def register() -> None:
    """Hang the properties on scenes and objects."""
    setattr(bpy.types.Scene, PROPERTY, PointerProperty(type=SceneProperties))
    setattr(bpy.types.Object, PROPERTY, PointerProperty(type=HeadProperties))


def unregister() -> None:
    """Take them off again."""
    delattr(bpy.types.Scene, PROPERTY)
    delattr(bpy.types.Object, PROPERTY)
