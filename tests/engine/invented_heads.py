"""Smooth invented faces, random bases and index lists, for model files that tests write at full size."""

import functools

import h5py
import numpy as np
from scipy.spatial import Delaunay


@functools.cache
def ibug_plane():
    """(68, 2) where the 68 points lie on the face, in metres."""
    jaw = np.linspace(-np.pi / 2, np.pi / 2, 17)
    points = [(0.068 * np.sin(a), 0.02 - 0.095 * np.cos(a)) for a in jaw]
    points += [(x, 0.055) for x in np.linspace(-0.05, -0.012, 5)] + [(x, 0.055) for x in np.linspace(0.012, 0.05, 5)]
    points += [(0, y) for y in np.linspace(0.03, 0.0, 4)] + [(x, -0.012) for x in np.linspace(-0.012, 0.012, 5)]
    for side in (-1, 1):
        ring = [(-0.0135, 0), (-0.005, 0.005), (0.005, 0.005), (0.0135, 0), (0.005, -0.005), (-0.005, -0.005)]
        points += [(side * 0.030 + x, 0.032 + y) for x, y in ring]
    for turn, wide, high in ((12, 0.0236, 0.010), (8, 0.018, 0.004)):
        points += [
            (-wide * np.cos(a), -0.036 + high * np.sin(a)) for a in np.linspace(0, 2 * np.pi, turn, endpoint=False)
        ]
    return np.array(points)


def depth(xy):
    """Height (N,) of the face over the plane, metres."""
    dome = np.clip(1 - (xy[:, 0] / 0.085) ** 2 - (xy[:, 1] / 0.12) ** 2, 0, None)
    return 0.09 * np.sqrt(dome) + 0.025 * np.exp(-((xy[:, 0] / 0.012) ** 2) - (xy[:, 1] / 0.015) ** 2)


def face(count, seed, fixed=None):
    """(count, 3) metres: random points of the face, with iBUG's 68 at the vertices ``fixed``."""
    rng = np.random.default_rng(seed)
    radius, angle = np.sqrt(rng.random(count)), rng.random(count) * 2 * np.pi
    xy = np.stack([0.083 * radius * np.cos(angle), 0.118 * radius * np.sin(angle)], 1)
    if fixed is not None:
        xy[fixed] = ibug_plane()
    return np.c_[xy, depth(xy)]


def triangles(vertices, count):
    """(count, 3) of the plane's Delaunay triangles, counter-clockwise from the front; repeated if too few."""
    faces = Delaunay(vertices[:, :2]).simplices
    a, b, c = (vertices[faces[:, k], :2] for k in range(3))
    inward = np.cross(b - a, c - a) < 0
    faces[inward] = faces[inward][:, ::-1]
    return faces[np.arange(count) % len(faces)]


def columns(rows, count, seed, dtype=np.float32):
    """(rows, count) random columns of unit length."""
    basis = np.random.default_rng(seed).standard_normal((rows, count), dtype=np.float32)
    basis /= np.sqrt(np.einsum("ij,ij->j", basis, basis))
    return basis.astype(dtype)


def rising(count, top, seed, keep=()):
    """(count,) sorted distinct indices below ``top``, among them ``keep``."""
    rest = np.setdiff1d(np.random.default_rng(seed).permutation(top), keep)[: count - len(keep)]
    return np.sort(np.r_[np.asarray(keep, np.int64), rest])


def deviations(count, first):
    return first * 0.97 ** np.arange(count)


def write_h5(path, arrays, userblock=0):
    """Datasets by path; strings become scalar strings. ``userblock`` 512 makes MATLAB 7.3's layout."""
    with h5py.File(path, "w", userblock_size=userblock) as file:
        for name, values in arrays.items():
            file[name] = values
