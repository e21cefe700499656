#!/usr/bin/env bash
# Installs what is missing of the Debian packages of the named groups; does nothing, and needs no rights, when all are there.
#   bash jobs/install_dependencies.sh [build] [test] [picture] [papers] [package] [petsc64] [gates]        (default: build)
set -euo pipefail

build=(g++ cmake ninja-build pkg-config git ca-certificates openmpi-bin libopenmpi-dev libpetsc-real-dev libslepc-real-dev
       libsundials-dev libhdf5-openmpi-dev libcli11-dev libfmt-dev libspdlog-dev nlohmann-json3-dev librandom123-dev zlib1g-dev liblapack-dev libsuitesparse-dev)
test=(libgtest-dev clang-format python3 python3-numpy python3-scipy python3-h5py)
picture=(python3 python3-numpy python3-scipy python3-h5py python3-matplotlib)
papers=("${picture[@]}" python3-sklearn libopenblas0)
package=(python3 dpkg-dev file)
petsc64=(libpetsc64-real-dev libslepc64-real-dev)
gates=(clang clang-tidy libclang-rt-dev llvm)  # llvm: names in what the sanitizers report

wanted=()
for group in "${@:-build}"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    picture) wanted+=("${picture[@]}") ;;
    papers) wanted+=("${papers[@]}") ;;
    package) wanted+=("${package[@]}") ;;
    petsc64) wanted+=("${petsc64[@]}") ;;
    gates) wanted+=("${gates[@]}") ;;
    *) echo "install_dependencies: unknown group '$group' (build, test, picture, papers, package, petsc64, gates)" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "install_dependencies: this is no Debian-like system, so nothing is installed. Needed are the equivalents of:" >&2
  echo "  ${wanted[*]}" >&2
  exit 0
fi

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null || true)" = installed ]; }
missing=()
for package in "${wanted[@]}"; do
  is_installed "$package" || [[ " ${missing[*]-} " == *" $package "* ]] || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
  echo "install_dependencies: everything needed is installed"
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && ! [ -t 0 ]; }; then
    echo "install_dependencies: packages are missing and this user may not install them: ask an administrator to run" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@"; }
install() { apt install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1; }
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "install_dependencies: installing ${missing[*]}"
# The package lists are fetched only when they are missing or too old to serve: a second run needs no network.
if ! apt-cache show "${missing[@]}" >/dev/null 2>&1 || ! install; then
  apt update
  if ! install; then
    tail -n 20 "$log" >&2
    echo "install_dependencies: apt-get could not install the packages above (see its messages): check the network and the" >&2
    echo "  package sources in /etc/apt, then run this again" >&2
    exit 1
  fi
fi
echo "install_dependencies: done"
