"""The 52 expression shapes of Apple's ARKit: names, order, sides and what each does.

Left and right are the subject's.
"""

from __future__ import annotations

DESCRIPTIONS: dict[str, str] = {
    "eyeBlinkLeft": "closes the left eye's lids",
    "eyeLookDownLeft": "left lids follow a downward gaze",
    "eyeLookInLeft": "left lids follow a gaze towards the nose",
    "eyeLookOutLeft": "left lids follow a gaze away from the nose",
    "eyeLookUpLeft": "left lids follow an upward gaze",
    "eyeSquintLeft": "tightens the skin round the left eye",
    "eyeWideLeft": "opens the left eye wide",
    "eyeBlinkRight": "closes the right eye's lids",
    "eyeLookDownRight": "right lids follow a downward gaze",
    "eyeLookInRight": "right lids follow a gaze towards the nose",
    "eyeLookOutRight": "right lids follow a gaze away from the nose",
    "eyeLookUpRight": "right lids follow an upward gaze",
    "eyeSquintRight": "tightens the skin round the right eye",
    "eyeWideRight": "opens the right eye wide",
    "jawForward": "pushes the lower jaw forward",
    "jawLeft": "shifts the lower jaw to the left",
    "jawRight": "shifts the lower jaw to the right",
    "jawOpen": "opens the jaw",
    "mouthClose": "presses the lips together, closed over the jaw however open",
    "mouthFunnel": "opens the lips into a funnel",
    "mouthPucker": "rounds and closes the lips as for a kiss",
    "mouthLeft": "moves both lips to the left",
    "mouthRight": "moves both lips to the right",
    "mouthSmileLeft": "lifts the left corner of the mouth",
    "mouthSmileRight": "lifts the right corner of the mouth",
    "mouthFrownLeft": "pulls the left corner of the mouth down",
    "mouthFrownRight": "pulls the right corner of the mouth down",
    "mouthDimpleLeft": "draws the left corner of the mouth back",
    "mouthDimpleRight": "draws the right corner of the mouth back",
    "mouthStretchLeft": "stretches the left corner of the mouth outward",
    "mouthStretchRight": "stretches the right corner of the mouth outward",
    "mouthRollLower": "rolls the lower lip inward",
    "mouthRollUpper": "rolls the upper lip inward",
    "mouthShrugLower": "pushes the lower lip outward and up",
    "mouthShrugUpper": "pushes the upper lip outward and up",
    "mouthPressLeft": "presses the lips together on the left",
    "mouthPressRight": "presses the lips together on the right",
    "mouthLowerDownLeft": "lowers the lower lip on the left",
    "mouthLowerDownRight": "lowers the lower lip on the right",
    "mouthUpperUpLeft": "raises the upper lip on the left",
    "mouthUpperUpRight": "raises the upper lip on the right",
    "browDownLeft": "lowers the left brow",
    "browDownRight": "lowers the right brow",
    "browInnerUp": "raises the inner part of both brows",
    "browOuterUpLeft": "raises the outer part of the left brow",
    "browOuterUpRight": "raises the outer part of the right brow",
    "cheekPuff": "blows up both cheeks",
    "cheekSquintLeft": "lifts the cheek below the left eye",
    "cheekSquintRight": "lifts the cheek below the right eye",
    "noseSneerLeft": "wrinkles the left side of the nose",
    "noseSneerRight": "wrinkles the right side of the nose",
    "tongueOut": "puts the tongue out",
}
"""One line for each shape, in Apple's order."""

NAMES: tuple[str, ...] = tuple(DESCRIPTIONS)
"""The 52 names in Apple's spelling and order."""


def opposite(name: str) -> str:
    """The same shape on the other side; a shape without a side is its own opposite."""
    if name.endswith("Left"):
        return name[: -len("Left")] + "Right"
    if name.endswith("Right"):
        return name[: -len("Right")] + "Left"
    return name


PAIRS: tuple[tuple[str, str], ...] = tuple((name, opposite(name)) for name in NAMES if name.endswith("Left"))
"""(left, right) names of every two-sided shape."""
