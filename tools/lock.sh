#!/bin/sh
# Writes the hashed locks: one resolution of everything, then a part of it for each purpose, so
# that an environment can grow from one to the next without a version changing.
set -eu
cd "$(dirname "$0")/.."
all=$(mktemp)
trap 'rm -f "$all"' EXIT

compile() {
    output=$1
    shift
    uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
        --no-emit-index-url --no-header --no-annotate "$@" pyproject.toml -o "$output"
}

compile "$all" --upgrade --exclude-newer "${EXCLUDE_NEWER:-1 week}" \
    --extra test --extra dev --group build --group wire
compile requirements.lock -c "$all" --group build
compile requirements-test.lock -c "$all" --extra test --group build
compile requirements-dev.lock -c "$all" --extra test --extra dev --group build
compile requirements-wire.lock -c "$all" --extra test --group build --group wire
