"""What a user can be told: one class a failure, one sentence each (what happened, what to do).

Every expected failure is a :class:`FaceError`. Its message is shown to the user as it stands, in the panel, on the
command line and in a batch report; anything else that escapes is a bug and comes with a traceback.
"""

from __future__ import annotations


class FaceError(Exception):
    """An expected failure. ``str(error)`` is a sentence for the user; ``code`` names the class in reports."""

    @property
    def code(self) -> str:
        """The stable name of this kind of failure, e.g. ``"FaceNotFound"``."""
        return type(self).__name__


class PhotoUnreadable(FaceError):
    """The file is missing, empty, truncated or not an image."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The photo “{path}” cannot be read: {reason}; choose a whole JPEG, PNG, TIFF or WebP file.")


class NoPhotos(FaceError):
    """A folder or a list holds no photo."""

    def __init__(self, where: str) -> None:
        super().__init__(f"There is no photo in “{where}”; choose a folder with JPEG, PNG, TIFF or WebP files.")


class FaceNotFound(FaceError):
    """No detector found a face."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"No face was found in “{path}”; use a photo where the face is lit, uncovered and turned less than 60°."
        )


class FaceTooSmall(FaceError):
    """A face was found but has too few pixels to reconstruct."""

    def __init__(self, path: str, pixels: float, needed: float) -> None:
        super().__init__(
            f"The face in “{path}” is only {int(pixels)} px wide and at least {needed:.0f} px are needed; "
            "use a larger version of the photo or one taken closer."
        )


class FaceNotFitted(FaceError):
    """The head could not be laid over a face that was found."""

    def __init__(self, path: str) -> None:
        super().__init__(
            f"The face in “{path}” could not be reconstructed, because no head fits what was detected; "
            "use a photo where the face is larger, sharper or turned less."
        )


class DetectorUnavailable(FaceError):
    """A detector's package or weights are missing."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"The detector “{name}” cannot be used: {reason}; {remedy}.")


class ModelUnavailable(FaceError):
    """A face model is missing, damaged or not the file it should be."""

    def __init__(self, name: str, reason: str, remedy: str) -> None:
        super().__init__(f"The face model “{name}” cannot be used: {reason}; {remedy}.")


class CoefficientsUnreadable(FaceError):
    """A coefficient file of another tool is missing, damaged, of no known tool, or has the wrong lengths."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The coefficients in “{path}” cannot be used: {reason}; choose another file.")


class CoefficientsMismatch(FaceError):
    """Coefficients count the modes of another face model."""

    def __init__(self, tool: str, needed: str, given: str) -> None:
        super().__init__(f"{tool}'s coefficients belong to {needed} and mean nothing on {given}; choose {needed}.")


class FileRefused(FaceError):
    """A file from elsewhere asks to run code; nothing of it was run."""

    def __init__(self, path: str, asked: str) -> None:
        super().__init__(f"The file “{path}” was refused: it asks to run “{asked}”; get it from its owners again.")


class DownloadFailed(FaceError):
    """A face model could not be fetched."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(
            f"“{source}” could not be fetched: {reason}; try again later, or put its files into the models folder."
        )


class DeviceUnavailable(FaceError):
    """The chosen torch device does not exist on this machine."""

    def __init__(self, device: str, available: str) -> None:
        super().__init__(f"The device “{device}” is not available here; choose one of: {available}.")


class OutputUnwritable(FaceError):
    """The output folder cannot be created or written."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"Nothing can be written to “{path}”: {reason}; choose another output folder.")


class ResultUnreadable(FaceError):
    """A saved FaceResult is missing, damaged or from a newer version."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"The saved face “{path}” cannot be opened: {reason}.")


class BadSetting(FaceError):
    """A setting has a value that makes no sense."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        super().__init__(f"The setting “{name}” cannot be {value!r}; it must be {allowed}.")


class Cancelled(FaceError):
    """The user stopped the job."""

    def __init__(self) -> None:
        super().__init__("The reconstruction was cancelled; nothing was changed.")


class EngineMissing(FaceError):
    """Blender has no Python that can run the engine."""

    def __init__(self) -> None:
        super().__init__("The engine is not set up yet; open the add-on's preferences and press “Set up engine”.")


class EngineStopped(FaceError):
    """The engine's process ended in mid-run."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"The engine stopped unexpectedly ({detail}); try again, and lower the texture size if memory is short."
        )


class EngineUnusable(FaceError):
    """The Python chosen for the engine does not exist or lacks a package."""

    def __init__(self, python: str, reason: str) -> None:
        super().__init__(
            f"The engine cannot run with “{python}”: {reason}; "
            "choose another Python in the add-on's preferences or press “Set up engine” there."
        )


class SetupFailed(FaceError):
    """The engine's environment could not be built."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(f"The engine could not be set up: {reason}; {remedy}.")


class OutOfMemory(FaceError):
    """Memory ran out, of the machine or of its graphics card."""

    def __init__(self) -> None:
        super().__init__(
            "There is not enough memory for this reconstruction; choose a smaller texture or a smaller photo."
        )
