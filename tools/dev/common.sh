# Sourced by the scripts beside it.
say() { echo "[install] $*"; }
die() { echo "error: $*" >&2; exit 1; }
has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L >/dev/null 2>&1; }
