"""Draws a panel without a window and remembers what it showed."""

import types

import bpy


class Properties:
    """Stands in for a drawn operator's properties: refuses names and choices that it has not."""

    def __init__(self, known):
        object.__setattr__(self, "known", known)

    def __setattr__(self, name, value):
        assert name in self.known, name
        assert self.known[name].type != "ENUM" or value in self.known[name].enum_items, value


class Recorder:
    """Stands in for a layout: remembers every label, property and operator; checks that they exist."""

    def __init__(self, seen=None):
        self.seen = [] if seen is None else seen

    def label(self, text="", icon="NONE", **_):
        self.seen.append(text)

    def prop(self, data, name, text=None, **_):
        assert name in data.bl_rna.properties
        self.seen.append(name if text is None else text)

    def operator(self, name, **_):
        module, _, operator = name.partition(".")
        assert operator in dir(getattr(bpy.ops, module))
        self.seen.append(name)
        return Properties(getattr(getattr(bpy.ops, module), operator).get_rna_type().properties)

    def operator_menu_enum(self, name, property, **_):
        self.operator(name)
        module, _, operator = name.partition(".")
        assert property in getattr(getattr(bpy.ops, module), operator).get_rna_type().properties

    def menu(self, name, text="", **_):
        assert hasattr(bpy.types, name)
        self.seen.append(text)

    def progress(self, factor, text, type):
        self.seen.append(f"{text} {factor}")

    def template_icon(self, **_):
        self.seen.append("icon")

    def _nested(self, **_):
        return Recorder(self.seen)

    box = column = row = split = _nested
    separator = lambda self, **_: None  # noqa: E731


def drawn(panel):
    context = types.SimpleNamespace(
        scene=bpy.context.scene,
        object=bpy.context.object,
        preferences=types.SimpleNamespace(system=types.SimpleNamespace(ui_scale=1.0)),
        region=types.SimpleNamespace(width=300),
    )
    recorder = Recorder()
    body = types.SimpleNamespace(layout=recorder, **{n: getattr(panel, n) for n in ("head",) if hasattr(panel, n)})
    panel.draw(body, context)
    return recorder.seen
