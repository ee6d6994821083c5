"""Basel Face Model 2009: full-size files of every form, against the published formulas; swapped and missing files."""

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from engine.errors import ModelUnavailable
from engine.faces.formats import bfm2009, bfm_deep3d, bfm_extreme3d, bfm_mgcnet
from engine.faces.formats import bfm_cuts as cuts
from engine.light.color import srgb_to_linear
from tests.engine import write_bfm as write
from tests.engine.invented_heads import ibug_plane, write_h5

FRONT = np.array(cuts.DEEP3D_KEYPOINTS)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Basel's file with all companions of both cuts, and the packed forms made of them by the authors' formulas."""
    folder = tmp_path_factory.mktemp("bfm2009")
    basel = write.write_basel(folder / cuts.BASEL_FILE)
    guo = write.write_deep3d_companions(folder)
    expression = write.write_extreme_companions(folder)
    front = write.write_front(folder / "BFM_model_front.mat", basel, guo)
    packed = write.packed(basel, expression)
    write_h5(folder / "BaselFaceModel_mod.h5", packed)
    savemat(folder / "BaselFaceModel_mod.mat", {"BFM": packed})
    write_h5(folder / "mgcnet.h5", write.mgcnet(front))
    return folder, front, packed


def coefficients(model, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(len(model.identity_basis)), rng.standard_normal(len(model.expression_basis))


def shaped(model, identity, expression):
    moved = np.tensordot(identity, model.identity_basis, 1) + np.tensordot(expression, model.expression_basis, 1)
    return model.mean + moved


def colours_agree(model, mean, basis):
    """Linear albedo of small coefficients is that of the authors' sRGB colours 0..255."""
    small = np.random.default_rng(1).normal(0, 0.005, basis.shape[1])
    wanted = srgb_to_linear((mean.reshape(-1) + basis @ small).reshape(-1, 3) / 255)
    own = model.albedo.mean + np.tensordot(small, model.albedo.basis, 1)
    assert np.abs(own - wanted).max() < 1e-4
    assert np.abs(own - model.albedo.mean).max() > 5e-4


def winding_is_outward(model):
    """Seen from the front, the triangles cover the face once, counter-clockwise."""
    a, b, c = (model.mean[model.polygons[:, k]] for k in range(3))
    assert np.cross(b - a, c - a)[:, 2].sum() / 2 == pytest.approx(np.pi * 0.083 * 0.118, rel=0.05)


@pytest.mark.slow
def test_deep3d_follows_its_decoder_in_both_forms(files):
    folder, front, _ = files
    ready = bfm2009.load(folder / "BFM_model_front.mat")
    built = bfm2009.load(folder / cuts.BASEL_FILE)
    assert ready.version == built.version == "2009-deep3d" and not ready.licence.commercial
    assert ready.mean.shape == (35709, 3) and ready.polygons.shape == (70789, 4) and ready.mask_skin.sum() == 9642
    identity, expression = coefficients(ready)
    flat = front["meanshape"].reshape(-1) + front["idBase"] @ identity + front["exBase"] @ expression
    wanted = (flat.reshape(-1, 3) - front["meanshape"].reshape(-1, 3).mean(0)) / 10
    for model in (ready, built):
        assert np.abs(shaped(model, identity, expression) - wanted).max() < 2e-7
        colours_agree(model, front["meantex"], front["texBase"])
        winding_is_outward(model)
        assert np.array_equal(model.landmarks_68[0][:, 0], FRONT)
        assert len(model.extra_indices["front"]) == 27660
    assert np.abs(ready.mean[FRONT, :2] - ready.mean[FRONT[30], :2] - ibug_plane() + ibug_plane()[30]).max() < 1e-6


@pytest.mark.slow
def test_extreme_follows_its_sum_in_every_form(files):
    folder, _, packed = files
    hdf5 = folder / "matlab73.mat"
    write_h5(hdf5, {f"BFM/{name}": np.asarray(values).T for name, values in packed.items()}, userblock=512)
    models = [bfm2009.load(folder / f"BaselFaceModel_mod.{kind}") for kind in ("h5", "mat")]
    models += [bfm2009.load(hdf5), bfm2009.load(folder / cuts.BASEL_FILE, cut="extreme3d")]
    identity, expression = coefficients(models[0], 3)
    flat = packed["shapeMU"] + packed["expMU"] + packed["shapePC"] @ (identity[:, None] * packed["shapeEV"])
    flat = flat + packed["expPC"] @ (expression[:, None] * packed["expEV"])
    for model in models:
        assert model.version == "2009-extreme3d" and model.mean.shape == (46990, 3)
        assert model.polygons.shape == (93323, 4) and model.extra_indices["faces_fill"].shape == (93962, 4)
        assert np.abs(shaped(model, identity, expression) - flat.reshape(-1, 3) / 1000).max() < 2e-7
        assert np.array_equal(model.mirror, packed["pair"].reshape(-1) - 1)
        colours_agree(model, packed["texMU"], packed["texPC"] * packed["texEV"].T)
        winding_is_outward(model)


@pytest.mark.slow
def test_older_extreme_file_without_pairs(files, tmp_path):
    packed = {name: values for name, values in files[2].items() if name not in ("faces_fill", "pair")}
    write_h5(tmp_path / "old.h5", packed)
    model = bfm2009.load(tmp_path / "old.h5")
    assert model.mirror is None and "faces_fill" not in model.extra_indices


