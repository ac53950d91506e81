#!/bin/sh
# Makes .venv with oCore and the dependency groups named as arguments. Needs Python 3.11 and apt.
# Safe to run again: what is there and fits is not made anew.
set -eu

cd "$(dirname "$0")/.."

find_python() {
    for name in python3.13 python3.12 python3.11 python3; do
        # A shim on PATH may exist and still fail, so each is really run.
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$name"
            return
        fi
    done
    echo "oCore needs Python 3.11 or newer: install python3" >&2
    exit 1
}

# Debian splits pip off Python. Without it, its wheel comes from the distribution's own archive,
# into a folder of ours: no root needed, nothing on the system changes.
fetch_pip_wheel() {
    state="$PWD/.cache/apt"
    mkdir -p "$state/lists/partial" "$state/archives/partial" "$state/debs"
    set -- -qq -o "Dir::State::Lists=$state/lists" -o "Dir::Cache=$state" \
        -o "Dir::Cache::Archives=$state/archives" -o "APT::Sandbox::User=$(id -un)"
    apt-get "$@" update
    (cd "$state/debs" && apt-get "$@" download python3-pip-whl)
    for package in "$state"/debs/python3-pip-whl_*.deb; do
        dpkg-deb -x "$package" "$state/root"
    done
}

install_uv() {
    "$1" -m venv --without-pip .venv
    if "$1" -m pip --version >/dev/null 2>&1; then
        "$1" -m pip --python .venv/bin/python install --quiet --disable-pip-version-check uv
        return
    fi
    [ -d .cache/apt/root ] || fetch_pip_wheel
    for wheel in .cache/apt/root/usr/share/python-wheels/pip-*.whl; do
        .venv/bin/python "$wheel/pip" install --quiet --disable-pip-version-check uv
    done
}

stamp=".venv/.installed-$(cat pyproject.toml scripts/bootstrap.sh | sha256sum | cut -c1-16)-$(echo "$*" | tr ' ' '-')"
[ -e "$stamp" ] && exit 0

[ -x .venv/bin/uv ] || install_uv "$(find_python)"
groups=""
for group in "$@"; do
    groups="$groups --group $group"
done
# The system's certificates, because companies have their own; groups is a list of words.
# shellcheck disable=SC2086
UV_PYTHON_DOWNLOADS=never UV_SYSTEM_CERTS=1 .venv/bin/uv pip install --quiet --python .venv/bin/python \
    --editable . $groups
rm -f .venv/.installed-*
touch "$stamp"
