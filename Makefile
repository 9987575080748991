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
.PHONY: test test-unit test-race test-e2e test-interop test-mutants verify lint bench
test: test-unit test-e2e ## Every test: first without, then with the whole platform

# The pure packages have no goroutine to race; without the detector their many
# random histories take seconds instead of minutes. `make test-race` tries them too.
PURE  := act agreement bulletin canonical fingerprint item ledger message policy restriction screen seal tlog vocabulary
PURE_PACKAGES := $(PURE:%=./internal/%/...)
CONCURRENT_PACKAGES = $$($(GO) list ./api/... ./cmd/... ./controllers/... ./internal/... ./hack/... ./config/... ./charts/... ./docs/... | grep -v -E '/internal/($(subst $(space),|,$(PURE)))(/|$$)')
empty :=
space := $(empty) $(empty)

test-unit: build platform $(BIN)/helm ## Tests of packages, against the real Vault and control plane, with the race detector
	@( $(GO) test -json $(PURE_PACKAGES); CGO_ENABLED=1 $(GO) test -race -timeout 30m -json $(CONCURRENT_PACKAGES) ) | $(GO) run ./hack/testsummary

test-race: build platform $(BIN)/helm ## The same with the race detector everywhere, which takes longer
	@CGO_ENABLED=1 $(GO) test -race -timeout 60m -json ./api/... ./cmd/... ./controllers/... ./internal/... ./hack/... ./config/... ./charts/... | $(GO) run ./hack/testsummary

test-e2e: build platform ## Promises, kept on the whole platform
	@$(GO) test -count=1 -timeout 40m -json ./test/... | $(GO) run ./hack/testsummary

# Public test vectors and vocabularies: the folder called data of a folder that
# lies beside the repository, unless you name another.
INTEROP_DATA ?= $(firstword $(wildcard ../*/data))
test-interop: platform ## Judges from outside: public vectors and other people's implementations (INTEROP_DATA=folder)
	@cd test/interop && INTEROP_DATA="$(abspath $(INTEROP_DATA))" $(GO) test -count=1 -json ./... | (cd ../.. && $(GO) run ./hack/testsummary)

test-mutants: ## Plant wrong rules one at a time, and see that the tests of the rules find each
	@$(GO) test -tags mutants -count=1 -timeout 180m -parallel 2 -json ./test/mutants | $(GO) run ./hack/testsummary

##@ Build it
.PHONY: build platform tools generate
build: preflight ## Build operator, hub, desk and concordat into bin/
	@mkdir -p $(BIN)
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./cmd/...

platform: preflight $(BIN)/concordat-kube $(BIN)/concordat-vaultd $(BIN)/concordat-idp ## Build what the local platform is made of
	@$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN)/ ./hack/platform

.PHONY: preflight
preflight:
	@hack/preflight.sh $(BIN)

# Each is a module of its own, so that its dependencies stay away from the
# product. They are built only when their sources change.
KUBE_VERSION := k8s.io/component-base/version
$(BIN)/concordat-kube: hack/kube/go.mod hack/kube/go.sum hack/kube/main.go
	@echo "building kube-apiserver, etcd and kubectl (some minutes the first time)"
	@cd hack/kube && CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w -X $(KUBE_VERSION).gitVersion=v1.36.3 -X $(KUBE_VERSION).gitMajor=1 -X $(KUBE_VERSION).gitMinor=36 -X $(KUBE_VERSION).gitTreeState=clean" -o ../../$@ . && touch ../../$@

$(BIN)/concordat-vaultd: $(wildcard hack/vault/*)
	@echo "building Vault (some minutes the first time)"
	@cd hack/vault && CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o ../../$@ . && touch ../../$@

$(BIN)/concordat-idp: $(wildcard hack/idp/*)
	@echo "building the identity provider of the sample officers"
	@cd hack/idp && CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o ../../$@ . && touch ../../$@

# Pinned in hack/tools/go.mod, away from the product's dependencies.
TOOL = cd hack/tools && CGO_ENABLED=0 $(GO) build -o ../../$@
$(BIN)/controller-gen: hack/tools/go.mod
	@$(TOOL) sigs.k8s.io/controller-tools/cmd/controller-gen
$(BIN)/golangci-lint: hack/tools/go.mod
	@$(TOOL) github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(BIN)/helm: hack/tools/go.mod
	@$(TOOL) helm.sh/helm/v4/cmd/helm

generate: $(BIN)/controller-gen ## Make deepcopy code and CRDs anew from api/
	@$(BIN)/controller-gen object paths=./api/... crd:generateEmbeddedObjectMeta=false output:crd:dir=config/crd paths=./api/...
	@charts/sync.sh

lint: $(BIN)/golangci-lint ## Lint, with the import rules
	@$(BIN)/golangci-lint run ./...

verify: generate lint ## Make again what is generated, lint, and see that nothing changed
	@$(GO) vet ./...
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-ed:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	@git diff --exit-code -- api config charts || { echo "generated files differ: commit what make generate made"; exit 1; }

bench: build platform ## Measure speed and memory, as ratios within one run
	@cd test/bench && $(GO) test -run '^$$' -bench . -benchtime 1s ./...

.PHONY: help
help: ## Say what there is to do
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
