"""How good a reconstruction is: scan distance, image error, likeness with its swap control."""
