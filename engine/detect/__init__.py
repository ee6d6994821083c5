"""Faces and landmarks in a photo: one file a detector, one interface, and the maps between landmark layouts."""
