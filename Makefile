# The front door. Each target is a line or two over cmake/setup.sh, CMake's presets and tests/.
#
#     make run ARGS="--port 7000"      arguments go to podis
#     make test LAYERS="tidy unit"     only these folders of tests/
#     make bench ARGS=--quick          arguments of tests/bench/run
#     make fuzz FUZZ_SECONDS=600       for each fuzz target
JOBS ?= $(shell nproc)
ARGS ?=
TESTS ?= OFF
LAYERS ?=
IMAGE ?= podis:dev
FUZZ_SECONDS ?= 60

.PHONY: help setup build run test bench fuzz image e2e format clean

help:
	@echo 'make run     build podis and start it on 127.0.0.1:6379'
	@echo 'make test    build all and run every test'
	@echo
	@echo 'make setup   fetch what building and testing need (root or sudo)'
	@echo 'make build   build the release program: build/podis'
	@echo 'make bench   compare with redis-server, side by side'
	@echo 'make fuzz    run every fuzz target for FUZZ_SECONDS (60) each'
	@echo 'make image   build the container image $$IMAGE (podis:dev)'
	@echo 'make e2e     try the image and the example in a Kubernetes cluster'
	@echo 'make format  let clang-format lay out the sources'
	@echo 'make clean   remove what was compiled; keep what set-up fetched'

setup:
	@cmake/setup.sh test

build:
	@cmake/setup.sh build
	@cmake --preset release -DPODIS_TESTS=$(TESTS) >build/release.log || { cat build/release.log; exit 1; }
	@cmake --build --preset release --parallel $(JOBS) --target podis
	@ln -sfn release/podis build/podis

run: build
	@exec build/podis $(ARGS)

test:
	@cmake/setup.sh test
	@tests/run $(LAYERS)

bench:
	@cmake/setup.sh test
	@$(MAKE) --no-print-directory build TESTS=ON
	@tests/bench/run $(ARGS)

fuzz:
	@cmake/setup.sh test
	@FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_SEED=0 tests/fuzz/run

image:
	@command -v docker >/dev/null || { echo 'make image: docker is not on this machine'; exit 1; }
	@docker info >/dev/null 2>&1 || { echo 'make image: no docker daemon can be reached'; exit 1; }
	@docker build --build-arg REVISION="$$(git rev-parse HEAD)" --tag $(IMAGE) .

e2e:
	@IMAGE=$(IMAGE) sidecar/kubernetes/try

format:
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs -r clang-format -i

clean:
	@rm -rf build/release build/debug build/asan build/fuzz build/standalone build/podis build/log
