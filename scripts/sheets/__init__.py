"""Pictures and tables of the built-in head, for ``scripts/head_pictures.py``."""
