#!/usr/bin/env bash
# Install everything mmcsod needs into a virtual environment; `make install` calls this.
#
#   PYTHON=python3.11 tools/dev/install.sh VENV STACK          STACK is onedl or openmmlab
#
# MMCV ships its ops as source. Compiling them is nearly all of the time spent here, and nearly all of that is
# g++ reading PyTorch's headers again for each of some 80 files, so compile_mmcv.sh reads them once.
set -euo pipefail
. "$(dirname "$0")/common.sh"

venv=$1
stack=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
lock=$root/requirements/lock-$stack.txt
export PIP_DISABLE_PIP_VERSION_CHECK=1

[ -f "$lock" ] || die "STACK is '$stack', but only 'onedl' and 'openmmlab' are known."
has_gpu && faiss=faiss-gpu || faiss=faiss-cpu

pip_install() { "$venv/bin/pip" install -q -c "$lock" "$@"; }

bash "$root/tools/dev/check_machine.sh" "$venv"
say "virtual environment $venv, versions pinned in requirements/lock-$stack.txt"
[ -x "$venv/bin/pip" ] || "$PYTHON" -m venv "$venv"

say "1/4 PyTorch and the build tools (the largest download)"
pip_install torch 'setuptools<81' wheel ninja psutil 'numpy<2.3'
say "2/4 MMCV with its ops"
bash "$root/tools/dev/compile_mmcv.sh" "$venv" "$lock"
say "3/4 MMDetection, $faiss, test tools"
mapfile -t mm < <(grep -oE '^(onedl-)?mm[a-z]+' "$lock")
pip_install -r "$root/requirements/runtime.txt" -r "$root/requirements/tests.txt" -r "$root/requirements/docs.txt" \
    "${mm[@]}" "$faiss"
# Two builds of OpenCV share one folder. The headless one needs no libGL, so it has to be the one that stays.
pip_install --force-reinstall --no-deps opencv-python-headless
say "4/4 mmcsod itself, editable"
pip_install --no-deps --no-build-isolation -e "$root"
"$venv/bin/python" -c 'import mmcv.ops, mmdet, mmcsod, faiss' ||
    die "the installed packages do not import, see above; remove $venv and install again."
say "done"
