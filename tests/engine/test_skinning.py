"""Skinning against a loop over vertices, against the smplx package on a FLAME file, and its derivatives."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from engine.faces.decode import Decoder
from engine.faces.formats import flame
from engine.faces.skinning import joint_transforms, pose_mesh, rodrigues

from . import write_flame as write


@pytest.fixture(scope="module")
def lbs():
    return pytest.importorskip("smplx.lbs").lbs


PARENTS = [-1, 0, 1, 1, 1]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("flame") / "generic_model.pkl"
    write.write_flame(path)
    return flame.load(path)


@pytest.fixture
def pose(dtype, device):
    generator = torch.Generator().manual_seed(1)
    return (torch.randn(3, 5, 3, generator=generator, dtype=torch.float64) * 0.4).to(device, dtype)


def tensors(dtype, device, *arrays):
    return [torch.as_tensor(np.ascontiguousarray(array), dtype=dtype, device=device) for array in arrays]


def error(dtype):
    return 1e-6 if dtype == torch.float32 else 1e-12


def test_rodrigues_is_exact_at_every_angle(dtype, device):
    random = np.random.default_rng(2)
    axes = random.normal(size=(200, 3))
    axes /= np.linalg.norm(axes, axis=1, keepdims=True)
    angles = np.concatenate([[0, np.pi, 1e-12, 0.00999, 0.01001, 1e-2], random.uniform(0, 6, 194)])
    vectors = axes * angles[:, None]
    found = rodrigues(torch.as_tensor(vectors, dtype=dtype, device=device)).cpu().double()
    bound = 2e-6 if dtype == torch.float32 else 1e-14
    np.testing.assert_allclose(found.numpy(), Rotation.from_rotvec(vectors).as_matrix(), atol=bound)


def test_rodrigues_has_derivatives_at_zero():
    vectors = torch.zeros(2, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(rodrigues, vectors)
    assert torch.autograd.gradgradcheck(rodrigues, vectors)
    assert torch.autograd.gradcheck(rodrigues, torch.full((1, 3), 0.0057, dtype=torch.float64, requires_grad=True))


def test_a_chain_of_joints_by_hand(dtype, device):
    quarter = torch.tensor([[[0, 0, np.pi / 2], [0, 0, np.pi / 2]]], dtype=dtype, device=device)
    joints = torch.tensor([[[0, 0, 0], [1, 0, 0]]], dtype=dtype, device=device)
    transforms = joint_transforms(joints, rodrigues(quarter), [-1, 0])
    point = torch.tensor([2, 0, 0, 1], dtype=dtype, device=device)
    np.testing.assert_allclose((transforms[0, 0] @ point).cpu(), [0, 2, 0], atol=1e-6)
    np.testing.assert_allclose((transforms[0, 1] @ point).cpu(), [-1, 1, 0], atol=1e-6)


def test_the_same_as_a_loop_over_vertices(model, dtype, device, pose):
    rows = np.random.default_rng(3).choice(5023, 60, replace=False)
    vertices, joints, weights = tensors(dtype, device, model.mean[rows], model.joints.heads, model.joints.weights[rows])
    rotations = rodrigues(pose)
    found = pose_mesh(vertices.expand(3, -1, -1), joints.expand(3, -1, -1), rotations, PARENTS, weights)
    for head in range(3):
        chain = []
        for joint, parent in enumerate(PARENTS):
            local = np.eye(4)
            local[:3, :3] = rotations[head, joint].cpu()
            local[:3, 3] = (joints[joint] - (joints[parent] if parent >= 0 else 0)).cpu()
            chain.append(local if parent < 0 else chain[parent] @ local)
        for row in range(len(rows)):
            expected = np.zeros(3)
            for joint in range(5):
                bound = np.append((vertices[row] - joints[joint]).cpu(), 1)
                expected += float(weights[row, joint]) * (chain[joint] @ bound)[:3]
            np.testing.assert_allclose(found[head, row].cpu(), expected, atol=error(dtype))


def test_the_same_as_smplx(lbs, model, dtype, device, pose):
    generator = torch.Generator().manual_seed(4)
    betas = torch.randn(3, 400, generator=generator, dtype=torch.float64).to(device, dtype)
    arrays = write.flame_arrays()
    template, shapes, weights = tensors(dtype, device, arrays["v_template"], arrays["shapedirs"], arrays["weights"])
    correctives = arrays["posedirs"].reshape(-1, 36).T
    poses, regressor = tensors(dtype, device, correctives, arrays["J_regressor"].toarray())
    parents = torch.tensor(PARENTS, device=device)
    theirs, _ = lbs(betas, pose.flatten(1), template, shapes, poses, regressor, parents, weights)

    bound = template + torch.einsum("bk,vck->bvc", betas, shapes)
    heads = torch.einsum("jv,bvc->bjc", regressor, bound)
    corrective_basis = poses.unflatten(-1, (-1, 3))
    ours = pose_mesh(bound, heads, rodrigues(pose), PARENTS, weights, corrective_basis, [1, 2, 3, 4])
    assert (ours - theirs).abs().max() < (1e-6 if dtype == torch.float32 else 1e-7)


def test_the_decoder_of_a_loaded_file_is_the_same_as_smplx(lbs, model, device, pose):
    generator = torch.Generator().manual_seed(5)
    betas = torch.randn(3, 400, generator=generator).to(device)
    pose = pose.float()
    arrays = write.flame_arrays()
    template, shapes, weights = tensors(
        torch.float32, device, arrays["v_template"], arrays["shapedirs"], arrays["weights"]
    )
    poses, regressor = tensors(
        torch.float32, device, arrays["posedirs"].reshape(-1, 36).T, arrays["J_regressor"].toarray()
    )
    parents = torch.tensor(PARENTS, device=device)
    theirs, _ = lbs(betas, pose.flatten(1), template, shapes, poses, regressor, parents, weights)
    decode = Decoder(model, device)
    ours = decode(betas[:, :300], betas[:, 300:], rodrigues(pose))
    assert (ours - theirs).abs().max() < 2e-6
    still = decode(betas[:, :100], betas[:, 300:350])
    expected = template + torch.einsum("bk,vck->bvc", betas[:, :100], shapes[..., :100])
    expected = expected + torch.einsum("bk,vck->bvc", betas[:, 300:350], shapes[..., 300:350])
    assert (still - expected).abs().max() < 1e-6


def test_the_jaw_opens_downwards_and_only_below(model, device):
    decode = Decoder(model, device)
    zeros = torch.zeros(1, 1, device=device)
    turn = torch.zeros(1, 5, 3, device=device)
    turn[0, 2, 0] = 0.5
    moved = decode(zeros, zeros, rodrigues(turn))[0].cpu().numpy() - model.mean
    chin = (model.mean[:, 1] < -0.03) & (model.mean[:, 2] > 0.06)
    assert chin.any()
    assert moved[chin, 1].mean() < -0.001
    eyes = np.concatenate([model.parts["eye_L"], model.parts["eye_R"]])
    assert np.abs(moved[eyes]).max() < 0.002


def test_derivatives_reach_every_input():
    generator = torch.Generator().manual_seed(6)

    def values(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64, requires_grad=True)

    weights = torch.rand(6, 3, generator=generator, dtype=torch.float64)
    weights = weights / weights.sum(1, keepdim=True)
    correctives = torch.randn(18, 6, 3, generator=generator, dtype=torch.float64) * 0.1

    def posed(vertices, joints, turns):
        return pose_mesh(vertices, joints, rodrigues(turns), [-1, 0, 1], weights, correctives, [1, 2])

    assert torch.autograd.gradcheck(posed, (values(2, 6, 3), values(2, 3, 3), values(2, 3, 3)))


def test_no_rotation_changes_nothing(model, dtype, device):
    vertices, joints, weights = tensors(dtype, device, model.mean, model.joints.heads, model.joints.weights)
    rotations = rodrigues(torch.zeros(1, 5, 3, dtype=dtype, device=device))
    found = pose_mesh(vertices[None], joints[None], rotations, PARENTS, weights)
    assert (found[0] - vertices).abs().max() < 1e-6  # the file's weights are rounded to float32
