# SPDX-License-Identifier: BSD-3-Clause
#
# Short names for what the project does; CMakeLists.txt does the building.
#
#   make            build for use, into build/release
#   make install    ... and install it: PREFIX=/usr, DESTDIR=
#   make demo       install what is needed, build, and show the main job on real files
#   make check      install what is needed, build, and pass all tests
#   make bench      compare with others, side by side
#   make fuzz       fuzz for FUZZ_SECONDS, 300 if not given
#   make soak       faults in their long form, and mixed load for SOAK_SECONDS, 1200 if not given
#   make truth      compare a mount with the file system below for TRUTH_SECONDS, 600 if not given
#   make dist       a tarball of what is committed: build/dist
#   make deb        Debian packages of it: build/packages
#   make check-packages   build, install, try and purge them in clean roots of SUITES
#   make reproducible     build them twice, and compare
#   make abi        what has changed for programs that were linked with the last release
#   make format     clang-format all sources

PREFIX ?= /usr
FUZZ_SECONDS ?= 300
SOAK_SECONDS ?= 1200
TRUTH_SECONDS ?= 600
SUITES ?= bookworm trixie

.PHONY: all install demo check bench fuzz soak truth dist deb check-packages \
	reproducible abi format clean

all:
	@command -v cmake >/dev/null && command -v ninja >/dev/null || \
		{ echo "what builds is missing: scripts/deps.sh build installs it" >&2; exit 1; }
	cmake --preset release -DCMAKE_INSTALL_PREFIX=$(PREFIX) -DFSDAX_TESTS=OFF
	cmake --build --preset release

install: all
	DESTDIR=$(DESTDIR) cmake --install build/release

demo:
	scripts/demo.sh

check:
	scripts/check.sh

bench:
	scripts/deps.sh build
	bench/run.sh

fuzz:
	scripts/deps.sh build fuzz
	scripts/fuzz.sh $(FUZZ_SECONDS)

soak:
	scripts/soak.sh $(SOAK_SECONDS)

truth:
	scripts/deps.sh build test
	scripts/truth.sh $(TRUTH_SECONDS)

dist:
	scripts/dist.sh

deb:
	scripts/packages.sh

check-packages:
	scripts/packages-root.sh $(SUITES)

reproducible:
	scripts/reproducible.sh

abi: all
	scripts/deps.sh test
	scripts/abi.sh build/release/lib/libfsdax.so

format:
	scripts/format.sh

clean:
	rm -rf build
