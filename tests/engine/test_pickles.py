"""Pickles are read without running anything: real attacks are refused, honest files of every protocol come back."""

import builtins
import collections
import contextlib
import io
import os
import pickle
import struct
import subprocess
import tracemalloc

import numpy as np
import pytest
import torch
from scipy import sparse

from engine.errors import FaceError, FileRefused
from engine.files.arrays import ArraysDamaged, read_npy, read_npz
from engine.files.pickles import PickleDamaged, read_npy_object, read_pickle

from .python2 import CHUMPY, chumpy_pickle


class Attack:
    """Pickles as a call of ``function`` with ``arguments``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


MARKER = "was_run"
CALLS = {
    "os.system": (os.system, f"touch {MARKER}"),
    "builtins.eval": (eval, f"open('{MARKER}', 'w')"),
    "builtins.exec": (exec, f"open('{MARKER}', 'w')"),
    "builtins.getattr": (getattr, "x", "upper"),
    "builtins.open": (open, MARKER, "w"),
    "builtins.__import__": (builtins.__import__, "os"),
    "subprocess.Popen": (subprocess.Popen, ["touch", MARKER]),
    "numpy.load": (np.load, MARKER),
    "torch.load": (torch.load, MARKER),
    "pickle.loads": (pickle.loads, b"cos\nsystem\n(S'touch was_run'\ntR."),
}


def written(tmp_path, data):
    path = tmp_path / "model.pkl"
    path.write_bytes(data)
    return path


def read(tmp_path, data):
    return read_pickle(written(tmp_path, data))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_refused_and_not_made(tmp_path, monkeypatch, name, protocol):
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps({"v_template": np.zeros(3), "x": Attack(*CALLS[name])}, protocol)
    with pytest.raises(FileRefused) as error:
        read(tmp_path, data)
    assert not (tmp_path / MARKER).exists()
    attribute = name.split(".")[-1]
    assert attribute in str(error.value) or "_io.open" in str(error.value)
    assert "model.pkl" in str(error.value)
    assert "asks to run" in str(error.value)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("depth", [1, 3])
def test_a_call_among_the_objects_of_an_array_is_refused(tmp_path, monkeypatch, protocol, depth):
    monkeypatch.chdir(tmp_path)
    value = Attack(*CALLS["os.system"])
    for _ in range(depth):
        value = np.array([None, {"f": value}, 3], object)
    with pytest.raises(FileRefused, match="system"):
        read(tmp_path, pickle.dumps({"v_template": value}, protocol))
    assert not (tmp_path / MARKER).exists()


def test_the_same_call_does_run_in_an_ordinary_unpickler(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads(pickle.dumps(Attack(*CALLS["builtins.open"])))
    assert (tmp_path / MARKER).exists()


HAND_MADE = {
    "posix by name": b"cposix\nsystem\n(S'touch was_run'\ntR.",
    "nt by name": b"cnt\nsystem\n(S'x'\ntR.",
    "INST": b"(S'touch was_run'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch was_run'\no.",
    "OBJ of an admitted class": b"(cchumpy.ch\nCh\nS'x'\no.",
    "f2py": b"cnumpy.f2py.crackfortran\nmyeval\n(S'1'\ntR.",
    "runstring": b"cnumpy.testing._private.utils\nrunstring\n(S'1'\n}tR.",
    "torch by dots": b"\x80\x04\x8c\x05torch\x8c\x10_utils.os.system\x93.",
    "dotted attribute": b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93.",
    "submodule of chumpy as path": b"cchumpy.ch\nos.system('x')\n)R.",
    "operator.attrgetter": b"coperator\nattrgetter\n(S'x'\ntR.",
    "copyreg.add_extension": b"ccopy_reg\nadd_extension\n(S'os'\nS'system'\nI1\ntR.",
    "extension code": b"\x80\x02\x82\x01.",
    "persistent id": b"Psecret\n.",
    "binary persistent id": b"\x80\x02U\x01xQ.",
    "functools.partial": b"cfunctools\npartial\n(cos\nsystem\ntR.",
    "weights loader": b"ctorch.hub\nload_state_dict_from_url\n(S'http://x'\ntR.",
    "class of an admitted object": b"ccollections\nOrderedDict\n)R}S'__class__'\ncos\nsystem\nsb.",
    "state of an admitted class": b"ccollections\nOrderedDict\n}S'fromkeys'\nS'x'\nsb.",
    "slots of an admitted function": b"c_codecs\nencode\n(N}S'__code__'\nS'x'\nstb.",
    "state of a list": b"]}S'append'\nS'x'\nsb.",
    "call of a result": b"ccollections\nOrderedDict\n)R(S'x'\ntR.",
    "call of a string": b"S'os.system'\n(S'x'\ntR.",
    "encode into code": b"c_codecs\nencode\n(S'x'\nS'rot13'\ntR.",
    "set of calls": b"c__builtin__\nset\n(cos\nsystem\ntR.",
    "type": b"c__builtin__\ntype\n(S'x'\n)}tR.",
    "named arguments": b"\x80\x04\x8c\x0bcollections\x8c\x0bOrderedDict\x93)}\x8c\x01aK\x01s\x92.",
    "reconstructor of a forbidden class": b"ccopy_reg\n_reconstructor\n(csubprocess\nPopen\nc__builtin__\nobject\nNtR.",
}


@pytest.mark.parametrize("name", HAND_MADE)
def test_hand_made_opcodes_are_refused(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileRefused):
        read(tmp_path, HAND_MADE[name])
    assert not (tmp_path / MARKER).exists()


def array_bytes(shape, kind=b"f8", order=b"<", data=b"", fields=b"NNN"):
    """Protocol-2 pickle of an array whose state says what it likes."""
    dtype = (
        b"cnumpy\ndtype\n(U"
        + bytes([len(kind)])
        + kind
        + b"K\x00K\x01tR(K\x03U\x01"
        + order
        + fields
        + b"J\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    )
    lengths = b"(" + b"".join(b"\x8a\x08" + struct.pack("<q", n) for n in shape) + b"t"
    head = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR"
    return head + b"(K\x01" + lengths + dtype + b"\x89T" + struct.pack("<I", len(data)) + data + b"tb."


BOMBS = {
    "array of a billion rows": array_bytes((10**12,)),
    "shape that overflows": array_bytes((2**62, 4)),
    "negative shape": array_bytes((-1,), data=b"\0" * 8),
    "array larger than its data": array_bytes((4,), data=b"\0" * 24),
    "objects from raw pointers": array_bytes((1,), kind=b"O8", order=b"|", data=b"A" * 8),
    "void type": array_bytes((1,), kind=b"V8", order=b"|", data=b"A" * 8),
    "empty elements": array_bytes((10**12,), kind=b"S0", order=b"|"),
    "giant elements": array_bytes((1,), kind=b"S999999999", order=b"|"),
    "structured type": array_bytes((1,), kind=b"f8", data=b"\0" * 8, fields=b"NU\x01a\x85}"),
    "long string": b"\x80\x04\x8e" + struct.pack("<Q", 2**40) + b"x.",
    "byte array": b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"x.",
    "deep lists": b"(" + b"(l" * 100_000 + b"N" + b"a" * 99_999 + b".",
    "deep tuple as key": b"}N" + b"\x85" * 200_000 + b"Ns.",
    "list in itself": b"]q\x00h\x00a.",
    "cut off": pickle.dumps(np.arange(1000.0))[:500],
    "empty": b"",
    "text": b"Hello, I am an HTML page",
    "only a mark": b"(.",
    "empty stack": b"R.",
    "sparse with wild indices": None,
}


def wild_sparse():
    matrix = sparse.csc_matrix(np.eye(5))
    matrix.indices = np.array([0, 1, 2, 3, 2**31 - 1], np.int32)
    return pickle.dumps(matrix, 2)


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_and_damage_are_refused_without_memory(tmp_path, name):
    path = written(tmp_path, BOMBS[name] if BOMBS[name] is not None else wild_sparse())
    tracemalloc.start()
    try:
        with pytest.raises((PickleDamaged, FileRefused)):
            read_pickle(path)
        assert tracemalloc.get_traced_memory()[1] < 200e6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data", [b"\x80\x02]r\xff\xff\xff\x7f.", b"\x80\x04\x95" + struct.pack("<Q", 2**40) + b"]."], ids=["memo", "frame"]
)
def test_a_huge_memo_index_or_frame_costs_nothing(tmp_path, data):
    tracemalloc.start()
    try:
        assert read(tmp_path, data) == []
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_exponential_sharing_stays_small(tmp_path):
    value = ["x"]
    for _ in range(40):
        value = [value, value]
    assert read(tmp_path, pickle.dumps(value))[0][1][0] is not None


@pytest.mark.parametrize("protocol", range(6))
def test_honest_data_comes_back(tmp_path, protocol):
    generator = np.random.default_rng(1)
    data = {
        "doubles": generator.normal(size=(7, 3)),
        "singles": np.asfortranarray(generator.normal(size=(4, 5)).astype(np.float32)),
        "big endian": np.arange(5, dtype=">i4"),
        "unsigned": np.array([2**32 - 1, 0], np.uint32),
        "strings": np.array(["ab", "c"]),
        "scalar": np.float64(2.5),
        "objects": np.array([{"a": np.arange(3)}, None], object),
        "ordered": collections.OrderedDict(a=1, b=[2.5, "x", True, None, b"\x00\xff"]),
        "bytes": b"",
        "set": {3},
        "large": 2**70,
    }
    found = read(tmp_path, pickle.dumps(data, protocol))
    for key in ("doubles", "singles", "big endian", "unsigned", "strings"):
        np.testing.assert_array_equal(found[key], data[key])
        assert found[key].dtype == data[key].dtype
    assert found["scalar"] == 2.5
    np.testing.assert_array_equal(found["objects"][0]["a"], np.arange(3))
    assert found["ordered"] == {"a": 1, "b": [2.5, "x", True, None, b"\x00\xff"]}
    assert (found["bytes"], tuple(found["set"]), found["large"]) == (b"", (3,), 2**70)


@pytest.mark.parametrize("kind", [sparse.csc_matrix, sparse.csr_matrix, sparse.coo_matrix, sparse.csc_array])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_sparse_matrices_come_back(tmp_path, kind, protocol):
    dense = np.random.default_rng(2).random((5, 40)) * (np.random.default_rng(3).random((5, 40)) > 0.8)
    found = read(tmp_path, pickle.dumps(kind(dense), protocol))
    np.testing.assert_array_equal(found.toarray(), dense)


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_python_2_pickles_with_chumpy(tmp_path, protocol):
    array = np.random.default_rng(4).normal(size=(6, 3))
    found = read(tmp_path, chumpy_pickle({"v_template": CHUMPY(array), "J": CHUMPY(None)}, protocol))
    np.testing.assert_array_equal(found["v_template"], array)
    assert found["J"] is None


def test_torch_tensors_in_an_object_npy(tmp_path):
    embedding = {
        "dynamic_lmk_faces_idx": torch.arange(79 * 17).reshape(79, 17),
        "dynamic_lmk_bary_coords": torch.rand(79, 17, 3, generator=torch.Generator().manual_seed(5)),
        "part": torch.arange(10)[3:7],
    }
    path = tmp_path / "landmark_embedding.npy"
    np.save(path, embedding, allow_pickle=True)
    found = read_npy_object(path)
    for key, tensor in embedding.items():
        np.testing.assert_array_equal(found[key], tensor.numpy())
        assert found[key].dtype == tensor.numpy().dtype


def test_a_tensor_that_lies_about_its_size_is_refused(tmp_path):
    path = tmp_path / "embedding.npy"
    np.save(path, {"x": torch.arange(64)}, allow_pickle=True)
    data = path.read_bytes()
    count = struct.pack("<q", 64)
    assert data.count(count + struct.pack("<q", 0) + struct.pack("<q", 1)) == 1
    path.write_bytes(data.replace(count + struct.pack("<q", 0), struct.pack("<q", 65) + struct.pack("<q", 0)))
    with pytest.raises(PickleDamaged):
        read_npy_object(path)


def test_an_attack_inside_a_tensor_payload_is_refused(tmp_path):
    inner = pickle.dumps(Attack(os.system, "true"), 2)
    path = tmp_path / "embedding.npy"
    np.save(path, {"x": Attack(torch.storage._load_from_bytes, inner)}, allow_pickle=True)
    with pytest.raises(FileRefused, match="system"):
        read_npy_object(path)


def test_an_attack_in_an_object_npy_is_refused(tmp_path):
    path = tmp_path / "landmark_embedding.npy"
    np.save(path, {"x": Attack(os.system, "true")}, allow_pickle=True)
    with pytest.raises(FileRefused, match=r"landmark_embedding\.npy.*system"):
        read_npy_object(path)


@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_any_damage_is_told_as_damage(tmp_path, protocol):
    data = {"a": np.arange(6.0).reshape(2, 3), "o": np.array([{"k": 1}], object), "s": sparse.csc_matrix(np.eye(3))}
    data |= {"t": collections.OrderedDict(x=1), "n": np.float32(2)}
    whole = pickle.dumps(data, protocol)
    random = np.random.default_rng(protocol)
    for _ in range(400):
        changed = bytearray(whole)
        for place in random.integers(0, len(whole), random.integers(1, 4)):
            changed[place] = random.integers(0, 256)
        with contextlib.suppress(PickleDamaged, FileRefused):
            read(tmp_path, bytes(changed[: random.integers(len(whole) // 2, len(whole) + 1)]))


def test_a_refusal_is_a_sentence_for_the_user(tmp_path):
    with pytest.raises(FaceError) as error:
        read(tmp_path, HAND_MADE["posix by name"])
    assert str(error.value) == (
        "The file “model.pkl” was refused: it asks to run “posix.system”; get it from its owners again."
    )


def test_plain_arrays_are_read_within_their_size(tmp_path):
    array = np.arange(12.0).reshape(3, 4)
    np.save(tmp_path / "a.npy", np.asfortranarray(array))
    np.testing.assert_array_equal(read_npy(tmp_path / "a.npy"), array)
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "b.npy").write_bytes(data.replace(b"(3, 4), }      ", b"(3, 4000000000)"[:15].ljust(15)))
    (tmp_path / "c.npy").write_bytes(data[:-8])
    for name in "bc":
        with pytest.raises(ArraysDamaged):
            read_npy(tmp_path / f"{name}.npy")
    np.savez_compressed(tmp_path / "d.npz", a=array, names=np.array(["x", "yz"]), o=np.array({"k": 1}, object))
    found = read_npz(tmp_path / "d.npz")
    np.testing.assert_array_equal(found["a"], array)
    assert list(found["names"]) == ["x", "yz"]
    assert set(found) == {"a", "names"}
    whole = (tmp_path / "d.npz").read_bytes()
    (tmp_path / "d.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ArraysDamaged):
        read_npz(tmp_path / "d.npz")


def test_an_archive_with_changed_data_is_damaged(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, a=np.zeros(5000))
    data = bytearray(buffer.getvalue())
    data[20_000] ^= 0xFF
    (tmp_path / "e.npz").write_bytes(bytes(data))
    with pytest.raises(ArraysDamaged):
        read_npz(tmp_path / "e.npz")
