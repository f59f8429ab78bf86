# Akako LMS. `make` alone lists the targets.

PYTHON ?= python3
BENCHMARK = PYTHONPATH=server:. .venv/bin/python -m bench
# Python 3.12 and newer count lines almost for free, so the processes of servers are measured too.
MEASURE = COVERAGE_FILE="$(CURDIR)/build/coverage/data" $(if $(shell .venv/bin/python -c 'import sys; \
	print("yes" * (sys.version_info >= (3, 12)))'),COVERAGE_CORE=sysmon COVERAGE_PROCESS_START="$(CURDIR)/pyproject.toml")
PIP = .venv/bin/python -m pip --disable-pip-version-check --require-virtualenv --quiet

# Recipes read these from the environment, so that spaces and quotes are safe. HOST counts only on the
# command line, because some shells export the name of the machine as HOST.
export DATA PORT HOST
# Without compiled modules every test process would compile the tests and their assertions anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-fast check words docs contract web screens screenshots bench bench-smoke bench-profile upgrade-trial \
	classroom soak webhook-trial scale-out audit licences clean
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s%s\n", $$1, $$2 }' Makefile

run: .venv/.run ## start the API with a demonstration school (DATA=folder PORT=8000 HOST=127.0.0.1)
	@exec .venv/bin/akako serve --demo $(if $(DATA),--data-dir "$$DATA") $(if $(PORT),--port "$$PORT") $(if $(filter command,$(origin HOST)),--host "$$HOST")

test: .venv/.dev ## run the whole test suite and report the coverage
	$(MEASURE) .venv/bin/python -m pytest -n 2 --cov --cov-report= --cov-fail-under=30

test-fast: .venv/.dev ## run the tests that start no server or other process (a minute)
	.venv/bin/python -m pytest -n 2 -m "not processes"

check: .venv/.dev ## format, lint, types, import rules, contract drift, structure
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/python -m pytest -q server/tests/house
	.venv/bin/akako openapi | diff -u contract/openapi.json -

words: .venv/.dev ## list the words that the style excludes (WRITE=1 lowers the counts that remain)
	@PYTHONPATH=server .venv/bin/python -m tests.house.words $(if $(WRITE),--write)

docs: .venv/.dev ## build the documentation site into build/docs/site
	@.venv/bin/python docs/build.py
	@echo "Open build/docs/site/index.html, or let any web server serve that folder."

contract: .venv/.run ## write openapi.json and everything that is generated from it
	.venv/bin/akako openapi > contract/openapi.json.new
	mv contract/openapi.json.new contract/openapi.json
	.venv/bin/python contract/postman.py
	.venv/bin/python contract/permissions.py
	cd sdk/typescript && npm ci --silent && npm run --silent generate

web: .venv/.dev ## build style sheet, script and icons of the web app from the folder web
	cd web && npm run --silent types && npm run --silent build

screens: .venv/.dev ## take pictures of every page at 3 widths in 2 themes, into build/screens
	PYTHONPATH=server .venv/bin/python -m tests.screens

screenshots: .venv/.dev ## take the pictures of the README again, into docs/images
	PYTHONPATH=server .venv/bin/python -m tests.screens --documentation

bench: .venv/.bench ## measure the server beside its peers, as ratios (minutes; BENCH="--help")
	$(BENCHMARK).run $(BENCH)

bench-smoke: .venv/.dev ## the hot paths against their goals, in less than a minute
	$(BENCHMARK).smoke

bench-profile: .venv/.bench ## flame graphs of the hot paths (BENCH="--name before")
	$(BENCHMARK).profile $(BENCH)

upgrade-trial: .venv/.dev ## migrate a large table under writes (ROWS=1000000, minutes)
	PYTHONPATH=server .venv/bin/python -m tests.migrations.trial $(or $(ROWS),1000000)

classroom: .venv/.dev ## play a class of 40 that begins its lesson behind one address
	PYTHONPATH=server .venv/bin/python -m tests.classroom $(if $(LEARNERS),--learners $(LEARNERS))

soak: .venv/.dev ## break something every minute under load (MINUTES=20, RECORD=1 writes the figures down)
	PYTHONPATH=server .venv/bin/python -m tests.soak --minutes $(or $(MINUTES),20) $(if $(RECORD),--record)

webhook-trial: .venv/.dev ## deliver 10,000 events to good and bad receivers under SIGKILL (EVENTS=10000)
	PYTHONPATH=server .venv/bin/python -m tests.faults.webhook_figures --events $(or $(EVENTS),10000)

scale-out: .venv/.dev ## run two servers behind nginx with PostgreSQL, Valkey and S3, without Docker (PORT=8080)
	@exec env PYTHONPATH=server .venv/bin/python deploy/scale_out.py $(if $(PORT),--port $(PORT))

audit: .venv/.audit ## check the pinned packages for known vulnerabilities
	@for file in run dev; do .venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements/$$file.txt || exit; done

licences: .venv/.run ## list the licence of every package that the server needs
	@.venv/bin/python requirements/licences.py

clean: ## remove the environment and every cache; the data folder stays
	rm -rf bench/peers/*/node_modules bench/peers/nextjs/.next bench/peers/nextjs/generated build web/node_modules
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find server -name __pycache__ -type d -prune -exec rm -rf {} +

# The two stamps mark a complete environment. A stamp is removed while pip runs, so that the next
# `make` repeats an interrupted installation.
.venv/.run: requirements/run.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Akako LMS needs Python 3.11 or newer. Name one: make PYTHON=python3.12 ...")'
	@test -e $@ || $(PYTHON) -m venv --clear .venv
	@rm -f $@
	@echo "Installing the requirements into .venv ..."
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements/dev.txt web/package-lock.json .venv/.run
	@mv .venv/.run .venv/.run.kept
	@echo "Installing the tools and the tests' servers into .venv ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@cd web && npm ci --silent --no-audit --no-fund
	@mv .venv/.run.kept .venv/.run
	@touch $@

.venv/.audit: requirements/audit.txt .venv/.run
	@$(PYTHON) -m venv --clear .venv/audit
	@.venv/audit/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/audit.txt
	@touch $@

.venv/.bench: requirements/bench.txt .venv/.dev
	@echo "Installing the benchmark's peers into .venv ..."
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@
