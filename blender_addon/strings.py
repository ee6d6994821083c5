"""Every word the add-on says: labels, descriptions, outcomes, remedies. Help on settings is ``engine/config.py``'s."""

from __future__ import annotations

TAB = "Face"
"""Name of the sidebar's tab."""

ADDON = "Reconstruct Face"

DETECTORS = {
    "mediapipe": ("MediaPipe", "478 points; its models come with the engine, nothing is downloaded"),
    "mediapipe_task": ("MediaPipe Task", "MediaPipe's newer face landmarker"),
    "face_alignment": ("face-alignment", "68 points; downloads its weights when first used"),
}
QUALITIES = {
    "draft": ("Draft", "Landmarks only: a second or two"),
    "standard": ("Standard", "Refined against the photo's pixels"),
    "high": ("High", "Refined longer"),
}
DEVICES = {
    "auto": ("Automatic", "CUDA if there is a card, else Apple's GPU, else the CPU"),
    "cpu": ("CPU", "The processor"),
    "cuda": ("CUDA", "An NVIDIA card"),
    "mps": ("Apple GPU", "Metal, on Apple silicon"),
}
FACES = {
    "largest": ("Largest", "Only the largest face of the photo"),
    "all": ("All", "Every face of the photo, each as a head of its own"),
}
CHOICES = {"detector": DETECTORS, "quality": QUALITIES, "device": DEVICES, "faces": FACES}
"""Setting -> value -> (label, description)."""

LABELS = {
    "model": "Model",
    "detector": "Detector",
    "quality": "Quality",
    "device": "Device",
    "faces": "Faces",
    "texture_size": "Texture Size",
    "focal_px": "Focal Length",
    "identity_keys": "Identity Keys",
    "shape_sliders": "Shape Sliders",
    "seed": "Seed",
    "apply_expression": "Photo's Expression",
}
"""Setting -> label."""

PHOTO = "Photo"
PHOTO_HELP = "Photo of the person: sharp, evenly lit, the face uncovered and turned less than 60°"
OUTPUT = "Output"
OUTPUT_HELP = "Folder for the results; empty puts them beside the .blend file, or in the add-on's own folder"
RELIGHT = "Relight"
RELIGHT_HELP = "0 shows the head in the photo's own light, 1 in the scene's lamps and world"
EXPRESSION = "As in Photo"
EXPRESSION_HELP = "Give the face the expression it has in the photo; off makes it neutral"

RECONSTRUCT = "Reconstruct Face"
RECONSTRUCT_HELP = "Build a rigged, textured head of the person in the photo"
CANCEL = "Cancel"
CANCEL_HELP = "Stop the reconstruction; nothing is changed"
SET_UP = "Set up Engine"
SET_UP_HELP = "Build the Python environment that runs the engine (a few minutes; about 2 GB, 6 GB with CUDA)"
SET_UP_CANCEL_HELP = "Stop setting up the engine"
CHECK = "Check Again"
CHECK_HELP = "Ask the engine's Python again what it has"
OPEN_OUTPUT = "Open Folder"
OPEN_OUTPUT_HELP = "Show this head's files: textures, preview sheet, report"
EXPORT = "Export Head"
EXPORT_HELP = "Write this head with its shape keys, rig, textures and licences for another program"
EXPORT_FORMAT = "Format"
EXPORT_FORMATS = {
    ".glb": ("glTF", "One .glb file, for game engines and the web"),
    ".fbx": ("FBX", "For Unreal, Unity, Maya"),
    ".usdz": ("USD", "One .usdz file"),
    ".obj": ("OBJ", "The face as it is now, without keys and rig"),
}
"""Suffix -> label and description."""
CLEAR = "Dismiss"
CLEAR_HELP = "Remove this message"
LOAD = "Open Saved Face"
LOAD_HELP = "Build a head from a folder that an earlier reconstruction saved"
IMPORT = "Import Coefficients"
IMPORT_HELP = (
    "Build a head from coefficients that DECA, EMOCA, SMIRK, VHAP, metrical-tracker, MICA or Deep3D saved, "
    "on the face model they belong to"
)
IMPORT_MODEL_HELP = "Face model by name; empty takes the one the coefficients belong to"
SIDES = ("Right", "Left")
"""The subject's, as they stand before the viewer."""
NEUTRAL = "Neutral"
NEUTRAL_HELP = "Set every expression of the active head to 0"
PREFERENCES = "Open Preferences"
PREFERENCES_HELP = "Show the add-on's preferences, where the engine is set up"
LOG_HELP = "Open the log as a text in Blender"
LOG = "Show Log"

BUILTIN = ("builtin", "Built-in Head")
"""The face model that is always there: name and title."""
CHOOSE_MODEL = "Choose Face Model"
CHOOSE_MODEL_HELP = "Fit this face model"
FETCH = "Fetch"
FETCH_HELP = "Download this face model from its owners"
FETCHING = "A face model is being fetched"
FETCHED = "The face model is there"
CANCEL_FETCH_HELP = "Stop; fetching again goes on where it stopped"
LOOK_HELP = "Look into the models folder again"
LOOKING = "Looking for face models …"
OPEN_MODELS = "Open Folder"
OPEN_MODELS_HELP = "Show the models folder"
MODELS_OFFLINE = "Blender may not go online. Allow Online Access in Preferences > System, or copy the files yourself"
MORE_MODELS = "More Face Models …"
MODELS_TITLE = "Face Models"
COMMERCIAL = {True: "commercial use allowed", False: "no commercial use"}

