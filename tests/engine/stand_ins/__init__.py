"""Believable heads in the published formats, resampled from a real one."""
