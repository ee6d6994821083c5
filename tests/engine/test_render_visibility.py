import torch

from engine.render.visibility import depth_map, facing, visible_vertices

from . import meshes


def test_half_a_sphere_is_visible(device):
    vertices, triangles = meshes.sphere(4, device=device)
    view = meshes.camera((640, 480), 1200.0, device=device)
    seen = visible_vertices(view, vertices, triangles)
    # Seen from 0.6 m the horizon of a 0.1 m sphere lies at z = r^2 / d.
    horizon = 0.1**2 / 0.6
    assert seen[vertices[:, 2] > horizon + 0.01].all()
    assert not seen[vertices[:, 2] < horizon].any()


def test_what_stands_behind_something_is_hidden():
    vertices, triangles = meshes.sphere(3, 0.05)
    behind = vertices + torch.tensor([0.05, 0, -0.3])
    both = torch.cat([vertices, behind])
    faces = torch.cat([triangles, triangles + len(vertices)])
    view = meshes.camera((640, 480), 1500.0)
    alone = visible_vertices(view, behind, triangles)
    seen = visible_vertices(view, both, faces)[len(vertices) :]
    # The front ball's edge stands at x = 0.05 at 0.6 m, so at 0.9 m it hides what is left of about x = 0.075.
    front = alone & (behind[:, 2] > -0.28)
    assert seen[front & (behind[:, 0] > 0.085)].all()
    assert not seen[(behind[:, 0] < 0.068) & (behind[:, 1].abs() < 0.02)].any()


def test_a_lid_just_in_front_of_an_eye_hides_it():
    square = torch.tensor([[-0.02, -0.02, 0], [0.02, -0.02, 0], [0.02, 0.02, 0], [-0.02, 0.02, 0]])
    eye = square * 0.2 - torch.tensor([0, 0, 0.002])
    vertices = torch.cat([square, eye])
    triangles = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    assert visible_vertices(meshes.camera(), vertices, triangles).tolist() == [True] * 4 + [False] * 4


def test_what_lies_outside_the_picture_is_not_visible():
    vertices, triangles = meshes.sphere(3)
    view = meshes.camera((64, 48)).crop(32, 0, 1, (32, 48))  # the right half
    seen = visible_vertices(view, vertices, triangles)
    assert seen.any()
    assert not seen[vertices[:, 0] < -0.001].any()


def test_nothing_in_the_picture_is_no_error():
    vertices, triangles = meshes.sphere(2)
    assert not visible_vertices(meshes.camera(), vertices + torch.tensor([5.0, 0, 0]), triangles).any()
    assert not visible_vertices(meshes.camera(), vertices + torch.tensor([0, 0, 5.0]), triangles).any()


def test_the_photos_size_does_not_matter():
    vertices, triangles = meshes.sphere(3)
    small = visible_vertices(meshes.camera((64, 48), 150.0), vertices, triangles)
    large = visible_vertices(meshes.camera((6400, 4800), 15000.0), vertices, triangles)
    assert torch.equal(small, large)


def test_facing_is_one_towards_the_camera():
    view = meshes.camera()
    vertices = torch.tensor([[0.0, 0, 0.1], [0, 0, -0.1]])
    normals = torch.tensor([[0.0, 0, 1], [0, 0, -1]])
    torch.testing.assert_close(facing(view, vertices, normals), torch.tensor([1.0, -1.0]))


def test_depth_is_that_of_the_sphere():
    vertices, triangles = meshes.sphere(5)
    depth = depth_map(meshes.camera((65, 49)), vertices, triangles)
    assert abs(float(depth[24, 32]) - 0.5) < 1e-4
    assert torch.isinf(depth[0, 0])
