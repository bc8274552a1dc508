# make serve       set everything up, build the site, serve it on this machine and print its address
# make test        set everything up and test every behaviour, in Chromium
# make test-rest   the tests that take long: other browsers, other processors, every random example
# make help        the rest

VENV ?= .venv
PYTHON ?= python3
PORT ?=
PREFIX ?= /
MINUTES ?= 10

PY := $(VENV)/bin/python
RERUNS := $(if $(CI),--reruns 2 -r fERs)
BY_FILE := -n 2 --dist loadfile --no-loadscope-reorder # in the order of tests/conftest.py
STAMPS := $(VENV)/stamps
export PYTHONPATH := py
export OMP_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONDONTWRITEBYTECODE # else each process compiles the package, and each worker all tests, anew
MAKEFLAGS += --keep-going # one run shows every part that fails

.DEFAULT_GOAL := help
.PHONY: help setup vendor build npm release example serve test test-python test-js test-browser test-rest quick try packages generate check soak soak-python soak-js soak-browser format train bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

setup: $(STAMPS)/test $(STAMPS)/check node_modules/.stamp vendor ## virtual environment, node modules, vendored parts

build: $(STAMPS)/docs node_modules/.stamp vendor ## build the site into dist/
	$(PY) scripts/build.py

npm: build ## assemble and pack the npm package into build/
	$(PY) scripts/npm.py

release: npm $(STAMPS)/release ## assemble what a release publishes: packages, site, bill of materials; into build/release/
	rm -rf build/python
	$(PY) -m hatchling build -d build/python
	$(PY) scripts/release.py

packages: $(STAMPS)/test npm build/runtimes/.stamp ## the packed package in fresh projects of every bundler, in a browser
	@command -v chromium >/dev/null || sh scripts/browsers.sh
	$(PY) -m pytest tests/packages -q $(PYTEST_ARGS)

example: npm ## build the example projects, typed pages with Vite and with React
	@for name in vite react; do (cd examples/$$name && npm ci --silent && npm run --silent build) || exit 1; done

serve: build ## build, then serve on loopback (PORT=8000, PREFIX=/goosequill/)
	$(PY) scripts/serve.py --quiet $(if $(PORT),--port $(PORT)) --prefix $(PREFIX)

test: test-python test-js test-browser ## every behaviour once, in Chromium

quick: $(STAMPS)/test node_modules/.stamp ## the tests nearest to what you have changed, without a build
	$(PY) scripts/some_tests.py

try: $(STAMPS)/test node_modules/.stamp vendor ## the tests with NAME in their path or name, those of pages too
	@$(PY) scripts/some_tests.py $(or $(NAME),$(error make try NAME=decay))

test-python: $(STAMPS)/test build
	$(PY) -m pytest tests/py -q -n 2 -m "not rest" $(RERUNS) $(PYTEST_ARGS)

test-js: node_modules/.stamp build
	node --test --test-concurrency=$(shell node -p "os.availableParallelism()") --test-reporter=spec --test-reporter-destination=stdout \
	  --test-reporter=./tests/js/times.js --test-reporter-destination=stdout \
	  $(sort $(shell find tests/js -name '*.test.js'))

test-browser: $(STAMPS)/test node_modules/.stamp build
	@sh scripts/browsers.sh
	$(PY) -m pytest tests/browser -q $(BY_FILE) -m "not rest" $(RERUNS) $(PYTEST_ARGS)

test-rest: $(STAMPS)/test node_modules/.stamp build ## what `make test` leaves out: the tests marked "rest"
	@sh scripts/browsers.sh
	-@$(MAKE) --no-print-directory build/clients/.stamp build/promptfoo/.stamp build/runtimes/.stamp # without them, their tests say so
	$(PY) -m pytest tests -q $(BY_FILE) -m rest $(RERUNS) $(PYTEST_ARGS)

generate: $(STAMPS)/check node_modules/.stamp ## write every committed file that comes from another one
	$(PY) scripts/generate.py

check: $(STAMPS)/check node_modules/.stamp ## format, lint, types, lines per room, generated files, translations; changes no file
	$(PY) scripts/check.py

soak: ## everything that takes long: fuzzing (MINUTES=10 a reader), thousands of tokens, faults; into build/soak/
	@$(MAKE) --keep-going soak-python soak-js soak-browser

soak-python: $(STAMPS)/soak ## fuzz the Python readers of files (MINUTES=10 each)
	$(PY) -m tests.soak --minutes $(MINUTES)

soak-js: node_modules/.stamp ## fuzz the JavaScript readers of files and addresses (MINUTES=10 each)
	node tests/js/fuzz/soak.js --minutes $(MINUTES)

soak-browser: $(STAMPS)/test node_modules/.stamp build ## starts, elements, long conversations and faults in a page
	@command -v chromium >/dev/null || sh scripts/browsers.sh
	@status=0; for name in cycles widgets conversation faults; do \
	  $(PY) -m scripts.soak.$$name || status=1; done; exit $$status

format: $(STAMPS)/check node_modules/.stamp ## format the sources and apply the linters' fixes
	$(VENV)/bin/ruff check --fix-only
	$(VENV)/bin/ruff format
	npm run --silent format

train: $(STAMPS)/train ## train the default model from scratch (hours; resumes where it stopped)
	$(PY) -m scripts.train

bench: $(STAMPS)/bench build ## measure start, sizes, and speed against peers (BENCH_ARGS=--docs writes the table)
	@command -v chromium >/dev/null || sh scripts/browsers.sh
	$(PY) scripts/bench/start.py
	$(PY) scripts/bench/line.py
	$(PY) scripts/bench/loading.py
	$(PY) scripts/bench/tuning.py
	$(PY) scripts/bench/bench.py $(BENCH_ARGS)

vendor: build/vendor/.stamp

clean: ## remove build outputs, but not the virtual environment or the download cache
	rm -rf build dist dist.new .pytest_cache .mypy_cache .ruff_cache .hypothesis test-results

$(PY):
	$(PYTHON) -m venv $(VENV)

$(STAMPS)/base: pyproject.toml constraints.txt | $(PY)
	@mkdir -p $(STAMPS)
	$(PY) -m pip install --quiet -c constraints.txt hatchling editables dependency-groups
	$(PY) -m pip install --quiet --no-build-isolation -c constraints.txt -e .
	@touch $@

$(STAMPS)/docs $(STAMPS)/check $(STAMPS)/test $(STAMPS)/soak $(STAMPS)/train $(STAMPS)/bench $(STAMPS)/release: $(STAMPS)/%: $(STAMPS)/base
	$(PY) -m pip install --quiet --no-build-isolation -c constraints.txt $$($(PY) -m dependency_groups $*)
	@touch $@

node_modules/.stamp: package.json package-lock.json
	npm ci --silent
	@touch $@

build/clients/.stamp: tests/clients/requirements.txt # whose list is whole, so that pip has nothing to resolve
	$(PYTHON) -m venv --clear build/clients
	build/clients/bin/python -m pip install --quiet --no-deps --no-compile -r $<
	@touch $@

build/promptfoo/.stamp: $(wildcard tests/clients/promptfoo/*.json)
build/runtimes/.stamp: $(wildcard tests/packages/runtimes/*.json)
build/promptfoo/.stamp build/runtimes/.stamp:
	@mkdir -p $(@D)
	cp $^ $(@D)
	npm ci --silent --prefix $(@D)
	@touch $@

build/vendor/.stamp: vendor.lock.json scripts/vendor.py | $(PY)
	$(PY) scripts/vendor.py
	@touch $@
