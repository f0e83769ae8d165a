#!/bin/sh
# Makes .venv where there is none and installs what one lock names, with its hashes, and Cloudling
# itself from this folder. Uses uv where it is present, else Python's own venv and pip.
set -eu
lock=$1
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*" >&2; }

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }

find_python() {
    for name in ${PYTHON:-} python3 python3.11 python3.12 python3.13 python3.14; do
        if fits "$name"; then
            command -v "$name"
            return
        fi
    done
    say "No Python 3.11 or newer was found. Install one, or name it: make setup PYTHON=/path/to/python3."
    exit 1
}

make_with_uv() {
    uv venv --quiet --seed --python "${PYTHON:->=3.11}" .venv
}

make_with_venv() {
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        say "$python has no ensurepip, so it cannot make an environment with pip in it." \
            "Install it (Debian and Ubuntu: apt install python3-venv), or install uv, and run this again."
        exit 1
    fi
    "$python" -m venv .venv
}

# A .venv whose Python has gone (an upgrade, another machine) is made anew.
if ! fits .venv/bin/python; then
    rm -rf .venv
    if command -v uv >/dev/null 2>&1; then make_with_uv; else make_with_venv; fi
fi

if command -v uv >/dev/null 2>&1; then
    uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r "$lock"
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .
else
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check \
        --no-deps --no-build-isolation -e .
fi

# Compiled here, since a start must not compile: some machines set PYTHONDONTWRITEBYTECODE.
.venv/bin/python -m compileall -q src
