import math

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from engine.light import color, harmonics


def quadrature(dtype, device="cpu", rings=12, columns=16):
    """Directions (N, 3) and weights (N,) that integrate polynomials up to degree 15 over the sphere exactly."""
    z, ring_weight = np.polynomial.legendre.leggauss(rings)
    angle = np.arange(columns) * 2 * np.pi / columns
    radius = np.sqrt(1 - z**2)[:, None]
    directions = np.stack(
        [radius * np.cos(angle), radius * np.sin(angle), np.broadcast_to(z[:, None], (rings, columns))], -1
    )
    weights = np.repeat(ring_weight * 2 * np.pi / columns, columns)
    return (
        torch.tensor(directions.reshape(-1, 3), dtype=dtype, device=device),
        torch.tensor(weights, dtype=dtype, device=device),
    )


def random_rotation(dtype, device="cpu", seed=0):
    return torch.tensor(Rotation.random(random_state=seed).as_matrix(), dtype=dtype, device=device)


def random_light(dtype, device="cpu", seed=0):
    return torch.randn(9, 3, generator=torch.Generator().manual_seed(seed)).to(device, dtype)


def test_the_bands_are_orthonormal(dtype, device):
    directions, weights = quadrature(dtype, device)
    bands = harmonics.basis(directions)
    gram = bands.T @ (bands * weights[:, None])
    torch.testing.assert_close(gram, torch.eye(9, dtype=dtype, device=device), atol=1e-5, rtol=0)


def test_the_bands_come_in_the_documented_order():
    # Cartesian order y, z, x of the three linear bands, and the sign, are what other programs rely on.
    y = harmonics.basis(torch.tensor([0.0, 1, 0]))
    assert y[1] == pytest.approx(0.4886025) and y[2] == 0 and y[3] == 0
    diagonal = harmonics.basis(torch.tensor([1.0, 1, 0]) / math.sqrt(2))
    assert diagonal[4] == pytest.approx(1.0925484 / 2)
    assert diagonal[8] == pytest.approx(0, abs=1e-7)


def test_shading_is_the_cosine_convolution_of_radiance(device):
    """Shading with A_l / pi equals (1/pi) times the integral of L(w) max(0, n.w) for an order-2 L."""
    dtype = torch.float32 if device.type == "mps" else torch.float64
    radiance = random_light(dtype, device)
    normal = torch.tensor([0.36, 0.48, 0.8], dtype=dtype, device=device)
    directions, weights = quadrature(dtype, device, rings=400, columns=800)
    cosine = (directions @ normal).clamp_min(0) * weights
    integral = (harmonics.basis(directions) @ radiance * cosine[:, None]).sum(0) / math.pi
    shaded = harmonics.shade(normal, harmonics.radiance_to_shading(radiance))
    torch.testing.assert_close(shaded, integral, atol=2e-4, rtol=0)


def test_lobe_constants_are_those_of_the_clamped_cosine():
    z, weight = np.polynomial.legendre.leggauss(2000)
    legendre = [np.ones_like(z), z, (3 * z**2 - 1) / 2]
    expected = [2 * np.pi * (weight * p * np.maximum(z, 0)).sum() for p in legendre]
    np.testing.assert_allclose([harmonics.COSINE_LOBE[i] for i in (0, 1, 4)], expected, atol=1e-5)


def test_radiance_and_shading_undo_each_other(dtype, device):
    light = random_light(dtype, device)
    back = harmonics.shading_to_radiance(harmonics.radiance_to_shading(light))
    torch.testing.assert_close(back, light)


@pytest.mark.parametrize("seed", range(4))
def test_rotating_light_and_normals_together_changes_nothing(dtype, device, seed):
    light, rotation = random_light(dtype, device, seed), random_rotation(dtype, device, seed)
    normals = quadrature(dtype, device)[0]
    turned = harmonics.shade(normals @ rotation.T, harmonics.rotate(light, rotation))
    torch.testing.assert_close(turned, harmonics.shade(normals, light), atol=2e-6, rtol=1e-5)


