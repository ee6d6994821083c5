"""Coefficient files as other tools and their users save them, random but at full size."""

import pickle

import numpy as np
import torch
from scipy.io import savemat


def normal(seed, *shape, size=1.0):
    return np.random.default_rng(seed).normal(0, size, shape).astype(np.float32)


def deca(frames=1):
    """DECA's code dictionary; pictures lie in it too."""
    return {
        "shape": normal(1, frames, 100),
        "tex": normal(2, frames, 50),
        "exp": normal(3, frames, 50, size=2),
        "pose": normal(4, frames, 6, size=0.2),
        "cam": normal(5, frames, 3) + 8,
        "light": normal(6, frames, 9, 3),
        "detail": normal(7, frames, 128),
        "images": normal(8, frames, 3, 224, 224),
    }


def deca_vector(frames=1):
    """The encoder's 236 numbers of :func:`deca`."""
    codes = deca(frames)
    parts = [codes[name].reshape(frames, -1) for name in ("shape", "tex", "exp", "pose", "cam", "light")]
    return np.concatenate(parts, 1)


def smirk(frames=1):
    """SMIRK's dictionary."""
    return {
        "pose_params": normal(1, frames, 3, size=0.2),
        "cam": normal(2, frames, 3) + 8,
        "shape_params": np.repeat(normal(3, 1, 300), frames, 0),
        "expression_params": normal(4, frames, 50, size=2),
        "eyelid_params": np.abs(normal(5, frames, 2)).clip(0, 1),
        "jaw_params": normal(6, frames, 3, size=0.1),
    }


def vhap(frames=3, teeth=True):
    """VHAP's arrays of a sequence."""
    return {
        "rotation": normal(1, frames, 3, size=0.2),
        "translation": normal(2, frames, 3),
        "neck_pose": normal(3, frames, 3, size=0.1),
        "jaw_pose": normal(4, frames, 3, size=0.1),
        "eyes_pose": normal(5, frames, 6, size=0.2),
        "shape": normal(6, 300),
        "expr": normal(7, frames, 100, size=2),
        "timestep_id": np.arange(frames),
        "n_processed_frames": np.array(frames),
        "focal_length": np.array([1.5], np.float32),
        "static_offset": normal(8, 1, 5143 if teeth else 5023, 3, size=0.001),
        "image_size": np.array([802, 550]),
    }


def metrical(frame=0):
    """A checkpoint of metrical-tracker: nested dictionaries of numpy arrays."""
    unit = np.float32([[1, 0, 0, 0, 1, 0]])
    return {
        "flame": {
            "exp": normal(10 + frame, 1, 100, size=2),
            "shape": normal(1, 1, 300),
            "tex": normal(2, 1, 140),
            "sh": normal(3, 1, 9, 3),
            "eyes": np.concatenate([unit, unit], 1) + normal(20 + frame, 1, 12, size=0.1),
            "eyelids": np.abs(normal(30 + frame, 1, 2)).clip(0, 1),
            "jaw": unit + normal(40 + frame, 1, 6, size=0.1),
        },
        "camera": {"R": np.eye(3, dtype=np.float32)[None], "t": np.float32([[0, 0, 1]]), "fl": np.float32([[5.0]])},
        "opencv": {
            "R": np.diag(np.float32([1, -1, -1]))[None],
            "t": np.float32([[0.01, 0.02, 0.9 + frame]]),
            "K": np.float32([[[1500, 0, 256], [0, 1500, 256], [0, 0, 1]]]),
        },
        "img_size": np.array([512, 512]),
        "frame_id": frame,
        "global_step": 7,
    }


def deep3d():
    """The PyTorch Deep3D's variables."""
    return {
        "id": normal(1, 1, 80),
        "exp": normal(2, 1, 64, size=2),
        "tex": normal(3, 1, 80),
        "angle": normal(4, 1, 3, size=0.3),
        "gamma": normal(5, 1, 27),
        "trans": normal(6, 1, 3),
        "lm68": normal(7, 1, 68, 2),
    }


def deep3d_vector():
    """Microsoft's (1, 257) of :func:`deep3d`."""
    parts = deep3d()
    return np.concatenate([parts[name] for name in ("id", "exp", "tex", "angle", "gamma", "trans")], 1)


def write(path, data):
    """``data`` in the container that the path's ending names; ``.object.npy`` is a pickled dictionary."""
    if path.name.endswith(".object.npy"):
        np.save(path, data, allow_pickle=True)
    elif path.suffix == ".npz":
        np.savez(path, **data)
    elif path.suffix == ".npy":
        np.save(path, data)
    elif path.suffix == ".mat":
        savemat(path, data)
    elif path.suffix == ".pkl":
        path.write_bytes(pickle.dumps(data))
    elif path.suffix == ".pt":
        torch.save({name: torch.from_numpy(value) for name, value in data.items()}, path)
    else:
        torch.save(data, path)
    return path


def write_emoca(folder):
    """The demo's folder; returns the codes."""
    codes = {name: values[0] for name, values in deca().items() if name in ("shape", "exp", "tex", "pose", "detail")}
    folder.mkdir()
    for name, values in codes.items():
        np.save(folder / f"{name}.npy", values)
    return codes
