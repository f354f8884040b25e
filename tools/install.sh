#!/usr/bin/env bash
# Creates the virtual environment $VENV with $PYTHON and installs the package with
# the distribution $STACK, in the versions of constraints.txt. Does nothing when
# that is done already.
set -euo pipefail

fail() {
    echo "error: $*" >&2
    exit 1
}

run() {
    echo "+ $*"
    "$@" || fail "'$*' failed; see the lines above. A download that broke off can be tried again."
}

command -v "$PYTHON" >/dev/null || fail "no interpreter '$PYTHON'; name one with PYTHON=/path/to/python3.11"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" --version) is too old; Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.11"
case "$STACK" in onedl | openmmlab) ;; *) fail "STACK must be onedl or openmmlab, got '$STACK'" ;; esac

pip="$VENV/bin/python -m pip --quiet --disable-pip-version-check"
stamp="$VENV/.installed"
state="$STACK $(cat setup.py mmseg_maxsquare/stack.py constraints.txt tools/install.sh | cksum)"
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && exit 0
if [ -f "$stamp" ] && [ "$(cut -d' ' -f1 "$stamp")" != "$STACK" ]; then
    fail "$VENV holds the other distribution of the stack; name another environment with VENV="
fi

[ -x "$VENV/bin/python" ] || run "$PYTHON" -m venv "$VENV"
if [ "$STACK" = openmmlab ]; then
    # mmcv has no wheel for this PyTorch: it is compiled, against the installed one.
    run $pip install -c constraints.txt torch numpy setuptools wheel ninja psutil
    echo "compiling mmcv: a quarter of an hour on two cores"
    MMCV_WITH_OPS=1 run $pip install -c constraints.txt --no-build-isolation mmcv
fi
run $pip install -c constraints.txt -e ".[$STACK,efficientnet,digits,test,docs]"
echo "$state" >"$stamp"
