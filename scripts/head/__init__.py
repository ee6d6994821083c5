"""The built-in head, grown from averaged face points: geometry, texture layout, rig, identity, albedo, expressions."""
