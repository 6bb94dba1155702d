# make demo   trains a small study and writes its report
# make test   runs every test            make check  runs the quick ones, the linter and the type checker
# make docs   writes the pages in docs/ that are made from measurements
# make pictures   trains the demo and draws one of the pictures in the README
# make reproduce   runs every published experiment again, as far as it is not stored, and judges the claims
# make bench  times the engine against others, for some minutes on a quiet machine, and writes docs/benchmarks.md
# make clean  removes what these made; results stay
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/installed

# What the packages are built with is pinned too: old pips read the first name, new ones the second.
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt

.PHONY: demo reproduce pictures docs test check bench clean
.DELETE_ON_ERROR:

demo: $(INSTALLED)
	$(BIN)/lossbench run experiment=demo
	$(BIN)/lossbench report results/demo

reproduce: $(INSTALLED)
	$(BIN)/lossbench reproduce --all

pictures: demo
	mkdir -p docs/pictures
	cp results/demo/figures/factors.png docs/pictures/

docs: $(INSTALLED)
	$(BIN)/python docs/zoo.py
	$(BIN)/python docs/textbook.py
	$(BIN)/lossbench audit --docs docs
	$(BIN)/python docs/verdicts.py

test: $(INSTALLED)
	$(BIN)/pytest -n auto

check: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pytest -n auto -m "not slow"

bench: $(INSTALLED)
	$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[bench]' -c constraints.txt
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("lossbench needs Python 3.11 or newer, and $(PYTHON) is %d.%d. Try: make PYTHON=python3.12" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "Installing lossbench and what it needs into .venv. This takes a minute or two."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[test,lint]' -c constraints.txt
	@touch $@
