import math

import pytest
import torch

from engine.light import harmonics
from engine.render.fragments import Fragments
from engine.render.interpolate import barycentric, interpolate, interpolate_corners
from engine.render.normals import face_normals, vertex_normals
from engine.render.rasterizer import rasterize
from engine.render.shading import render, render_textured, sample_uv

from . import meshes


def small_scene():
    """A coarse sphere in float64: camera, vertices, triangles, fragments."""
    vertices, triangles = meshes.sphere(1, dtype=torch.float64)
    view = meshes.camera((10, 8), 28.0, dtype=torch.float64)
    fragments = rasterize(view.to_image(view.to_camera(vertices)), triangles, view.size)
    assert fragments.mask.sum() > 20
    return view, vertices, triangles, fragments


def test_vertex_normals_of_a_sphere_point_outward(dtype, device):
    vertices, triangles = meshes.sphere(4, dtype=dtype, device=device)
    normals = vertex_normals(vertices, triangles)
    torch.testing.assert_close(normals, vertices / 0.1, atol=0.01, rtol=0)
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones_like(normals[:, 0]))


def test_vertex_normals_weigh_by_area():
    # One triangle on the floor, one nine times as large on a wall, sharing a vertex.
    vertices = torch.tensor([[0.0, 0, 0], [0, 0, 1], [1, 0, 0], [0, 3, 0], [0, 0, 3]])
    triangles = torch.tensor([[0, 1, 2], [0, 3, 4]])
    expected = torch.tensor([9.0, 1, 0]) / math.sqrt(82)
    torch.testing.assert_close(vertex_normals(vertices, triangles)[0], expected)


def test_a_tiny_mesh_has_normals_and_a_loose_vertex_has_none():
    vertices, triangles = meshes.sphere(2, radius=1e-5)
    normals = vertex_normals(torch.cat([vertices, torch.zeros(1, 3)]), triangles)
    torch.testing.assert_close(normals[:-1].norm(dim=-1), torch.ones(len(vertices)))
    assert not normals[-1].any()


def test_normals_have_a_gradient():
    vertices, triangles = meshes.sphere(0, dtype=torch.float64)
    free = (vertices * 10).requires_grad_()
    assert torch.autograd.gradcheck(vertex_normals, (free, triangles))
    assert torch.autograd.gradcheck(face_normals, (free, triangles))


def test_barycentric_has_a_gradient_to_the_points():
    view, vertices, triangles, fragments = small_scene()
    points = view.to_image(view.to_camera(vertices)).requires_grad_()
    assert torch.autograd.gradcheck(lambda p: barycentric(p, triangles, fragments), (points,))


def test_interpolation_has_a_gradient_to_attributes_and_points():
    view, vertices, triangles, fragments = small_scene()
    points = view.to_image(view.to_camera(vertices)).requires_grad_()
    values = torch.rand(len(vertices), 2, dtype=torch.float64, requires_grad=True)
    corners = torch.rand(len(triangles), 3, 2, dtype=torch.float64, requires_grad=True)

    def through(points, values, corners):
        weights = barycentric(points, triangles, fragments)
        return interpolate(values, triangles, fragments, weights), interpolate_corners(corners, fragments, weights)

    assert torch.autograd.gradcheck(through, (points, values, corners))


@pytest.mark.parametrize("frame", ["head", "camera"])
def test_shading_has_a_gradient_to_everything(frame):
    view, vertices, triangles, fragments = small_scene()
    generator = torch.Generator().manual_seed(0)
    albedo = torch.rand(len(vertices), 3, dtype=torch.float64, generator=generator).requires_grad_()
    light = torch.rand(9, 3, dtype=torch.float64, generator=generator).requires_grad_()
    free = vertices.clone().requires_grad_()
    turn = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    shift = view.translation.clone().requires_grad_()
    focal = view.intrinsics.clone().requires_grad_()

    def picture(vertices, albedo, light, turn, shift, focal):
        x, y, z = turn
        o = torch.zeros_like(x)
        skew = torch.stack([torch.stack(row) for row in ((o, -z, y), (z, o, -x), (-y, x, o))])
        moved = type(view)(focal, torch.linalg.matrix_exp(skew) @ view.rotation, shift, view.size)
        return render(moved, vertices, triangles, albedo, light, frame, fragments=fragments).image

    assert torch.autograd.gradcheck(picture, (free, albedo, light, turn, shift, focal), fast_mode=True)


def test_textured_shading_has_a_gradient_to_texture_light_and_shape():
    view, vertices, triangles, fragments = small_scene()
    generator = torch.Generator().manual_seed(0)
    # A texture as smooth as bilinear sampling needs for finite differences: linear in u and v.
    ramp = torch.linspace(0, 1, 16, dtype=torch.float64)
    texture = torch.stack([*torch.meshgrid(ramp, ramp, indexing="ij"), torch.ones(16, 16, dtype=torch.float64)], -1)
    uvs = 0.2 + 0.6 * torch.rand(len(triangles), 3, 2, dtype=torch.float64, generator=generator)
    light = torch.rand(9, 3, dtype=torch.float64, generator=generator)
    inputs = tuple(v.clone().requires_grad_() for v in (vertices, texture, light))

    def picture(vertices, texture, light):
        return render_textured(view, vertices, triangles, uvs, texture, light, fragments=fragments).image

    assert torch.autograd.gradcheck(picture, inputs, fast_mode=True)


