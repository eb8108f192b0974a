#!/usr/bin/env bash
# Say in one sentence, before anything is downloaded, what this machine lacks to install mmcsod into VENV ($1).
set -euo pipefail
. "$(dirname "$0")/common.sh"

cxx=${CXX:-c++}
[ -n "${PYTHON:-}" ] || die "no python3 was found; install Python 3.10 or newer or name one: make PYTHON=/path/to/python3."
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
    die "'$PYTHON' is not Python 3.10 or newer; name one that is: make PYTHON=/path/to/python3.11."
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    die "'$PYTHON' cannot make virtual environments; install its venv module (on Debian: apt-get install python3-venv)."
"$PYTHON" -c 'import pathlib, sys, sysconfig; sys.exit(not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists())' ||
    die "'$PYTHON' has no Python.h, which MMCV's ops need to compile; install it (on Debian: apt-get install python3-dev)."
echo 'int main() {}' | "$cxx" -x c++ -std=c++17 -fsyntax-only - 2>/dev/null ||
    die "'$cxx' is no working C++17 compiler, which MMCV's ops need; install one (on Debian: apt-get install g++)."

# PyTorch unpacked takes 1 GiB for CPUs and 7 for NVIDIA's cards; which one pip takes is known only afterwards.
# Measured: 1.9 GiB for a finished CPU environment and 0.9 for compiling.
check_disk() {
    local folder=$1 needed=$2 free
    while [ ! -d "$folder" ]; do folder=$(dirname "$folder"); done
    free=$(df -Pk "$folder" | awk 'NR == 2 {print int($4 / 1048576)}')
    [ "$free" -ge "$needed" ] || die "$needed GiB of disk are needed in $folder and $free are free; $3."
}
has_gpu && venv_gib=10 || venv_gib=4
check_disk "$1" "$venv_gib" "free some"
check_disk "${TMPDIR:-/tmp}" 3 "free some or point TMPDIR at another disk"
