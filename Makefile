# What can be done with the project. `make` alone lists it.
#
# Needed: a Rust toolchain, a C compiler, make, and Python 3.9 or newer for the tests and
# where there is no terraform or tofu on the PATH; for the tests curl and openssl as well.
# Nothing else: protocol buffers are compiled
# by a crate, the C of SQLite and AWS-LC by the C compiler alone.

CARGO ?= cargo
# Where `make install` puts the provider; Terraform looks there by itself.
PLUGINS ?= $(HOME)/.terraform.d/plugins

.DEFAULT_GOAL := help
.PHONY: help build demo test soak fmt docs bench install clean

help: ## List what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

build: ## Build the provider, without optimization
	$(CARGO) build

# The build without optimization is the one that is ready first, and for a handful
# of objects the difference cannot be seen.
demo: build ## Apply examples/quickstart on the embedded engine, in .demo/
	@scripts/demo.sh

test: ## Check formatting and lints, and run every test with real Terraform
	@scripts/test.sh

soak: ## Like test, with what takes longer: everything over HTTP, every seed
	@VPN_TEST_LONG=1 scripts/test.sh

fmt: ## Format the source and the examples
	$(CARGO) fmt
	"$$(scripts/terraform-setup.sh)" fmt -recursive examples

docs: build ## Write the registry's pages in docs/ from the schemas and examples/
	$(CARGO) run --quiet -- docs

bench: ## Measure; the comparison with a Go provider needs a Go toolchain
	$(CARGO) bench
	$(CARGO) build --release --bins --example bare --example commits
	benches/http/bench.py
	benches/terraform/bench.py http --sizes 1000
	@if command -v go >/dev/null; then \
		benches/go-peer/build.sh && benches/terraform/bench.py; \
	else \
		echo "bench: no Go toolchain, so nothing to compare with: only our own figures"; \
		benches/terraform/bench.py terraform --only ours; \
	fi

install: ## Build with optimization and install for Terraform on this machine
	$(CARGO) build --release
	@scripts/install.sh release '$(PLUGINS)'

clean: ## Remove what was built, and the demo
	$(CARGO) clean
	rm -rf .demo
