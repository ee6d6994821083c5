"""Files in the models folder that only bear a face model's name are told from files that are not there."""

import pytest

from engine.errors import ModelUnavailable
from engine.faces.library import load_model
from engine.models import overview


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RECONSTRUCT_FACE_MODELS", str(tmp_path))
    return tmp_path


def test_a_damaged_file_is_named_and_told_from_a_missing_one(folder):
    with pytest.raises(ModelUnavailable, match="its files are not there"):
        load_model("flame-2020-generic")
    broken = folder / "FLAME2020" / "generic_model.pkl"
    broken.parent.mkdir()
    broken.write_bytes(b"half a download")
    (folder / "notes.pkl").write_bytes(b"nobody's business")
    with pytest.raises(ModelUnavailable, match=r"generic_model\.pkl” is damaged or another file.*flame\.is"):
        load_model("flame-2020-generic")
    told = {row["family"]: row["pretenders"] for row in overview()}
    assert told.pop("flame") == [str(broken)]
    assert not any(told.values())
