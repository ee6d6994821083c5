"""The active head as a file for another program, whole: keys, rig, textures, licences."""

from __future__ import annotations

from pathlib import Path

import bpy

from .. import door, scene, strings
from ..properties import head_of
from .outcome import Outcome, attempt, tell

FORMATS = [(suffix, label, help_) for suffix, (label, help_) in strings.EXPORT_FORMATS.items()]


def export(head: bpy.types.Object, path: Path) -> Outcome:
    """Write ``head`` in the format of the path's suffix. Raises ``OutputUnwritable``."""
    try:
        scene.export_head(head, path)
    except scene.FormatMissing as error:
        return Outcome(False, str(error))
    except OSError as error:
        raise door.errors.OutputUnwritable(str(path), error.strerror or str(error)) from error
    except RuntimeError as error:  # what Blender's exporters make of any trouble with a file
        raise door.errors.OutputUnwritable(str(path), str(error).strip().rpartition("Error: ")[2]) from error
    if not path.is_file():
        raise door.errors.OutputUnwritable(str(path), "Blender's exporter left nothing there")
    return Outcome(True, strings.exported(path.name))


class RECONSTRUCT_FACE_OT_export(bpy.types.Operator):
    """Writes the active head. Blender's own FBX menu would apply the modifiers and lose the shape keys."""

    bl_idname = "reconstruct_face.export"
    bl_label = strings.EXPORT
    bl_description = strings.EXPORT_HELP
    bl_options = {"REGISTER"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH")  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]
    kind: bpy.props.EnumProperty(name=strings.EXPORT_FORMAT, items=FORMATS, default=".glb")  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs a head."""
        cls.poll_message_set(strings.NO_HEAD)
        return head_of(context.object) is not None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Ask for the file."""
        head = head_of(context.object)
        assert head is not None
        self.filepath = bpy.path.abspath(f"//{head.name}{self.kind}") if bpy.data.filepath else head.name + self.kind
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: bpy.types.Context) -> bool:
        """Let the name in the file browser follow the format."""
        named = str(self._path()) if Path(self.filepath).stem else self.filepath
        changed, self.filepath = named != self.filepath, named
        return changed

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Write it."""
        if not Path(self.filepath).name:
            return tell(self, Outcome(False, strings.NO_FILE))
        head = head_of(context.object)
        return tell(self, attempt(lambda: export(head, Path(bpy.path.abspath(str(self._path()))))))

    def _path(self) -> Path:
        """What was typed, with the format's suffix."""
        typed = Path(self.filepath)
        known = typed.suffix.lower() in strings.EXPORT_FORMATS
        return typed.with_suffix(self.kind) if known else typed.with_name(typed.name + self.kind)


CLASSES = (RECONSTRUCT_FACE_OT_export,)
