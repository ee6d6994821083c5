"""The engine: photos in, a :class:`~engine.contract.FaceResult` out. Knows torch, never Blender."""
