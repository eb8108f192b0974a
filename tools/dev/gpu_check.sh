#!/usr/bin/env bash
# Say in at most five minutes whether mmcsod's GPU paths are right and how fast: make gpu-check
# Needs PyTorch, NumPy and what requirements/runtime.txt names; neither `make install` nor MMCV. PYTHON names another Python.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -n "${PYTHON:-}" ] || { PYTHON=python3; [ ! -x .venv/bin/python ] || PYTHON=.venv/bin/python; }
exec "$PYTHON" tools/dev/gpu_check.py "$@"
