"""MATLAB and HDF5 files made to do harm, and damaged ones."""

import struct
import tracemalloc
import zlib

import h5py
import numpy as np
import pytest
from scipy import sparse
from scipy.io import savemat

from engine.files import hdf5, matlab, matlab5
from engine.files.damage import FileDamaged

HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"


@pytest.fixture
def honest(tmp_path):
    """The same content as MATLAB 5, compressed and not, and 7.3; the struct holds a field."""
    values = {"a": np.arange(6.0).reshape(2, 3), "s": {"x": np.arange(4).reshape(4, 1)}}
    paths = [tmp_path / name for name in ("plain.mat", "packed.mat", "hdf5.mat")]
    savemat(paths[0], values)
    savemat(paths[1], values, do_compression=True)
    with h5py.File(paths[2], "w", userblock_size=512) as file:
        file["a"], file["s/x"] = values["a"].T, values["s"]["x"].T
    return paths


def test_all_formats_give_the_same(honest):
    for path in honest:
        assert matlab.is_matlab(path)
        assert matlab.list_variables(path)["a"] == (2, 3)
        assert matlab.read_variables(path, ["a"])["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert matlab.read_struct(path, "s", ["x"], ["y"])["x"].tolist() == [[0], [1], [2], [3]]
        for read in (
            lambda path: matlab.read_variables(path, ["b"]),
            lambda path: matlab.read_struct(path, "s", ["x", "y"], []),
            lambda path: matlab.read_struct(path, "t", ["x"], []),
        ):
            with pytest.raises(FileDamaged, match="lacks"):
                read(path)


def test_only_numbers_come_out_of_matlab(tmp_path):
    objects = np.empty(2, object)
    objects[:] = "a", np.zeros(3)
    path = tmp_path / "odd.mat"
    odd = {"cell": objects, "text": "abc", "sparse": sparse.eye(3).tocsc(), "complex": np.ones(3) * 1j}
    savemat(path, {**odd, "struct": {"text": "a"}})
    for name in (*odd, "struct"):
        with pytest.raises(FileDamaged, match="numeric"):
            matlab.read_variables(path, [name])
    with pytest.raises(FileDamaged, match="numbers"):
        matlab.read_struct(path, "struct", ["text"], [])


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("packed", [False, True])
def test_every_type_and_small_sizes(tmp_path, kind, packed):
    path = tmp_path / "a.mat"
    arrays = {f"n{n}": np.arange(n).astype(kind).reshape(n, 1) for n in range(6)} | {"cube": np.ones((2, 3, 4), kind)}
    arrays["a_name_of_31_characters_" + "x" * 7] = np.ones((1, 1), kind)
    savemat(path, arrays, do_compression=packed)
    assert matlab.list_variables(path) == {name: values.shape for name, values in arrays.items()}
    for name, values in matlab.read_variables(path, arrays).items():
        assert values.dtype == kind and np.array_equal(values, arrays[name])


def test_big_endian(tmp_path):
    values = np.array([1.5, -2.0], ">f8").tobytes()
    head = struct.pack(">IIII", 6, 8, 6, 0) + struct.pack(">IIii", 5, 8, 2, 1) + struct.pack(">HHBxxx", 1, 1, ord("a"))
    body = head + struct.pack(">II", 9, 16) + values
    path = tmp_path / "big.mat"
    path.write_bytes(b"MATLAB 5.0".ljust(124) + b"\x01\x00MI" + struct.pack(">II", 14, len(body)) + body)
    assert matlab.read_variables(path, ["a"])["a"].tolist() == [[1.5], [-2.0]]


def bomb(claimed, size):
    """A variable that says it unpacks to ``claimed`` bytes and unpacks to ``size``."""
    head = struct.pack("<IIII", 6, 8, 6, 0) + struct.pack("<IIii", 5, 8, size // 8, 1)
    head += struct.pack("<HHBxxx", 1, 1, ord("a")) + struct.pack("<II", 9, size)
    packer = zlib.compressobj(9)
    packed = packer.compress(struct.pack("<II", 14, claimed) + head)
    packed += b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    return HEADER + struct.pack("<II", 15, len(packed)) + packed


@pytest.mark.parametrize("claimed", [1 << 26, 1 << 10, 0, 0xFFFFFFFF])
def test_a_bomb_is_not_unpacked(tmp_path, monkeypatch, claimed):
    monkeypatch.setattr(matlab5, "LARGEST", 1 << 24)
    path = tmp_path / "bomb.mat"
    path.write_bytes(bomb(claimed, 1 << 26))
    tracemalloc.start()
    with pytest.raises(FileDamaged):
        matlab.read_variables(path, ["a"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 25


@pytest.mark.parametrize("kind", [14, 15])
def test_a_lying_length(tmp_path, kind):
    path = tmp_path / "long.mat"
    path.write_bytes(HEADER + struct.pack("<II", kind, 0xFFFFFFF0) + bytes(64))
    with pytest.raises(FileDamaged):
        matlab.read_variables(path, ["a"])


def test_format_4_is_refused(tmp_path):
    path = tmp_path / "old.mat"
    savemat(path, {"a": np.zeros(3)}, format="4")
    assert not matlab.is_matlab(path)
    with pytest.raises(FileDamaged, match="format 5"):
        matlab.list_variables(path)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_every_cut_and_many_flipped_bytes_are_damage_or_harmless(honest, tmp_path, which):
    whole = honest[which].read_bytes()
    rng = np.random.default_rng(which)
    broken = [whole[:size] for size in rng.integers(0, len(whole), 60)]
    for place in rng.integers(0, len(whole), 120):
        changed = bytearray(whole)
        changed[place] ^= int(rng.integers(1, 256))
        broken.append(bytes(changed))
    refused = 0
    for content in broken:
        path = tmp_path / "broken.mat"
        path.write_bytes(content)
        try:
            assert matlab.read_variables(path, ["a"])["a"].size < 1000
        except FileDamaged:
            refused += 1
    assert refused > 40


def hdf5_file(path, make):
    with h5py.File(path, "w") as file:
        make(file)
    return path


def outside(file):
    file.create_dataset("a", (4,), "f4", external=[("/etc/hostname", 0, 16)])


def virtual(file):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "a", (4,))
    file.create_virtual_dataset("a", layout)


HOSTILE = {
    "stored elsewhere": (outside, "another file"),
    "virtual": (virtual, "another file"),
    "external link": (lambda f: f.__setitem__("a", h5py.ExternalLink("/etc/other.h5", "/a")), "lacks"),
    "soft link": (lambda f: (f.__setitem__("b", 1.0), f.__setitem__("a", h5py.SoftLink("/b"))), "lacks"),
    "huge": (lambda f: f.create_dataset("a", (1 << 20, 1 << 20), "f4", chunks=(1, 64)), "MiB"),
    "huge chunk": (lambda f: f.create_dataset("a", (4,), "f4", maxshape=(None,), chunks=(1 << 29,)), "MiB"),
    "text": (lambda f: f.__setitem__("a", "text"), "numeric"),
    "compound": (lambda f: f.create_dataset("a", (3,), [("x", "f4")]), "numeric"),
    "empty": (lambda f: f.__setitem__("a", h5py.Empty("f4")), "numeric"),
    "too many": (lambda f: [f.create_group(str(k)) for k in range(hdf5.MOST_OBJECTS + 1)], "objects"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_hdf5(tmp_path, name):
    make, says = HOSTILE[name]
    path = hdf5_file(tmp_path / "a.h5", make)
    with pytest.raises(FileDamaged, match=says):
        hdf5.read_arrays(path, ["a"])


def test_text_and_its_absence(tmp_path):
    path = hdf5_file(tmp_path / "a.h5", lambda f: (f.__setitem__("t", "grüß"), f.__setitem__("n", 1.0)))
    assert hdf5.read_text(path, "t") == "grüß"
    assert hdf5.read_text(path, "n") is hdf5.read_text(path, "none") is None


def test_no_such_file(tmp_path):
    assert not hdf5.is_hdf5(tmp_path / "none") and not matlab.is_matlab(tmp_path)
    with pytest.raises(FileDamaged):
        hdf5.list_arrays(tmp_path / "none")
