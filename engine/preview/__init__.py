"""The preview sheet: one picture that shows a reconstruction from the photo to the turned head."""

from .sheet import preview_sheet, with_preview

__all__ = ["preview_sheet", "with_preview"]
