"""What is wrong with a file of numbers."""

from __future__ import annotations


class FileDamaged(ValueError):
    """A file is not what it claims or should be; its text goes into a sentence after “cannot be used:”."""
