# Each line is a command that you can type. Everything is installed into .venv and nowhere else.

PYTHON ?= python3
BIN = .venv/bin
# One process of tests per core, but at most four: each loads TensorFlow and takes 2 GB. A file stays in one process.
PARALLEL = --numprocesses logical --maxprocesses 4 --dist loadfile
PIP = $(BIN)/python -m pip install --disable-pip-version-check --constraint constraints.txt

help:
	@echo "make train      train the network, score it, draw the report   (options: ARGS='--recipe dense')"
	@echo "make serve      a page to draw on, and the reader over HTTP   (options: ARGS='--port 9000')"
	@echo "make test       the quick tests"
	@echo "make verify     the slow ones: the full training, the full notebook, the built package"
	@echo "make check      format, lint, types and the direction of imports"
	@echo "make coverage   the quick tests with branch coverage, a table by module"
	@echo "make notebook   run notebooks/mnist_cnn.py and write it as .ipynb"
	@echo "make bench      the benchmarks: they fill benchmarks/results/"
	@echo "make docs       fill the documents from --help and benchmarks/results/"
	@echo "make clean      remove .venv and caches; runs/ stays"

train: .venv/train
	$(BIN)/mnist-cnn train $(ARGS)

serve: .venv/web
	$(BIN)/mnist-cnn serve $(ARGS)

test: .venv/dev
	$(BIN)/pytest $(PARALLEL) $(ARGS)

verify: .venv/dev
	$(BIN)/pytest -m slow $(ARGS)

check: .venv/dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

coverage: .venv/dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PARALLEL) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

notebook: .venv/dev
	$(BIN)/python notebooks/build.py

bench: .venv/dev
	$(BIN)/python benchmarks/seeds.py --again
	$(BIN)/python benchmarks/seeds.py --again --recipe dense
	$(BIN)/python benchmarks/seeds.py --again --recipe fast --n 20
	$(BIN)/python benchmarks/speed.py
	$(BIN)/python benchmarks/reading_speed.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/roofline.py
	$(BIN)/python docs/generate.py

docs: .venv/dev
	$(BIN)/python docs/generate.py
	$(BIN)/python -m mnist_cnn.web.constants

clean:
	rm -rf .venv .coverage* .import_linter_cache .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Install the pinned versions once. The last line touches the target, so an interrupted installation is repeated.
# pip comes first: the one that python3 -m venv brings may be too old for --group.
.venv/train: WHAT = --editable '.[train]'
.venv/web: WHAT = --editable '.[web]'
.venv/dev: WHAT = --group dev --editable '.[train,bulk,distributed,heic,pdf,ray,web]'
.venv/train .venv/web .venv/dev: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "expected Python 3.11 to 3.13, found $$($(PYTHON) -V 2>&1); name one: make PYTHON=python3.12 ..."; exit 2; }
	@$(PYTHON) -m venv .venv || \
	  { rm -rf .venv; echo "expected python3 with venv; on Debian and Ubuntu: apt install python3-venv"; exit 2; }
	@echo "Installing into .venv: $(if $(filter web,$(@F)),about 400 MB,about 2 GB, some minutes the first time)"
	$(PIP) --upgrade pip
	$(PIP) $(WHAT)
	@touch $@ $(if $(filter dev,$(@F)),.venv/train .venv/web)  # `dev` includes the others

.PHONY: help train serve test verify check coverage notebook bench docs clean
