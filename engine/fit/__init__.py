"""Analysis by synthesis: landmarks, then pixels."""