@pytest.mark.slow
def test_mgcnet_is_deep3d_in_millimetres(files):
    folder, front, _ = files
    model = bfm2009.load(folder / "mgcnet.h5")
    identity, expression = coefficients(model, 4)
    flat = front["meanshape"].reshape(-1) + front["idBase"] @ identity + front["exBase"] @ expression
    assert np.abs(shaped(model, identity, expression) - flat.reshape(-1, 3) / 10).max() < 2e-7
    assert model.uvs.shape == (70789, 4, 2) and not model.uvs[:, 3].any() and model.uvs[:, :3].max() <= 1
    assert np.array_equal(model.landmarks_68[0][:, 0], FRONT)
    colours_agree(model, front["meantex"], front["texBase"])


@pytest.mark.slow
def test_whole_head_has_no_expressions(files):
    model = bfm2009.load(files[0] / cuts.BASEL_FILE, cut="whole")
    assert model.mean.shape == (53490, 3) and model.polygons.shape == (106466, 4)
    assert model.identity_basis.shape == (199, 53490, 3) and not model.expression_names
    winding_is_outward(model)
    assert bfm2009.available_cuts(files[0]) == ("deep3d", "extreme3d", "whole")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "damage", "says"),
    [
        ("Exp_Pca.bin", lambda p: p.write_bytes(p.read_bytes()[:-4]), "51,086,404"),
        ("Exp_Pca.bin", lambda p: p.unlink(), "is not beside"),
        ("std_exp.txt", lambda p: p.write_text("1 2 3"), "79"),
        ("std_exp.txt", lambda p: p.write_text("a b"), "numbers"),
        ("BFM_front_idx.mat", lambda p: savemat(p, {"idx": np.arange(1, 53216)}), "35,709"),
        ("BFM_front_idx.mat", lambda p: savemat(p, {"idx": np.arange(35709)}), "indices from 1"),
        ("BFM_exp_idx.mat", lambda p: savemat(p, {"trimIndex": np.arange(53215, 0, -1)}), "rising"),
        ("facemodel_info.mat", lambda p: p.write_bytes(p.read_bytes()[:1000]), "damaged|too early"),
        ("facemodel_info.mat", lambda p: savemat(p, {"tri": np.ones((70789, 3))}), "keypoints"),
    ],
)
def test_swapped_or_damaged_companion(files, tmp_path, name, damage, says):
    for path in files[0].iterdir():
        if path.name == cuts.BASEL_FILE:
            (tmp_path / path.name).symlink_to(path)
        elif path.name in bfm_deep3d.find_companions(files[0]):
            (tmp_path / path.name).write_bytes(path.read_bytes())
    damage(tmp_path / name)
    with pytest.raises(ModelUnavailable, match=says) as caught:
        bfm2009.load(tmp_path / cuts.BASEL_FILE)
    assert "University of Basel" in str(caught.value) and "3DFace" in str(caught.value)


@pytest.mark.slow
def test_companions_are_found_by_content(files, tmp_path):
    for k, (_, path) in enumerate(bfm_deep3d.find_companions(files[0]).items()):
        (tmp_path / f"renamed_{k}{path.suffix}").symlink_to(path)
    assert None not in bfm_deep3d.find_companions(tmp_path).values()


def hollow(path, shapes):
    """An HDF5 file that declares arrays without holding their numbers."""
    with h5py.File(path, "w") as file:
        for name, shape in shapes.items():
            file.create_dataset(name, shape, "f4", chunks=True)


def test_golden_numbers():
    assert len(cuts.DEEP3D_KEYPOINTS) == 68 and sum(cuts.DEEP3D_KEYPOINTS) == 1_115_920
    assert min(cuts.DEEP3D_KEYPOINTS) == 2215 and max(cuts.DEEP3D_KEYPOINTS) == 35472
    assert cuts.GUO_BYTES == 51_086_404 and write.EXPRESSION_DEVIATIONS.shape == (79,)
    assert write.EXPRESSION_EV.shape == (29,)


def test_extreme_and_mgcnet_are_told_apart_without_reading(tmp_path):
    hollow(tmp_path / "a.h5", bfm_extreme3d.PACKED)
    hollow(tmp_path / "b.hdf5", dict.fromkeys(bfm_mgcnet.REQUIRED, (107127, 80)))
    assert [bfm2009.recognises(tmp_path / name) for name in ("a.h5", "b.hdf5")] == ["extreme3d", "mgcnet"]
    for name in ("a.h5", "b.hdf5"):
        with pytest.raises(ModelUnavailable, match="Basel"):
            bfm2009.load(tmp_path / name)


@pytest.mark.parametrize(
    "content", [b"", b"\x89HDF\r\n\x1a\n", b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM", b"PK\x03\x04"]
)
def test_strangers_are_not_recognised(tmp_path, content):
    path = tmp_path / cuts.BASEL_FILE
    path.write_bytes(content)
    assert bfm2009.recognises(path) is None
    with pytest.raises(ModelUnavailable, match=r"faces\.dmi\.unibas\.ch"):
        bfm2009.load(path)


def test_missing_file_and_folder(tmp_path):
    for path in (tmp_path / "none.mat", tmp_path):
        assert bfm2009.recognises(path) is None
        with pytest.raises(ModelUnavailable, match="no file"):
            bfm2009.load(path)


def test_another_release_in_the_same_keys(tmp_path):
    path = tmp_path / cuts.BASEL_FILE
    savemat(path, {"shapePC": np.zeros((300, 4)), "shapeMU": np.zeros((300, 1))})
    with pytest.raises(ModelUnavailable, match="another release with 100 vertices"):
        bfm2009.load(path)
