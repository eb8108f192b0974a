#!/usr/bin/env bash
# Install MMCV with its compiled ops into VENV ($1), as pinned in LOCK ($2): pip's cached wheel if it fits, else
# compiled with PyTorch's headers read once into a precompiled header, which more than halves the time.
set -euo pipefail
. "$(dirname "$0")/common.sh"

venv=$1
lock=$2
package=$(grep -oE '^(onedl-)?mmcv==[^ ;]+' "$lock")
flags='-O2 -g0 -DNDEBUG -fwrapv'  # CFLAGS replaces Python's own flags, of which these two are needed
scratch=$(mktemp -d)
mkdir "$scratch/tmp"
echo '#include <torch/types.h>' > "$scratch/torch_types.h"
trap 'kill "${watcher:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

works() { "$venv/bin/python" -c 'import mmcv.ops' 2>/dev/null; }

cached() {
    local name=${package%%==*} tag
    tag=$("$venv/bin/python" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')
    "$venv/bin/pip" cache list --format=abspath "${name//-/_}-${package##*==}-$tag" 2>/dev/null | grep -q .
}

# One compiler takes up to 1.5 GiB.
compile_jobs() { awk -v cores="$(nproc)" '/MemAvailable/ {n = int($2 / 1572864); print n < 1 ? 1 : n < cores ? n : cores}' /proc/meminfo; }

# An NVIDIA card without an nvcc of PyTorch's CUDA version cannot have its ops compiled; it still has a CPU.
hide_unusable_gpu() {
    has_gpu || return 0
    local wanted
    wanted=$("$venv/bin/python" -c 'import torch; print((torch.version.cuda or "none").split(".")[0])')
    "${CUDA_HOME:+$CUDA_HOME/bin/}nvcc" --version 2>/dev/null | grep -q "release $wanted\." && return 0
    say "there is an NVIDIA card but no nvcc of CUDA $wanted: MMCV's ops are compiled for the CPU only."
    export CUDA_VISIBLE_DEVICES=-1 FORCE_CUDA=0
}

# The flags must be those of the build itself (torch.utils.cpp_extension), or g++ ignores the header.
precompile_headers() {
    "$venv/bin/python" - "$scratch" "$flags" <<'PYTHON' || say "no precompiled header with this compiler: it takes longer."
import os, shlex, subprocess, sys, sysconfig
from torch.utils.cpp_extension import include_paths
scratch, flags = sys.argv[1:]
includes = [f'-I{path}' for path in (*include_paths(), sysconfig.get_path('include'))]
sys.exit(subprocess.run([os.environ.get('CXX', 'c++'), *shlex.split(flags), '-fPIC', *includes, '-std=c++17',
                         '-DTORCH_API_INCLUDE_EXTENSION_H', '-DTORCH_EXTENSION_NAME=_ext', '-x', 'c++-header',
                         f'{scratch}/torch_types.h', '-o', f'{scratch}/torch_types.h.gch'],
                        stderr=subprocess.DEVNULL).returncode)
PYTHON
}

# pip says nothing while it compiles, so count what the compiler has finished.
report_progress() {
    local finished last=0 total folders='\(/cpu\)?'
    [ "${FORCE_CUDA:-1}" = 1 ] && has_gpu && folders='\(/cpu\|/cuda\)?'
    while sleep 5; do
        finished=$(find "$scratch/tmp" -name '*.o' -path '*/csrc/*' | wc -l)
        total=$(find "$scratch/tmp" -regex ".*/csrc/pytorch$folders/[^/]*\.\(cpp\|cu\)" | wc -l)
        [ "$finished" -lt $((last + 8)) ] || { last=$finished; say "    compiled $finished of $total files"; }
    done
}

install_mmcv() {
    TMPDIR=$scratch/tmp MMCV_WITH_OPS=1 MAX_JOBS=${MAX_JOBS:-$(compile_jobs)} \
        CFLAGS="$flags -include $scratch/torch_types.h" \
        "$venv/bin/pip" install -q --no-build-isolation -c "$lock" "$@" "$package"
}

works && exit 0
options=()
if cached; then
    install_mmcv && works && exit 0
    say "the cached wheel was compiled against another PyTorch: compiling anew"
    options=(--no-cache-dir --force-reinstall --no-deps)
fi
say "compiling MMCV's ops, once: 3 to 8 minutes on 2 cores; pip keeps the wheel for the next time"
hide_unusable_gpu
precompile_headers
report_progress & watcher=$!
install_mmcv ${options[@]+"${options[@]}"}
works || die "MMCV was compiled but its ops do not load; '$venv/bin/python -c \"import mmcv.ops\"' says why."
