# Two commands do everything, set-up included: `make demo` and `make test`.
#   make demo            the main job on a real photo: out/demo gets a .blend, a .glb and a preview picture
#   make test            the fast tests; add SLOW=1 for the slow ones and MATRIX=1 for Blender 4.2 and 4.5
#   make lint            ruff and mypy
#   make head            grow the built-in head again
#   make extension       the zip to install in Blender
PYTHON ?= $(shell command -v python3.11 || echo python3)
RUN := .venv/bin/python
PYTEST := $(RUN) -m pytest $(if $(SLOW),,-m "not slow")
PHOTO ?= astronaut

.PHONY: demo test lint head extension benchmark
.DELETE_ON_ERROR:

.venv/installed: pyproject.toml
	@echo "Setting up .venv (a few minutes the first time) ..."
	$(PYTHON) -c "import sys; sys.exit(sys.version_info[:2] != (3, 11) and 'Python 3.11 is needed; set PYTHON=/path/to/python3.11')"
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --upgrade pip
	.venv/bin/pip install -e ".[blender,dev]"
	@touch $@

demo: .venv/installed
	$(RUN) scripts/demo.py $(PHOTO) --output out/demo

# Engine tests run with bpy blocked, add-on tests with torch blocked, so each has a process of its own.
test: .venv/installed lint
	$(PYTEST) tests/engine
	$(PYTEST) tests/addon
	$(PYTEST) tests/extension tests/end_to_end
	$(if $(MATRIX),$(RUN) tests/matrix.py)

lint: .venv/installed
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

head: .venv/installed
	$(RUN) scripts/build_head.py

extension: .venv/installed
	$(RUN) scripts/build_extension.py

benchmark: .venv/installed
	$(RUN) scripts/benchmark.py