def test_rotation_has_a_gradient():
    light, rotation = random_light(torch.float64).requires_grad_(), random_rotation(torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(harmonics.rotate, (light, rotation))


def test_ambient_light_is_the_same_from_everywhere(device):
    shaded = harmonics.shade(quadrature(torch.float32, device)[0], harmonics.ambient(0.7).to(device))
    torch.testing.assert_close(shaded, torch.full_like(shaded, 0.7))


def test_a_lamp_is_brightest_where_it_stands():
    direction = torch.tensor([0.6, 0.0, 0.8])
    light = harmonics.directional(direction, torch.tensor([1.0, 0.5, 0.25]))
    normals = torch.cat([direction[None], quadrature(torch.float32)[0]])
    shaded = harmonics.shade(normals, light)
    assert shaded[:, 0].argmax() == 0
    # Order 2 gives 1/4 + 1/2 + 5/16 of the clamped cosine's peak.
    torch.testing.assert_close(shaded[0], torch.tensor([1.0, 0.5, 0.25]) * 1.0625)


def test_solve_finds_the_light_again(dtype, device):
    light = random_light(dtype, device)
    normals = quadrature(dtype, device)[0]
    found = harmonics.solve(normals, harmonics.shade(normals, light), regularisation=1e-7)
    torch.testing.assert_close(found, light, atol=1e-3, rtol=1e-3)


def test_solve_is_not_led_astray_by_shadows():
    light = random_light(torch.float64) * 0.2 + harmonics.ambient()
    normals = quadrature(torch.float64)[0]
    observed = harmonics.shade(normals, light)
    observed[::7] = 0.02
    robust = harmonics.solve(normals, observed, regularisation=1e-6, iterations=12)
    plain = harmonics.solve(normals, observed, regularisation=1e-6, iterations=1)
    assert (robust - light).norm() < 0.05 * (plain - light).norm()


def test_solve_ignores_what_has_no_weight():
    light = random_light(torch.float64)
    normals = quadrature(torch.float64)[0]
    observed = harmonics.shade(normals, light)
    weights = torch.ones(len(normals), dtype=torch.float64)
    observed[:20], weights[:20] = 1e3, 0
    found = harmonics.solve(normals, observed, weights, regularisation=1e-9)
    torch.testing.assert_close(found, light, atol=1e-5, rtol=1e-5)


def test_solve_stays_sane_on_one_normal():
    found = harmonics.solve(torch.tensor([[0.0, 0, 1]]).expand(50, 3), torch.full((50, 3), 0.5))
    assert found.isfinite().all()
    torch.testing.assert_close(
        harmonics.shade(torch.tensor([0.0, 0, 1]), found), torch.full((3,), 0.5), atol=0.01, rtol=0
    )


def test_srgb_known_values():
    values = np.array([0.0, 0.04045, 0.5, 1.0])
    np.testing.assert_allclose(color.srgb_to_linear(values), [0, 0.0031308, 0.2140411, 1], atol=1e-6)


@pytest.mark.parametrize("kind", ["numpy", "torch"])
def test_colour_round_trip(kind):
    values = np.linspace(-0.1, 1.5, 1001)
    start = values if kind == "numpy" else torch.from_numpy(values)
    back = color.linear_to_srgb(color.srgb_to_linear(start))
    # The standard's own rounded constants leave a step of 1e-7 where the two pieces meet.
    np.testing.assert_allclose(np.asarray(back), values, atol=1e-6)
    assert back.dtype == start.dtype


def test_colour_gradient_is_finite_at_zero():
    for convert, slope in ((color.linear_to_srgb, 12.92), (color.srgb_to_linear, 1 / 12.92)):
        zero = torch.zeros(3, requires_grad=True)
        convert(zero).sum().backward()
        torch.testing.assert_close(zero.grad, torch.full((3,), slope))


def test_colour_gradients():
    values = torch.tensor([-0.05, 0.001, 0.02, 0.3, 0.9, 1.2], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(color.srgb_to_linear, values)
    assert torch.autograd.gradcheck(color.linear_to_srgb, values)


def test_float32_arrays_stay_float32():
    assert color.srgb_to_linear(np.zeros(3, np.float32)).dtype == np.float32


def test_luminance_of_white_is_one():
    assert color.luminance(torch.ones(2, 3)).tolist() == pytest.approx([1, 1])
    assert color.luminance(np.array([0.0, 1.0, 0.0])) == pytest.approx(0.7152)
