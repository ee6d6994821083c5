"""What lies beside a FLAME file and belongs to it: landmarks, UVs, masks, an albedo space, eyelids."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...contract import Floats, Ints, Licence
from ...errors import ModelUnavailable
from ...files.arrays import array_header, npz_headers, read_npy, read_npz
from ...files.pickles import read_npy_object, read_pickle
from . import flame_albedo
from .flame_landmarks import Points, is_embedding, joined, mediapipe_numbers, points_of
from .flame_template import template_uvs, uvs_of
from .published import PublishedAlbedo

EYELID_REACH = 0.02
"""Metres; the published eyelids move 9.25 mm at most."""

TEMPLATE_BYTES = 8 << 20
"""``head_template.obj`` has about one megabyte."""

EYELIDS = Licence(
    "FLAME eyelids", "metrical-tracker licence (non-commercial)", False, "github.com/Zielon/metrical-tracker"
)


@dataclass
class Companions:
    """What was found; everything may be missing."""

    landmarks_68: Points | None = None
    points: dict[str, Points] = field(default_factory=dict)
    indices: dict[str, Ints] = field(default_factory=dict)
    uvs: Floats | None = None
    mask_skin: Ints | None = None
    albedo: PublishedAlbedo | None = None
    eyelids: Floats | None = None
    """(2, V, 3): the subject's left, then right."""
    licences: tuple[Licence, ...] = ()


class _Search:
    """One look through a folder. Content tells files apart; pickles are opened only if their names fit."""

    def __init__(self, triangles: Ints, template: Floats) -> None:
        self.triangles, self.template = triangles, template
        self.found = Companions()
        self.sets: dict[str, Points] = {}
        self.albedos: dict[str, Path] = {}
        self.lids: dict[str, Floats] = {}

    def npy(self, path: Path) -> None:
        """Eyelid offsets, or landmarks in an object array."""
        with path.open("rb") as file:
            shape, _, dtype = array_header(file)
        if dtype.hasobject:
            if any(word in path.name.lower() for word in ("embedding", "landmark", "lmk")):
                data = read_npy_object(path)
                if is_embedding(data):
                    self._add_points(points_of(data, self.triangles))
        elif shape == self.template.shape and dtype.kind == "f":
            self._add_eyelid(read_npy(path).astype(np.float32))

    def npz(self, path: Path) -> None:
        """MediaPipe's points or an albedo space."""
        headers = npz_headers(path)
        if {"lmk_face_idx", "lmk_b_coords", "landmark_indices"} <= set(headers):
            data = read_npz(path)
            self._add_points(points_of(data, self.triangles))
            self.found.indices["mediapipe_105"] = mediapipe_numbers(data)
        elif kind := flame_albedo.kind_of(headers):
            self.albedos.setdefault(kind, path)
            if self.found.uvs is None and {"vt", "ft"} <= set(headers):
                data = read_npz(path, ("vt", "ft"))
                self.found.uvs = uvs_of(data["vt"], data["ft"].astype(np.int32), None, self.triangles)

    def pkl(self, path: Path) -> None:
        """RingNet's inner landmarks or the masks."""
        name = path.name.lower()
        if "mask" not in name and "embedding" not in name:
            return
        data = read_pickle(path)
        if is_embedding(data):
            self._add_points(points_of(data, self.triangles))
        elif isinstance(data, dict) and "face" in data:
            members = np.asarray(data["face"]).astype(np.int64)
            if members.ndim != 1 or members.min() < 0 or members.max() >= len(self.template):
                raise ValueError("vertices that do not exist")
            self.found.mask_skin = np.zeros(len(self.template), np.int32)
            self.found.mask_skin[members] = 1

    def obj(self, path: Path) -> None:
        """The template's UVs; they win over a texture space's copy."""
        if path.stat().st_size > TEMPLATE_BYTES:
            return
        uvs = template_uvs(path, self.triangles)
        if uvs is not None:
            self.found.uvs = uvs

    def finish(self) -> Companions:
        """Put together what came from several files."""
        found = self.found
        if "68" in self.sets:
            found.landmarks_68 = self.sets["68"]
        elif {"inner", "contour"} <= set(self.sets):
            found.landmarks_68 = joined(self.sets["inner"], self.sets["contour"])
        names = {"contour": "contour", "eyes": "eyes", "mediapipe": "mediapipe_105"}
        found.points = {names[key]: points for key, points in self.sets.items() if key in names}
        if len(self.lids) == 2:
            found.eyelids = np.stack([self.lids["eyelid_L"], self.lids["eyelid_R"]])
            found.licences += (EYELIDS,)
        return found

    def _add_points(self, points: dict[str, Points]) -> None:
        for key, value in points.items():
            self.sets.setdefault(key, value)

    def _add_eyelid(self, offsets: Floats) -> None:
        """Offsets of one lid; its side is where it moves the head, whatever the file is called."""
        length = np.linalg.norm(offsets, axis=1)
        moving = length > 1e-7
        if 0 < moving.sum() < 1000 and length.max() < EYELID_REACH:
            side = "L" if self.template[moving, 0].mean() > 0 else "R"
            self.lids.setdefault(f"eyelid_{side}", offsets)


def find_companions(folder: Path, triangles: Ints, template: Floats) -> Companions:
    """Look through ``folder``, not deeper.

    Args:
        folder: where to look.
        triangles: (F, 3) FLAME's.
        template: (V, 3) its mean head.

    Raises:
        ModelUnavailable: a file that is meant is damaged; the sentence names it.
        FileRefused: one asks to run code.
    """
    search = _Search(triangles, template)
    readers: dict[str, Callable[[Path], None]] = {
        ".npy": search.npy,
        ".npz": search.npz,
        ".pkl": search.pkl,
        ".obj": search.obj,
    }
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in readers and path.is_file():
            _guarded(readers[path.suffix.lower()], path)
    found = search.finish()
    kind = next((kind for kind in flame_albedo.KINDS if kind in search.albedos), None)
    if kind is not None:
        _guarded(lambda path: setattr(found, "albedo", flame_albedo.read_albedo(path)), search.albedos[kind])
        found.licences += (flame_albedo.LICENCES[kind],)
    return found


def _guarded(read: Callable[[Path], None], path: Path) -> None:
    try:
        read(path)
    except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
        reason = f"“{path.name}” beside it is damaged ({error})"
        raise ModelUnavailable("FLAME", reason, "get that file again or move it elsewhere") from error
