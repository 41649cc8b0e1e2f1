# A thin front: every target is one or two commands that you could type yourself.
#   make run       install what is missing, build, and show the whole thing on real traffic data
#   make test      install what is missing, build, and run every test (what CI runs)
.DEFAULT_GOAL := build
.PHONY: build run test truth killrecord asan tsan clang bare py-asan py-tsan fuzz bench install lint format clean deps

PYTHON := .venv/bin/python
JOBS = $(shell tools/jobs)
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(JOBS)
FUZZ_SECONDS ?= 600
HEADRACE_KILLS ?= 1000

deps:
	tools/deps

build:
	cmake --preset dev
	cmake --build build

run: deps build
	$(PYTHON) examples/traffic/run.py

test: deps build
	tools/test

# Loads of known size, leaks that run into their limit, ends of every kind, all of them: what is told must be what was planted.
truth: build
	$(PYTHON) -m pytest -q tests/py/test_watch_truth.py tests/py/test_watch_forecast.py tests/py/test_postmortem.py

# The recorder killed at a thousand random moments, or at as many as HEADRACE_KILLS says.
killrecord: build
	HEADRACE_KILLS=$(HEADRACE_KILLS) $(PYTHON) -m pytest -q tests/py/test_cli_record.py -k kill

asan tsan clang bare:
	cmake --preset $@
	cmake --build build/$@
	ctest --test-dir build/$@ --output-on-failure -j $(JOBS) -LE slow

py-asan py-tsan: deps
	tools/py-sanitize $(@:py-%=%)

fuzz:
	cmake --preset fuzz
	cmake --build build/fuzz
	tools/fuzz $(FUZZ_SECONDS)

bench: deps build
	bench/feed
	.venv/bin/python bench/budget

lint:
	tools/check-layers
	tools/check-limits
	tools/check-banned
	tools/check-tidy

format:
	git ls-files '*.c' '*.h' '*.cpp' | xargs clang-format-14 -i

install:
	cmake --preset release
	cmake --build build/release
	cmake --install build/release

clean:
	rm -rf build dist
