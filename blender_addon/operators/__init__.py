"""What the user can do: thin shells around functions that return an outcome."""

from . import cancel, expression, messages, models, output, reconstruct, setup_engine

MODULES = (reconstruct, cancel, expression, output, messages, setup_engine, models)
