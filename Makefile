# Concordat. `make help` lists what there is to do.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := help

GO      ?= go
BIN     := bin
VERSION ?= 0.1.0
LDFLAGS := -s -w -X github.com/concordat-hub/concordat/internal/version.Version=$(VERSION)
export CGO_ENABLED ?= 0

##@ See it work
.PHONY: demo up down clean-up
demo: build platform ## Start everything and tell the story of two agencies sharing; ONCE=1 ends by itself
	@$(BIN)/platform demo

up: build platform ## Start the local platform (Kubernetes, Vault, identity provider, hub, operator, desks)
	@$(BIN)/platform up

down: ## Stop the local platform; everything is found again by make up
	@$(BIN)/platform down

clean-up: ## Stop the local platform and forget all it held
	@$(BIN)/platform clean-up

##@ Prove it
.PHONY: test test-unit test-e2e test-interop verify lint bench
test: test-unit test-e2e ## Every test: first without, then with the whole platform

test-unit: build platform ## Tests of packages, against the real Vault and control plane, with the race detector
	@CGO_ENABLED=1 $(GO) test -race -json ./api/... ./cmd/... ./controllers/... ./internal/... ./hack/... ./config/... ./charts/... | $(GO) run ./hack/testsummary

test-e2e: build platform ## Promises, kept on the whole platform
	@$(GO) test -count=1 -timeout 40m -json ./test/... | $(GO) run ./hack/testsummary

##@ Build it
.PHONY: build platform tools generate
build: ## Build operator, hub, desk and concordat into bin/
	@mkdir -p $(BIN)
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/...

help: ## Say what there is to do
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
