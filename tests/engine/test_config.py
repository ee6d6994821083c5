import dataclasses

import pytest

from engine.config import Settings
from engine.errors import BadSetting


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("detector", "haar"),
        ("quality", "best"),
        ("device", "tpu"),
        ("faces", "some"),
        ("texture_size", 1000),
        ("texture_size", 128),
        ("focal_px", -1.0),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_name(name, value):
    with pytest.raises(BadSetting, match=name):
        Settings.from_dict({name: value})


def test_an_unknown_setting_is_refused():
    with pytest.raises(BadSetting, match="sharpness"):
        Settings.from_dict({"sharpness": 1})


def test_settings_survive_json_shaped_values():
    settings = Settings(quality="draft", texture_size=1024, seed=7)
    assert Settings.from_dict(settings.to_dict()) == settings


def test_every_setting_has_a_default():
    assert all(field.default is not dataclasses.MISSING for field in dataclasses.fields(Settings))
