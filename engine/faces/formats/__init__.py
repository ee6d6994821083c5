"""Readers of published face models: one file or a few a family, each in its authors' own format."""
