"""Coefficient files that other tools save, read into one form; one file a tool. Which model they belong to is kept."""
