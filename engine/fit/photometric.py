"""Refinement against the photo's pixels: light, albedo, identity, expression and pose at once, robustly.

Gauss-Newton on ``photo - rendering`` at some thousand skin samples (:mod:`.pixels`), coarse to fine, with the landmark
terms and the priors kept. What the photo says is weighed by how well the model explains it: the residual's spread is
re-estimated at every step, samples that disagree (glasses, hair, hands, a cast shadow) lose their weight, and residuals
that neighbours share count as fewer measurements, because then it is the model and not the sensor that errs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..camera.camera import Camera
from ..config import Quality
from ..detect.detector import Detection
from ..faces.model import FaceModel
from .appearance import Colour, add_colour_priors
from .basis import Array
from .landmark_terms import LandmarkTerms
from .landmarks import with_state
from .noise import squared
from .outline import outline_terms
from .pixels import Look, difference, linearise, look, seen
from .pose import Pose
from .pyramid import cut_level
from .skin import Skin, skin_of
from .solver import FOCAL_GUESS, POSE, State, System, add_priors, advance, bounded_step
from .state import Fit
from .threads import one_blas_thread, one_torch_thread

LEVELS: dict[str, tuple[tuple[int, int], ...]] = {
    "standard": ((96, 6), (192, 6)),
    "high": ((96, 6), (192, 8), (288, 6)),
}
"""By quality: face size in pixels and Gauss-Newton steps, coarse to fine."""
COLOUR_STEPS = 4
"""On light and albedo alone, the shape held."""
DEGREES = 4.0
"""Of freedom of the residual's Student t distribution."""
DAMPING = 1e-3
"""Levenberg-Marquardt, relative to the diagonal."""
NOISE_FLOOR = 0.006
"""SRGB: the residual's spread is never taken to be less."""


@one_blas_thread
def refine(
    model: FaceModel,
    photo: NDArray[np.uint8],
    fit: Fit,
    quality: Quality = "standard",
    progress: Callable[[float], None] = lambda _: None,
    check: Callable[[], None] = lambda: None,
) -> Fit:
    """Refine a landmark fit against the photo's pixels.

    Args:
        model: the fit's model.
        photo: (H, W, 3) sRGB, the photo the landmarks were found in.
        fit: from :func:`.landmarks.fit_landmarks`.
        quality: ``"draft"`` solves light and albedo only.
        progress: called with 0..1.
        check: called between steps; may raise to stop.
    """
    detection = Detection(np.zeros(4, np.float32), 1.0, fit.layout, fit.landmarks.cpu().numpy())
    terms = LandmarkTerms.of(model, detection, fit.calibration)
    with one_torch_thread():
        solver = _Refinement(model, terms, fit)
        if quality == "draft":
            solver.load(photo, LEVELS["standard"][0][0])
            solver.colour_steps()
            return solver.result(fit)
        levels = LEVELS[quality]
        total, done = sum(steps for _, steps in levels), 0
        for size, steps in levels:
            solver.load(photo, size)
            if done == 0:
                solver.colour_steps()
            for _ in range(steps):
                check()
                solver.step()
                done += 1
                progress(done / total)
        return solver.result(fit)


def gram(rows: Tensor) -> Array:
    """(k, k) float64 ``rows^T rows``; on the CPU each pair of columns is multiplied once."""
    if rows.device.type == "cpu":
        return squared(rows.numpy())
    return (rows.T @ rows).cpu().double().numpy()