NO_PHOTO = "Choose a photo first"
BUSY = "A reconstruction is running"
SETTING_UP = "The engine is being set up"
NOT_BUSY = "Nothing is running"
NO_HEAD = "Make a reconstructed head the active object first"
NO_FILE = "Choose a file first"
NO_OUTPUT = "This head's files are no longer there"
NO_ENGINE = "The engine is not set up yet"
NO_LOG = "There is no log yet"
OFFLINE = (
    "Blender may not go online. Allow Online Access in Preferences > System, "
    "or choose a folder with the packages as wheels below"
)

REMEDIES = {
    "EngineMissing": "preferences",
    "EngineUnusable": "preferences",
    "EngineStopped": "engine",
    "SetupFailed": "setup",
    "NumpyMissing": "",
}
"""Code of an error -> which button helps: the preferences, the log of the engine or of its set-up, or none."""

PRESET = "Preset"
PRESET_HELP = "Give the active head a ready expression: a viseme of speech or a basic emotion"
SHAPES = (
    ("Face Width", "shape_face_width"),
    ("Face Length", "shape_face_length"),
    ("Forehead", "shape_forehead"),
    ("Brow Ridge", "shape_brow_ridge"),
    ("Eye Size", "shape_eye_size"),
    ("Eye Distance", "shape_eye_distance"),
    ("Nose Length", "shape_nose_length"),
    ("Nose Width", "shape_nose_width"),
    ("Nose Protrusion", "shape_nose_protrusion"),
    ("Cheek Fullness", "shape_cheek_fullness"),
    ("Mouth Width", "shape_mouth_width"),
    ("Lip Fullness", "shape_lip_fullness"),
    ("Jaw Width", "shape_jaw_width"),
    ("Chin", "shape_chin"),
    ("Ear Size", "shape_ear_size"),
    ("Age-Like", "shape_age_like"),
    ("Sex-Like", "shape_sex_like"),
)
"""Label and shape key of each slider that changes the person, top to bottom."""

EXPRESSION_GROUPS = (
    (
        "Eyes",
        (
            ("Blink", "eyeBlinkLeft", "eyeBlinkRight"),
            ("Wide", "eyeWideLeft", "eyeWideRight"),
            ("Squint", "eyeSquintLeft", "eyeSquintRight"),
        ),
    ),
    (
        "Brows",
        (
            ("Inner Up", "browInnerUp"),
            ("Outer Up", "browOuterUpLeft", "browOuterUpRight"),
            ("Lower", "browDownLeft", "browDownRight"),
        ),
    ),
    (
        "Mouth",
        (
            ("Smile", "mouthSmileLeft", "mouthSmileRight"),
            ("Frown", "mouthFrownLeft", "mouthFrownRight"),
            ("Stretch", "mouthStretchLeft", "mouthStretchRight"),
            ("Pucker", "mouthPucker"),
            ("Funnel", "mouthFunnel"),
        ),
    ),
    ("Jaw", (("Open", "jawOpen"), ("Forward", "jawForward"), ("Sideways", "jawLeft", "jawRight"))),
)
"""Title, then rows: label and one shape key, or the subject's left and right."""


def preset_label(name: str) -> str:
    """``viseme_aa`` as ``Viseme aa``, ``anger`` as ``Anger``."""
    kind, _, sound = name.rpartition("_")
    return f"{kind.capitalize()} {sound}" if kind else name.capitalize()


def built(names: list[str]) -> str:
    """After a reconstruction."""
    return f"Built {', '.join(names)}"


def exported(name: str) -> str:
    """After a head was written to a file."""
    return f"Wrote {name}"


def fetch_terms(title: str, licence: str, megabytes: int, source: str) -> str:
    """What the user agrees to before a face model is fetched, a line each."""
    return f"{title}, about {megabytes} MB\nLicence: {licence}\nFrom {source}"


def quality_word(name: str, value: float) -> str:
    """A figure of a report in a word: good, fair or poor."""
    good, fair = GRADES[name]
    better = (lambda limit: value <= limit) if good < fair else (lambda limit: value >= limit)
    return "good" if better(good) else "fair" if better(fair) else "poor"


GRADES = {
    "reprojection_percent": (2.5, 4.0),
    "psnr_textured": (30.0, 25.0),
    "psnr_relit": (25.0, 20.0),
    "seen_share": (0.45, 0.3),
}
"""Figure -> (good from here, fair from here)."""

FIGURES = {
    "reprojection_percent": "Landmarks {:.1f} %",
    "psnr_textured": "Textured {:.1f} dB",
    "psnr_relit": "Relit {:.1f} dB",
    "seen_share": "Skin seen {:.0%}",
}
"""Figure of a report -> its words."""
