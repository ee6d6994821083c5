"""Morphable models: :class:`~engine.faces.model.FaceModel`, one file a family, and the library that finds them."""
