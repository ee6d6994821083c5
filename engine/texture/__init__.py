"""Albedo texture: unwrap, remove light, fill the unseen."""