def test_a_flat_light_shows_the_albedo(device):
    vertices, triangles = meshes.sphere(device=device)
    albedo = torch.rand(1, 3, generator=torch.Generator().manual_seed(0)).to(device).expand_as(vertices)
    seen = render(meshes.camera(device=device), vertices, triangles, albedo, harmonics.ambient().to(device))
    torch.testing.assert_close(seen.image[seen.mask], albedo[:1].expand_as(seen.image[seen.mask]), atol=1e-5, rtol=0)
    assert not seen.image[~seen.mask].any()
    torch.testing.assert_close(seen.normals[seen.mask].norm(dim=-1), torch.ones(int(seen.mask.sum()), device=device))


def test_light_from_the_subjects_left_is_on_the_pictures_right():
    vertices, triangles = meshes.sphere()
    light = harmonics.directional(torch.tensor([1.0, 0, 0]), torch.ones(3))
    image = render(meshes.camera(), vertices, triangles, torch.ones_like(vertices), light).image
    assert image[:, 32:].sum() > 2 * image[:, :32].sum()


def test_light_from_above_is_at_the_top_in_both_frames():
    vertices, triangles = meshes.sphere()
    for frame, up in (("head", 1.0), ("camera", -1.0)):
        light = harmonics.directional(torch.tensor([0.0, up, 0]), torch.ones(3))
        image = render(meshes.camera(), vertices, triangles, torch.ones_like(vertices), light, frame).image
        assert image[:24].sum() > 2 * image[24:].sum()


def test_turning_the_light_with_the_head_matches_the_camera_frame():
    vertices, triangles = meshes.sphere()
    view = meshes.camera()
    light = torch.randn(9, 3, generator=torch.Generator().manual_seed(1))
    in_camera = harmonics.rotate(light, view.rotation)
    white = torch.ones_like(vertices)
    head = render(view, vertices, triangles, white, light, "head").image
    camera = render(view, vertices, triangles, white, in_camera, "camera").image
    torch.testing.assert_close(head, camera, atol=1e-4, rtol=0)


def test_background_fills_what_is_not_seen():
    vertices, triangles = meshes.sphere()
    behind = torch.rand(48, 64, 3, generator=torch.Generator().manual_seed(0))
    seen = render(
        meshes.camera(), vertices, triangles, torch.zeros_like(vertices), harmonics.ambient(), background=behind
    )
    assert torch.equal(seen.image[~seen.mask], behind[~seen.mask])
    assert not seen.image[seen.mask].any()


def test_uv_origin_is_bottom_left():
    texture = torch.zeros(4, 8, 1)
    texture[-1, 0], texture[0, -1] = 1, 2  # bottom-left and top-right texels
    points = torch.tensor([[0.5 / 8, 0.5 / 4], [7.5 / 8, 3.5 / 4], [0.0, 0.0], [-3.0, -3.0], [1 / 8, 0.5 / 4]])
    torch.testing.assert_close(sample_uv(texture, points)[:, 0], torch.tensor([1, 2, 1, 1, 0.5]))


def test_a_texture_is_seen_the_right_way_round():
    view = meshes.camera()
    square = torch.tensor([[-0.1, -0.1, 0], [0.1, -0.1, 0], [0.1, 0.1, 0], [-0.1, 0.1, 0]])
    triangles = torch.tensor([[0, 1, 2], [0, 2, 3]])
    uvs = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]])[triangles]
    texture = torch.zeros(2, 2, 3)
    texture[0, 0], texture[1, 1] = torch.tensor([1.0, 0, 0]), torch.tensor([0, 1.0, 0])
    image = render_textured(view, square, triangles, uvs, texture).image
    rows, columns = image.amax(-1).nonzero().unbind(-1)
    top_left = image[rows.min() + 2, columns.min() + 2]
    bottom_right = image[rows.max() - 2, columns.max() - 2]
    torch.testing.assert_close(top_left, torch.tensor([1.0, 0, 0]))
    torch.testing.assert_close(bottom_right, torch.tensor([0, 1.0, 0]))


def test_perspective_interpolation_of_a_texture_matches_the_plane():
    """A ruler drawn on a steeply tilted plane: every pixel must read the height its ray meets."""
    view = meshes.camera(dtype=torch.float64)
    corners = torch.tensor([[-0.2, -0.2, 0.25], [0.2, -0.2, 0.25], [0.2, 0.2, -0.3], [-0.2, 0.2, -0.3]]).double()
    triangles = torch.tensor([[0, 1, 2], [0, 2, 3]])
    points = view.to_image(view.to_camera(corners))
    fragments = rasterize(points, triangles, view.size)
    height = interpolate(corners[:, 1:2], triangles, fragments)[..., 0][fragments.mask]
    # The plane is z = -0.025 - 1.375 y; the ray through row v has y = (cy - v) d / f at depth d = 0.6 - z.
    ray = (24 - fragments.centres[:, 1]) / 150
    torch.testing.assert_close(height, ray * 0.625 / (1 - 1.375 * ray), atol=1e-7, rtol=0)


def test_an_empty_picture_renders_and_has_gradients():
    vertices, triangles = meshes.sphere(1)
    free = (vertices + torch.tensor([10.0, 0, 0])).requires_grad_()
    seen = render(meshes.camera(), free, triangles, torch.ones_like(vertices), harmonics.ambient())
    seen.image.sum().backward()
    assert not seen.mask.any()
    assert not free.grad.any()


def test_fragments_know_their_pixels():
    triangle = torch.tensor([[-1, 4], [7, -1]])
    fragments = Fragments(triangle, torch.zeros(2, 2, 3))
    assert fragments.pixels.tolist() == [1, 2]
    assert fragments.pixel_triangles.tolist() == [4, 7]
    assert fragments.centres.tolist() == [[1.5, 0.5], [0.5, 1.5]]
