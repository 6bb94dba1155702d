# make demo   trains a small study and writes its report
# make test   runs every test            make check  runs the quick ones, the linter and the type checker
# make docs   writes the pages in docs/ that are made from measurements, and builds the site into build/site
# make site   builds the site from the pages as they are
# make pictures   trains the demo and draws the picture in docs/report.md
# make reproduce   runs every published experiment again, as far as it is not stored, and judges the claims
# make bench  times the engine against others, for some minutes on a quiet machine, and writes docs/benchmarks.md
# make release   builds and checks what is to be published, and says what a person must do then
# make clean  removes what these made; results stay
PYTHON ?= python3
BIN := .venv/bin
# Two stamps: what trains is a third of what the tests need. Torch is installed as pip finds it; for one without CUDA
# install that into .venv first, or tell pip where it is (docs/install.md).
TRAINS := .venv/trains
TESTS := .venv/tests

# What the packages are built with is pinned too: old pips read the first name, new ones the second.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt

.PHONY: demo reproduce pictures docs site test check bench release clean
.DELETE_ON_ERROR:

demo: $(TRAINS)
	$(BIN)/lossbench run experiment=demo
	@echo "Drawing the figures and writing the page takes some seconds."
	$(BIN)/lossbench report results/demo

reproduce: $(TRAINS)
	$(BIN)/lossbench reproduce --all

pictures: demo
	mkdir -p docs/pictures
	cp results/demo/figures/factors.png docs/pictures/

docs: $(TESTS)
	$(BIN)/python docs/zoo.py
	$(BIN)/python docs/textbook.py
	$(BIN)/lossbench audit --docs docs
	$(BIN)/python docs/verdicts.py
	$(BIN)/python docs/site/build.py

site: $(TESTS)
	$(BIN)/python docs/site/build.py

test: $(TESTS)
	$(BIN)/pytest -n auto

check: $(TESTS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -n auto -m "not slow"

bench: $(TESTS)
	$(PYTHON) release/install.py bench
	$(BIN)/python -m benchmarks

release: $(TESTS)
	$(PYTHON) release/install.py release
	rm -rf dist
	$(BIN)/python -m build
	$(BIN)/python release/check.py --release

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(TRAINS): pyproject.toml constraints.txt
	@$(PYTHON) release/install.py train
	@touch $@

$(TESTS): $(TRAINS)
	@$(PYTHON) release/install.py test,lint
	@touch $@
