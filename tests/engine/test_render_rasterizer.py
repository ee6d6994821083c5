import subprocess
import sys

import numpy as np
import pytest
import torch

from engine.render.interpolate import barycentric
from engine.render.rasterizer import rasterize

from . import meshes

SIZE = (61, 47)


@pytest.fixture(params=["torch", "numba"])
def backend(request, device):
    if request.param == "numba" and device.type != "cpu":
        pytest.skip("numba runs on the CPU")
    return request.param


def square(left, top, right, bottom, depth=1.0):
    """Two triangles that face the camera: points (4, 3), triangles (2, 3)."""
    corners = [[left, top, depth], [left, bottom, depth], [right, bottom, depth], [right, top, depth]]
    return torch.tensor(corners), torch.tensor([[0, 1, 2], [0, 2, 3]])


def check_backends_agree(points, triangles, size, cull):
    fast = rasterize(points, triangles, size, cull, "numba")
    plain = rasterize(points, triangles, size, cull, "torch")
    assert torch.equal(fast.triangle, plain.triangle)
    torch.testing.assert_close(fast.barycentric, plain.barycentric, atol=2e-3, rtol=1e-3)
    return fast


@pytest.mark.parametrize("cull", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_backends_agree_on_random_triangles(dtype, seed, cull):
    points, triangles = meshes.scattered(size=SIZE, seed=seed, dtype=dtype)
    seen = check_backends_agree(points, triangles, SIZE, cull)
    assert seen.mask.float().mean() > 0.5


@pytest.mark.parametrize("size", [(64, 48), (224, 224), (1, 1), (33, 7)])
def test_backends_agree_on_a_sphere(dtype, size):
    check_backends_agree(*meshes.image_sphere(size, dtype=dtype), size, True)


def test_backends_agree_where_pairs_need_several_parts(monkeypatch):
    from engine.render import raster_torch

    monkeypatch.setattr(raster_torch, "PAIRS", 700)
    points, triangles = meshes.scattered(size=SIZE, seed=9)
    check_backends_agree(points, triangles, SIZE, False)


def test_one_thread_and_many_give_the_same(monkeypatch):
    points, triangles = meshes.scattered(size=SIZE, seed=3)
    results = []
    for threads in (1, 2, 5):
        monkeypatch.setattr(torch, "get_num_threads", lambda n=threads: n)
        results.append(rasterize(points, triangles, SIZE, backend="numba"))
    assert all(torch.equal(r.triangle, results[0].triangle) for r in results)


def test_the_sphere_keeps_its_front(backend, device):
    vertices, triangles = meshes.sphere(device=device)
    view = meshes.camera(device=device)
    seen = rasterize(view.to_image(view.to_camera(vertices)), triangles, view.size, backend=backend)
    middle = vertices[triangles].mean(1)[seen.pixel_triangles]
    assert len(middle) > 500
    assert (middle[:, 2] > 0).all()  # the camera stands on head space's +Z


def test_without_culling_the_front_still_hides_the_back(backend, device):
    points, triangles = meshes.image_sphere(device=device)
    both = rasterize(points, triangles, (64, 48), False, backend)
    front = rasterize(points, triangles, (64, 48), True, backend)
    assert torch.equal(both.triangle, front.triangle)


def test_turned_triangles_are_culled(backend):
    points, triangles = square(5, 5, 20, 20)
    assert not rasterize(points, triangles.flip(-1), SIZE, True, backend).mask.any()
    assert rasterize(points, triangles.flip(-1), SIZE, False, backend).mask.sum() == 15 * 15


def test_pixel_centres_are_at_one_half(backend):
    points, triangles = square(2.5, 1.5, 4.5, 3.5)
    # Top and left edges own the centres they pass through, bottom and right do not.
    assert rasterize(points, triangles, (8, 8), backend=backend).mask.nonzero().tolist() == [
        [1, 2],
        [1, 3],
        [2, 2],
        [2, 3],
    ]
    points, triangles = square(2.51, 1.51, 3.49, 2.49)
    assert not rasterize(points, triangles, (8, 8), backend=backend).mask.any()


@pytest.mark.parametrize("seed", range(3))
def test_shared_edges_leave_no_crack_and_cover_nothing_twice(backend, seed):
    """Each triangle of a tiling is drawn alone; every pixel must belong to exactly one."""
    generator = torch.Generator().manual_seed(seed)
    steps = torch.linspace(-3, 40, 9)
    grid = torch.stack(torch.meshgrid(steps, steps, indexing="xy"), -1)
    grid[1:-1, 1:-1] += torch.rand(7, 7, 2, generator=generator) * 3 - 1.5
    # Corners on pixel centres make edges pass exactly through centres.
    grid[2:5, 2:5] = torch.floor(grid[2:5, 2:5]) + 0.5
    points = torch.cat([grid, torch.ones(9, 9, 1)], -1).view(-1, 3)
    index = torch.arange(81).view(9, 9)
    a, b, c, d = index[:-1, :-1], index[1:, :-1], index[1:, 1:], index[:-1, 1:]
    triangles = torch.cat([torch.stack([a, b, c], -1).view(-1, 3), torch.stack([a, c, d], -1).view(-1, 3)])
    times = sum(rasterize(points, t[None], (37, 37), backend=backend).mask.int() for t in triangles)
    assert times.min() == 1
    assert times.max() == 1


def test_the_nearer_triangle_wins(backend):
    near, triangles = square(5, 5, 20, 20, 1.0)
    far, _ = square(0, 0, 30, 30, 2.0)
    seen = rasterize(torch.cat([far, near]), torch.cat([triangles, triangles + 4]), SIZE, backend=backend)
    assert (seen.triangle[5:20, 5:20] >= 2).all()
    assert (seen.triangle >= 2).sum() == 15 * 15


def test_crossing_triangles_meet_where_their_depths_do(backend):
    flat, triangles = square(0, 0, 40, 40, 1.0)
    slope = flat.clone()
    # 1/z runs linearly over the screen from 2 at the left to 0 beyond the right edge; it is 1 in the middle.
    slope[:, 2] = torch.tensor([0.5, 0.5, 1e6, 1e6])
    seen = rasterize(torch.cat([flat, slope]), torch.cat([triangles, triangles + 4]), (40, 40), backend=backend)
    assert (seen.triangle[:, :20] >= 2).all()
    assert (seen.triangle[:, 20:] < 2).all()


def test_at_equal_depth_the_lower_index_wins(backend):
    points, triangles = square(5, 5, 20, 20)
    seen = rasterize(points, torch.cat([triangles] * 3), SIZE, backend=backend)
    assert seen.triangle.max() == 1


def test_weights_are_those_of_a_plane_in_perspective(backend, dtype, device):
    """On a tilted plane the weights must give back the point where the pixel's ray meets the plane."""
    view = meshes.camera(dtype=dtype, device=device)
    corners = torch.tensor([[-0.2, 0.2, 0.1], [-0.2, -0.2, -0.2], [0.3, -0.1, 0.15]], dtype=dtype, device=device)
    points = view.to_camera(corners)
    seen = rasterize(view.to_image(points), torch.tensor([[0, 1, 2]], device=device), view.size, backend=backend)
    normal = torch.linalg.cross(points[1] - points[0], points[2] - points[0])
    centres = torch.cat([seen.centres, torch.ones_like(seen.centres[:, :1])], -1)
    rays = centres @ torch.linalg.inv(view.intrinsics).T
    met = rays * ((points[0] @ normal) / (rays @ normal))[:, None]
    assert len(met) > 300
    mixed = seen.barycentric.view(-1, 3)[seen.pixels] @ points
    torch.testing.assert_close(mixed, met, atol=1e-5, rtol=1e-4)


def test_weights_sum_to_one_and_agree_with_the_differentiable_form(backend, dtype):
    points, triangles = meshes.image_sphere(dtype=dtype)
    seen = rasterize(points, triangles, (64, 48), backend=backend)
    torch.testing.assert_close(seen.barycentric.sum(-1), seen.mask.to(dtype))
    torch.testing.assert_close(seen.barycentric, barycentric(points, triangles, seen), atol=1e-4, rtol=1e-4)
    assert seen.barycentric.min() > -0.01


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 1e30, -1e30])
def test_points_that_cannot_be_drawn_take_only_their_triangles_along(backend, bad):
    points, triangles = square(5, 5, 20, 20)
    points = torch.cat([points, points + torch.tensor([20.0, 0, 0])])
    points[0, 0] = bad
    seen = rasterize(points, torch.cat([triangles, triangles + 4]), SIZE, backend=backend)
    assert seen.mask.sum() == 15 * 15
    assert (seen.triangle[seen.mask] >= 2).all()


