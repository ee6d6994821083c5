"""Engine tests run as if Blender did not exist, on the device that ``--device`` names."""

import sys

import pytest
import torch

# A None entry makes ``import bpy`` raise ModuleNotFoundError, at collection as well as inside tests.
sys.modules["bpy"] = None
sys.modules["mathutils"] = None


def pytest_addoption(parser):
    parser.addoption("--device", default="cpu", help="torch device the engine tests use")


@pytest.fixture
def device(request):
    return torch.device(request.config.getoption("--device", default="cpu"))


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def dtype(request, device):
    if device.type == "mps" and request.param is torch.float64:
        pytest.skip("MPS has no float64")
    return request.param
