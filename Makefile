# The verbs of the project. `make help` lists them.
PREFIX_APT := $(if $(filter 0,$(shell id -u)),,sudo)
BUILD ?= build
JOBS ?= $(shell nproc)
APT = $(PREFIX_APT) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -o DPkg::Lock::Timeout=300 -qq
missing = $(shell cmake/missing_packages.sh $(1))

export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1

.PHONY: help run build test sanitize fuzz bench format lint clean packages packages-test

help: ## list the verbs
	@sed -n 's/^\([a-z-]*\):.*## /  make \1|/p' $(MAKEFILE_LIST) | column -t -s'|'

packages: ## install what is missing to build and run
	@m="$(call missing,packages.txt)"; [ -z "$$m" ] || { $(APT) update && $(APT) install -y --no-install-recommends $$m >/dev/null; }
	@cmake/npm_packages.sh web

packages-test: packages ## install what is missing for the tests
	@m="$(call missing,packages-test.txt)"; [ -z "$$m" ] || { $(APT) update && $(APT) install -y --no-install-recommends $$m >/dev/null; }
	@cmake/npm_packages.sh tests/e2e

build: packages ## build the binary: build/release/heliograph
	@cmake --preset release -DHELIOGRAPH_TESTS=OFF -Wno-dev >/dev/null
	@cmake --build $(BUILD)/release -j $(JOBS) --target heliograph

run: build ## build, then start the demo
	@$(BUILD)/release/heliograph demo

test: packages-test ## build everything and pass every test
	cmake --preset release -DHELIOGRAPH_TESTS=ON -Wno-dev
	cmake --build $(BUILD)/release -j $(JOBS)
	ctest --test-dir $(BUILD)/release --output-on-failure -j $(JOBS)

sanitize: packages-test ## the suite under ASan and UBSan
	cmake --preset asan -Wno-dev
	cmake --build $(BUILD)/asan -j $(JOBS)
	ctest --test-dir $(BUILD)/asan --output-on-failure -j $(JOBS)

fuzz: packages-test ## every fuzz target for SECONDS (default 30) with libFuzzer
	tests/fuzz/run.sh $(BUILD)/fuzz $(or $(SECONDS),30)

bench: packages-test ## measure; prints ratios, never fails on time
	tests/bench/run.sh $(BUILD)/release

format: ## clang-format over our sources
	git ls-files '*.cpp' '*.hpp' | xargs clang-format -i

lint: ## clang-tidy over our sources (slow)
	cmake --preset dev -DCMAKE_CXX_COMPILER=clang++ -B $(BUILD)/lint -Wno-dev >/dev/null
	git ls-files 'events/*.cpp' 'storage/*.cpp' 'projections/*.cpp' 'actors/*.cpp' 'sim/*.cpp' | xargs clang-tidy -p $(BUILD)/lint --quiet

clean: ## remove what was built
	rm -rf $(BUILD)