@pytest.mark.parametrize("depth", [0.0, -1.0, float("nan"), float("inf")])
def test_triangles_behind_the_camera_are_left_out(backend, depth):
    points, triangles = square(5, 5, 20, 20)
    points[2, 2] = depth
    assert not rasterize(points, triangles, SIZE, backend=backend).mask.any()


def test_no_triangles_is_an_empty_picture(backend):
    seen = rasterize(torch.zeros(0, 3), torch.zeros(0, 3, dtype=torch.int64), SIZE, backend=backend)
    assert seen.triangle.shape == (47, 61)
    assert not seen.mask.any()
    assert len(seen.pixels) == 0


def test_triangles_without_area_are_left_out(backend):
    points = torch.tensor([[5.0, 5, 1], [15, 15, 1], [25, 25, 1]])
    assert not rasterize(points, torch.tensor([[0, 1, 2], [0, 0, 1]]), SIZE, False, backend).mask.any()


def test_it_works_without_a_folder_to_cache_in(tmp_path):
    """The kernel must compile where neither the package nor the user's cache can be written."""
    program = """
import numba.core.caching as caching
def refuse(*args, **kwargs):
    raise RuntimeError("cannot cache function: no locator available")
caching.CacheImpl.__init__ = refuse
import torch
from engine.render.rasterizer import rasterize
points = torch.tensor([[0.0, 0, 1], [0, 8, 1], [8, 8, 1]])
print(int(rasterize(points, torch.tensor([[0, 1, 2]]), (8, 8), backend="numba").mask.sum()))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "28", done.stderr


def test_integer_types_of_triangles_do_not_matter(backend):
    points, triangles = square(5, 5, 20, 20)
    seen = rasterize(points, triangles.to(torch.int32), SIZE, backend=backend)
    assert seen.mask.sum() == 15 * 15
    assert np.unique(seen.triangle).tolist() == [-1, 0, 1]
