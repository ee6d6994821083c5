"""Image reading and mesh writing."""
