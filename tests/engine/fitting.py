"""A known head for the fitting tests: photographed, with exact or disturbed landmarks."""

import numpy as np

from engine.detect.detector import Detection
from engine.evaluation.heads import photograph, random_subject


def known_head(model, seed, layout="478", error=0.0):
    """Subject, picture and a detection whose points are ``error`` metres off in a smooth way."""
    random = np.random.default_rng(seed)
    subject = random_subject(model, random, size=256, yaw_limit=30)
    points = model.landmarks[layout].points(model.shape(subject.identity, subject.expression))
    pixels = subject.camera.project(points).numpy()
    place = model.landmarks[layout].points(model.mean).numpy()
    waves = np.sin(place @ random.normal(0, 40, (3, 2)) + random.uniform(0, 6, 2)) * np.sqrt(2)
    moved = pixels + waves * error * subject.pose.scale
    box = np.r_[moved.min(0), moved.max(0)].astype(np.float32)
    return subject, photograph(model, subject, random), Detection(box, 1.0, layout, moved.astype(np.float32))
