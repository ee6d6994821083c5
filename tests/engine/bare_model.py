"""A published model as a FaceModel without a correspondence: ARKit's shapes move nothing, colours are grey."""

import numpy as np
import torch

from engine.contract import Material
from engine.faces.adoption.skeleton import skeleton_of
from engine.faces.arkit import NAMES
from engine.faces.model import FaceModel


def bare_model(published, origin=(0.001, 0.002, 0.003)):
    """In float32, moved by ``origin``; texture coordinates are an orthographic front view."""
    mean = torch.from_numpy(published.mean - np.float32(origin))
    count, joints = len(mean), published.joints
    own = torch.from_numpy(np.ascontiguousarray(published.expression_basis))
    basis = torch.cat([torch.zeros(len(NAMES), count, 3), own])
    bounds = np.concatenate([np.tile(np.float32([[0, 1]]), (len(NAMES), 1)), published.expression_range])
    place = (published.mean[:, :2] - published.mean[:, :2].min(0)) / np.ptp(published.mean[:, :2], 0)
    modes = torch.zeros(0, count, 3) if published.albedo is None else torch.from_numpy(published.albedo.basis)
    colour = torch.full((count, 3), 0.4) if published.albedo is None else torch.from_numpy(published.albedo.mean)
    rest = np.eye(1, count, dtype=np.float32)
    bones = None if joints is None else skeleton_of(published, None, None)
    return FaceModel(
        name=published.name,
        version=published.version,
        licence=published.licence,
        companions=published.companions,
        mean=mean,
        identity_basis=torch.from_numpy(np.ascontiguousarray(published.identity_basis)),
        expression_names=(*NAMES, *published.expression_names),
        expression_basis=basis,
        expression_range=torch.from_numpy(bounds.astype(np.float32)),
        albedo_mean=colour,
        albedo_basis=modes,
        skin_weight=torch.ones(count),
        polygons=published.polygons,
        uvs=place[published.polygons.clip(0)].astype(np.float32),
        polygon_material=np.zeros(len(published.polygons), np.int32),
        materials=(Material("skin", (0.4, 0.4, 0.4), "albedo.png"),),
        groups={},
        mirror=np.arange(count, dtype=np.int32),
        landmarks={},
        joint_names=("head",) if joints is None else joints.names,
        joint_parents=np.int32([-1]) if joints is None else joints.parents,
        joint_regressor=torch.from_numpy(rest if bones is None else bones.heads),
        tail_regressor=torch.from_numpy(rest if bones is None else bones.tails),
        joint_weights=torch.from_numpy(np.ones((count, 1), np.float32) if joints is None else joints.weights),
        origin=tuple(float(x) for x in np.float32(origin)),
        pose_joints=np.zeros(0, np.int32) if joints is None else joints.corrective_joints,
        pose_basis=torch.zeros(0, 0, 3) if joints is None else torch.from_numpy(joints.correctives),
    )
