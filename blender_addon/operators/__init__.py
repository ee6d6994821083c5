"""What the user can do: thin shells around functions that return an outcome."""

from . import cancel, export, expression, import_coefficients, messages, models, output, reconstruct, setup_engine

MODULES = (reconstruct, import_coefficients, cancel, expression, output, export, messages, setup_engine, models)
