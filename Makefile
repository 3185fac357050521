# The recipes equal the steps of CI. Everything that they need beyond cargo, Go and Debian's packages is built and cached.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

.PHONY: help build demo test lint tidy crds status bench clean-cache

help: ## Show the recipes
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## Release binaries in target/release
	cargo build --release --locked -p ferroflux-cli -p ferroflux-source-controller -p ferroflux-kustomize-controller

demo: build ## A Git commit becomes running objects on an embedded control plane, before your eyes
	target/release/ferroflux demo --repository examples/fleet

test: tools ## Everything: formatting, lints, tidy, unit tests, corpora, scenarios on a real control plane
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo xtask tidy
	cargo xtask crds --check
	cargo test --workspace --locked

.PHONY: tools
tools: # What the tests call and Debian does not always have
	@for tool in git sh; do command -v $$tool >/dev/null || { echo "installing $$tool"; apt-get update -q && apt-get install -qy $$tool; }; done

lint: ## Lints only
	cargo clippy --workspace --all-targets --locked -- -D warnings

tidy: ## Direction of dependencies, foreign paths, form of the documents
	cargo xtask tidy

crds: ## Write crds/ anew from the types
	cargo xtask crds

status: ## Write STATUS.md anew: requirement, state, test
	cargo xtask status

bench: build ## Side by side with the peers that are present
	bench/run

