#!/usr/bin/env bash
# Install everything mmcsod needs into a virtual environment: `make install` calls this.
#
#   tools/dev/install.sh VENV STACK          STACK is onedl or openmmlab
#
# MMCV ships its ops as source. Compiling them is nearly all of the time spent here, and nearly all
# of that is g++ reading PyTorch's headers once for each of 78 files, so they are read once into a
# precompiled header (which g++ ignores, merely slower, where it does not fit).
set -euo pipefail

venv=$1
stack=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
lock=$root/requirements/lock-$stack.txt
needed_gib=6

die() { echo "error: $*" >&2; exit 1; }
say() { echo "[install] $*"; }

[ -f "$lock" ] || die "STACK is '$stack', which is neither 'onedl' nor 'openmmlab'."

check_machine() {
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null ||
        die "Python 3.10 or newer is needed and '$PYTHON' is not; name one with 'make PYTHON=/path/to/python3.11'."
    "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
        die "'$PYTHON' cannot make virtual environments; install its venv module (on Debian: apt-get install python3-venv)."
    command -v "${CXX:-c++}" >/dev/null ||
        die "a C++ compiler is needed to build MMCV's ops and '${CXX:-c++}' is not there; install one (on Debian: apt-get install g++)."
    "$PYTHON" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' ||
        die "Python.h is missing, so MMCV's ops cannot be compiled; install Python's headers (on Debian: apt-get install python3-dev)."
    local dir free_gib
    for dir in "$(dirname "$venv")" "${TMPDIR:-/tmp}"; do
        free_gib=$(df -Pk "$dir" | awk 'NR == 2 {print int($4 / 1048576)}')
        [ "$free_gib" -ge "$needed_gib" ] ||
            die "$needed_gib GiB of disk are needed and $dir has $free_gib; free some, or point TMPDIR elsewhere."
    done
}

pinned() { grep -iE "^$1==" "$lock"; }

compile_mmcv() {
    local package=$1 pch flags
    if ! "$venv/bin/pip" cache list 2>/dev/null | grep -qi "^ - ${package%%==*}" &&
       ! "$venv/bin/pip" cache list 2>/dev/null | tr _ - | grep -qi "^ - ${package%%==*}"; then
        say "compiling MMCV's ops once: about 4 minutes on 2 cores, pip keeps the result."
    fi
    pch=$(mktemp -d)
    flags="-O2 -g0 -DNDEBUG -fwrapv"
    echo '#include <torch/types.h>' > "$pch/torch_types.h"
    # The flags must be those of the build itself (torch.utils.cpp_extension), or the header is ignored.
    "$venv/bin/python" - "$pch" "$flags" <<'PYTHON' || say "no precompiled header here: compiling will take longer."
import os, shlex, subprocess, sys, sysconfig
from torch.utils.cpp_extension import include_paths
pch, flags = sys.argv[1:]
includes = [f'-I{path}' for path in (*include_paths(), sysconfig.get_path('include'))]
subprocess.run([os.environ.get('CXX', 'c++'), *shlex.split(flags), '-fPIC', *includes, '-std=c++17',
                '-DTORCH_API_INCLUDE_EXTENSION_H', '-DTORCH_EXTENSION_NAME=_ext', '-x', 'c++-header',
                f'{pch}/torch_types.h', '-o', f'{pch}/torch_types.h.gch'],
               check=True, stderr=subprocess.DEVNULL)
PYTHON
    MMCV_WITH_OPS=1 MAX_JOBS=${MAX_JOBS:-$(nproc)} CFLAGS="$flags -include $pch/torch_types.h" \
        "$venv/bin/pip" install --no-build-isolation -c "$lock" "$package"
    rm -rf "$pch"
}

check_machine
say "virtual environment $venv, packages pinned in ${lock#"$root"/}"
[ -x "$venv/bin/python" ] || "$PYTHON" -m venv "$venv"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_PROGRESS_BAR=${PIP_PROGRESS_BAR:-on}
pip_install() { "$venv/bin/pip" install -q -c "$lock" "$@"; }

say "PyTorch and what compiles with it"
pip_install torch 'setuptools<81' wheel ninja psutil