class _Refinement:
    """The state of one refinement."""

    def __init__(self, model: FaceModel, terms: LandmarkTerms, fit: Fit) -> None:
        self.model, self.terms = model, terms
        self.skin: Skin = skin_of(model)
        self.device = model.mean.device
        pose = Pose.of(fit.camera)
        coefficients = torch.cat([fit.identity, fit.expression]).cpu().numpy().astype(np.float64)
        self.state = State(pose, coefficients, fit.landmark_weights.cpu().numpy().astype(np.float64))
        self.size, self.focal_known = fit.camera.size, fit.focal_known
        self.colour = Colour(fit.light, fit.albedo, self.skin.stains.new_zeros(self.skin.stains.shape[1]))
        self.spread = 0.1
        self.weights = torch.ones(len(self.skin.samples), device=self.device)
        self.normal_modes: Tensor | None = None

    def load(self, photo: NDArray[np.uint8], face: int) -> None:
        """Go on at a level of the pyramid where the face is ``face`` pixels wide."""
        self.level = cut_level(photo, self.terms.observed, face, self.device)
        self.normal_modes = None

    def _camera(self) -> Camera:
        return self.level.camera(self.state.pose.camera(self.size, self.device))

    def _tensor(self, values: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values)).to(self.device, torch.float32)

    def _patch(self) -> Tensor:
        """(m, 3) the skin's vertices now."""
        return self.model.mean[self.skin.vertices] + self.skin.modes @ self._tensor(self.state.coefficients)

    def _vertices(self) -> Tensor:
        count = self.terms.basis.identities
        coefficients = self._tensor(self.state.coefficients)
        return self.model.shape(coefficients[:count], coefficients[count:])

    def _base_weights(self, now: Look, camera: Camera) -> Tensor:
        """(n,) what can be told before looking at the photo: visible, facing, skin."""
        visible = seen(self.model, self.skin, self._vertices(), camera)
        return visible * self.skin.trust * ((now.facing - 0.12) / 0.5).clamp(0, 1)

    def _robust(self, residual: Tensor, base: Tensor) -> Tensor:
        """(n,) Student t weights, the spread re-estimated; smoothed over neighbours since outliers come in patches."""
        distance = (residual**2).mean(-1)
        valid = distance[base > 0.2]
        if len(valid):
            self.spread = max(float(valid.median().sqrt()) * 1.2, NOISE_FLOOR)
        weight = (DEGREES + 3) / (DEGREES + 3 * distance / self.spread**2)
        around = weight[self.skin.neighbours].mean(1)
        return torch.minimum(weight, 0.5 * (weight + around)).clamp_max(1.5)

    def _sharing(self, residual: Tensor, weights: Tensor) -> float:
        """How many samples count as one: from the correlation of neighbours' residuals."""
        near = residual[self.skin.neighbours[:, :3]].mean(1)
        top = (weights[:, None] * residual * near).sum()
        bottom = (weights[:, None] * (residual**2)).sum().clamp_min(1e-12)
        correlation = float((top / bottom).clamp(0.0, 0.98))
        return ((1 + correlation) / (1 - correlation)) ** 2

    def colour_steps(self) -> None:
        """Solve light and albedo alone, the shape held."""
        for _ in range(COLOUR_STEPS):
            self.step(colour_only=True)

    def step(self, colour_only: bool = False) -> None:
        """One Gauss-Newton step on everything."""
        camera = self._camera()
        patch = self._patch()
        now = look(self.skin, patch, self.colour, camera)
        base = self._base_weights(now, camera)
        residual = difference(self.level, now, camera)
        self.weights = base * self._robust(residual, base)
        sharing = 1.0 if colour_only else self._sharing(residual, self.weights)
        weights = self.weights / (self.spread**2 * sharing)
        used = torch.nonzero(base > 0.01)[:, 0]
        if self.normal_modes is None:
            self.normal_modes = self.skin.normal_modes(patch)
        part = self.skin.rows(used)
        now = look(part, patch, self.colour, camera)
        residual, jacobian = linearise(part, self.normal_modes[used], self.level, now, self.colour.light, camera)
        root = weights[used].sqrt()[:, None]
        flat = (jacobian * root[..., None]).flatten(0, 1)
        right = (residual * root).flatten()
        hessian = gram(flat)
        gradient = (flat.T @ right).cpu().double().numpy()
        system = System(hessian, gradient)
        if not colour_only:
            self._add_outline(system, camera)
        self._solve(system, colour_only)

    def _add_outline(self, system: System, camera: Camera) -> None:
        """Pull the rendered edge of the face to the photo's."""
        edge = outline_terms(self.model, self.skin, self._vertices(), self.level, camera)
        if edge is None:
            return
        jacobian = edge.jacobian.cpu().double().numpy()
        weighted = jacobian * edge.weights.cpu().double().numpy()[:, None]
        count = jacobian.shape[1]
        system.hessian[:count, :count] += weighted.T @ jacobian
        system.gradient[:count] += weighted.T @ edge.offset.cpu().double().numpy()

    def _solve(self, system: System, colour_only: bool) -> None:
        landmarks, landmark_weights = self.terms.system(self.state)
        shape = POSE + len(self.state.coefficients)
        guess = None if self.focal_known else FOCAL_GUESS * max(self.size)
        add_priors(landmarks, self.terms.basis, self.state, guess)
        system.hessian[:shape, :shape] += landmarks.hessian
        system.gradient[:shape] += landmarks.gradient
        add_colour_priors(system, shape, self.colour)
        step = np.zeros(len(system.gradient))
        if colour_only:
            step[shape:] = np.linalg.solve(system.hessian[shape:, shape:], system.gradient[shape:])
        else:
            system.hessian[np.diag_indices(len(step))] *= 1 + DAMPING
            step = bounded_step(system, self.terms.basis, self.state, not self.focal_known)
            self.state = advance(self.state, step, max(self.size), landmark_weights)
        self.colour = self.colour.moved(self._tensor(step[shape:]))

    def result(self, fit: Fit) -> Fit:
        """The refined fit."""
        inliers = torch.zeros(len(self.model.mean), device=self.device)
        inliers[self.skin.vertices] = self.weights.clamp(0, 1)[self.skin.nearest]
        moved = with_state(fit, self.terms, self.state)
        return replace(
            moved,
            albedo=self.colour.albedo,
            light=self.colour.light,
            inliers=inliers,
            residual=self.spread,
        )
