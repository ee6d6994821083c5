"""Ready mixtures of the 52 expressions: the fifteen visemes of speech and the six basic emotions.

Viseme names are those of Oculus' lip sync, which tools for avatars know; emotions are Ekman's six, mixed after the
action units of the Facial Action Coding System that mark each.
"""

from __future__ import annotations

from collections.abc import Mapping

Weights = Mapping[str, float]
"""ARKit name -> weight 0..1."""


def _both(**sided: float) -> dict[str, float]:
    """The same weight for the left and the right shape of each name."""
    return {f"{name}{side}": weight for name, weight in sided.items() for side in ("Left", "Right")}


VISEMES: dict[str, Weights] = {
    "viseme_sil": {},
    "viseme_PP": {"mouthRollLower": 0.3, "mouthRollUpper": 0.3, **_both(mouthPress=0.4)},
    "viseme_FF": {"jawOpen": 0.06, "mouthRollLower": 0.55, **_both(mouthUpperUp=0.3, mouthDimple=0.15)},
    "viseme_TH": {"jawOpen": 0.16, "tongueOut": 0.5, **_both(mouthUpperUp=0.15, mouthLowerDown=0.2)},
    "viseme_DD": {"jawOpen": 0.14, **_both(mouthUpperUp=0.15, mouthLowerDown=0.35, mouthStretch=0.1)},
    "viseme_kk": {"jawOpen": 0.19, **_both(mouthUpperUp=0.15, mouthLowerDown=0.25, mouthStretch=0.15)},
    "viseme_CH": {"jawOpen": 0.06, "mouthFunnel": 0.65, "mouthPucker": 0.2, **_both(mouthLowerDown=0.15)},
    "viseme_SS": {"jawOpen": 0.03, **_both(mouthStretch=0.3, mouthLowerDown=0.5, mouthUpperUp=0.3, mouthSmile=0.12)},
    "viseme_nn": {"jawOpen": 0.12, **_both(mouthUpperUp=0.2, mouthLowerDown=0.25, mouthSmile=0.08)},
    "viseme_RR": {"jawOpen": 0.12, "mouthFunnel": 0.4, "mouthPucker": 0.25, "mouthShrugUpper": 0.1},
    "viseme_aa": {"jawOpen": 0.53, **_both(mouthLowerDown=0.2, mouthUpperUp=0.2)},
    "viseme_E": {"jawOpen": 0.24, **_both(mouthStretch=0.35, mouthSmile=0.25, mouthUpperUp=0.2, mouthLowerDown=0.25)},
    "viseme_I": {"jawOpen": 0.15, **_both(mouthSmile=0.45, mouthStretch=0.25, mouthUpperUp=0.25, mouthLowerDown=0.3)},
    "viseme_O": {"jawOpen": 0.32, "mouthFunnel": 0.65, "mouthPucker": 0.15},
    "viseme_U": {"jawOpen": 0.18, "mouthPucker": 0.75, "mouthFunnel": 0.2},
}
"""Mouth shapes of speech by Oculus' names: silence; p, b, m; f, v; th; t, d; k, g; ch, j, sh; s, z; n, l; r; and the
vowels of *father*, *bed*, *bit*, *hot* and *book*."""

EMOTIONS: dict[str, Weights] = {
    "happiness": _both(mouthSmile=0.85, cheekSquint=0.6, eyeSquint=0.25, mouthUpperUp=0.22, mouthDimple=0.1),
    "sadness": {
        "browInnerUp": 0.85,
        "mouthShrugLower": 0.4,
        **_both(browDown=0.2, mouthFrown=0.7, eyeSquint=0.2, eyeLookDown=0.3, eyeBlink=0.08),
    },
    "anger": {
        "mouthShrugLower": 0.25,
        "jawForward": 0.15,
        **_both(browDown=1.0, eyeWide=0.35, eyeSquint=0.55, noseSneer=0.4, mouthPress=0.6, mouthFrown=0.25),
    },
    "fear": {
        "browInnerUp": 0.9,
        "jawOpen": 0.25,
        **_both(browOuterUp=0.35, browDown=0.3, eyeWide=0.9, mouthStretch=0.65, mouthLowerDown=0.3),
    },
    "disgust": {
        "mouthShrugLower": 0.3,
        **_both(noseSneer=0.95, mouthUpperUp=0.4, browDown=0.5, cheekSquint=0.5, eyeSquint=0.4, mouthFrown=0.35),
    },
    "surprise": {"browInnerUp": 0.85, "jawOpen": 0.5, "mouthFunnel": 0.15, **_both(browOuterUp=0.9, eyeWide=0.8)},
}
"""The six basic emotions at full strength."""

COMBINATIONS: dict[str, Weights] = {**VISEMES, **EMOTIONS}
"""Both tables in one."""
