# replyd: everything a newcomer needs is `make run` or `make test`.  Each target installs what
# it lacks (deps/install-packages; without root it prints the line to run and exits 2).
.PHONY: help build run test lint ci torture bench clean
.DEFAULT_GOAL := help

help:
	@echo "make build    the release binary: build/replyd"
	@echo "make run      build, start a server with scripts/hello.lua, send it a signed message"
	@echo "make test     unit tests, lint, end-to-end tests (6 minutes at most)"
	@echo "make lint     the lint alone: layers, sizes, names, comments, commits"
	@echo "make ci       what decides whether a change may land (.ci/run, 25 minutes)"
	@echo "make torture  the tests with their full counts (one to two hours)"
	@echo "make bench    CPU per request, latency, memory, beside nginx with Lua"
	@echo "make clean    remove build/ (the libraries stay in the cache)"

build:
	@deps/install-packages build
	@tests/run build release

run: build
	@scripts/first-message

test:
	@deps/install-packages test
	@tests/run all test

lint:
	@deps/install-packages test
	@tests/run lint

ci:
	@bash .ci/run

torture:
	@deps/install-packages ci
	@rc=0; REPLYD_SCALE=1 REPLYD_TIER=torture tests/run all test || rc=1; \
	REPLYD_SCALE=1 tests/fuzz/run all || rc=1; exit $$rc

bench: build
	@deps/install-packages bench
	@tests/bench/run

clean:
	rm -rf build
