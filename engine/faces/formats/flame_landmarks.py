"""Landmarks on FLAME: every published form of the embeddings, as vertices and weights.

An embedding names a triangle and three barycentric weights for each point. ``landmark_embedding.npy`` holds the 51
inner points, 17 contour points for each of 79 yaw bins, and all 68 as they are on a frontal head; VHAP's has two
points on the eyeballs more; RingNet's pair holds the inner points and the contour in two files; a third file gives 105
of MediaPipe's points.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...contract import Floats, Ints

Points = tuple[Ints, Floats]
"""(..., 3) vertices and (..., 3) weights."""

YAW_BINS, CONTOUR, INNER, MEDIAPIPE = 79, 17, 51, 105


def is_embedding(data: Any) -> bool:
    """Whether a dictionary has an embedding's keys."""
    return isinstance(data, dict) and bool({"full_lmk_faces_idx", "lmk_face_idx"} & set(data))


def points_of(data: dict[str, Any], triangles: Ints) -> dict[str, Points]:
    """The point sets of one file: ``"68"``, ``"eyes"`` (2), ``"inner"`` (51), ``"contour"`` (79, 17), ``"mediapipe"``.

    Raises:
        ValueError: a triangle that does not exist, weights that do not sum to 1, another number of points.
    """
    found: dict[str, Points] = {}
    if "full_lmk_faces_idx" in data:
        vertices, weights = _points(data["full_lmk_faces_idx"], data["full_lmk_bary_coords"], triangles)
        vertices, weights = vertices.reshape(-1, 3), weights.reshape(-1, 3)
        if len(vertices) not in (68, 70):
            raise ValueError(f"{len(vertices)} points instead of 68")
        found["68"] = vertices[:68], weights[:68]
        if len(vertices) == 70:
            found["eyes"] = vertices[68:], weights[68:]
        pair = data.get("dynamic_lmk_faces_idx"), data.get("dynamic_lmk_bary_coords")
    else:
        pair = data["lmk_face_idx"], data["lmk_b_coords"]
    if pair[0] is not None:
        points = _points(*pair, triangles)
        names = {(YAW_BINS, CONTOUR): "contour", (INNER,): "inner", (MEDIAPIPE,): "mediapipe"}
        if points[0].shape[:-1] not in names:
            raise ValueError(f"points of the shape {points[0].shape[:-1]}")
        found[names[points[0].shape[:-1]]] = points
    return found


def joined(inner: Points, contour: Points) -> Points:
    """The 68 points of a frontal head: the contour of yaw 0 (bin 0), then the inner points."""
    return np.concatenate([contour[0][0], inner[0]]), np.concatenate([contour[1][0], inner[1]])


def mediapipe_numbers(data: dict[str, Any]) -> Ints:
    """(105,) which of MediaPipe's points each is; raises ``ValueError``."""
    numbers = np.asarray(data["landmark_indices"]).astype(np.int32)
    if numbers.shape != (MEDIAPIPE,) or numbers.min() < 0 or numbers.max() >= 478:
        raise ValueError("MediaPipe points that do not exist")
    return numbers


def _points(faces: Any, weights: Any, triangles: Ints) -> Points:
    faces, weights = np.asarray(faces).astype(np.int64), np.asarray(weights, np.float32)
    if weights.shape != (*faces.shape, 3):
        raise ValueError("weights that do not match their triangles")
    if faces.min() < 0 or faces.max() >= len(triangles):
        raise ValueError("triangles that do not exist")
    if not np.abs(weights.sum(-1) - 1).max() < 1e-3 or weights.min() < -0.01:
        raise ValueError("weights that do not sum to 1")
    return triangles[faces], weights
