.DEFAULT_GOAL := help
.PHONY: help install demo test check format bench docs

help: ## Say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

install: ## Make .venv with oCore in it
	@scripts/bootstrap.sh

demo: install ## Deploy, update, break and roll back a sample module (KEEP=1 leaves it running)
	@.venv/bin/ocore demo $(if $(KEEP),--keep)

test: ## Run all tests
	@scripts/bootstrap.sh test lint
	@.venv/bin/pytest

check: ## Run the formatter, the linter, the type checker and the import contracts
	@scripts/bootstrap.sh test lint
	@.venv/bin/ruff format --check src tests bench
	@.venv/bin/ruff check src tests bench
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: ## Format the code
	@scripts/bootstrap.sh test lint
	@.venv/bin/ruff format src tests bench
	@.venv/bin/ruff check --fix src tests bench

bench: ## Run one benchmark: make bench NAME=…
	@scripts/bootstrap.sh test lint
	@.venv/bin/python -m bench $(NAME)

docs: ## Build the documentation into site/
	@scripts/bootstrap.sh docs
	@.venv/bin/mkdocs build --strict
