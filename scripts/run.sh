#!/bin/sh
# Runs a command of the project with Node 24: `scripts/run.sh scripts/up.ts`. Installs the locked dependencies
# first when they are missing or out of date, once, also when several commands begin together.
set -eu
cd "$(dirname "$0")/.."

stop() {
  echo "$1" >&2
  exit 1
}

# The major version of a node program, 0 when it does not run.
major() {
  version=$("$1" --version 2>/dev/null) || version=v0
  version=${version#v}
  echo "${version%%.*}"
}

is_installed() {
  # The stamp is a copy of the lock file that node_modules was made from.
  cmp -s package-lock.json node_modules/.installed-lock.json
}

install() {
  command -v node >/dev/null || stop "Node.js 20 or newer is needed: https://nodejs.org/en/download"
  [ "$(major node)" -ge 20 ] || stop "Node.js 20 or newer is needed, this is $(node --version): https://nodejs.org/en/download"
  command -v npm >/dev/null || stop "npm is needed, it comes with Node.js: https://nodejs.org/en/download"
  echo "Installing the dependencies (npm ci) ..."
  # npm warns that the machine's Node is too old for some packages: they will run on the Node 24 among them.
  npm ci --loglevel=error --no-progress --no-update-notifier >/dev/null || stop "The dependencies could not be installed: see npm's message above."
  cp package-lock.json node_modules/.installed-lock.json
}

# A link is made atomically and tells whose lock it is; one whose holder is gone is nobody's.
install_once() {
  mkdir -p .cache
  lock=.cache/install.lock
  waits=
  until ln -s $$ "$lock" 2>/dev/null; do
    [ -n "$waits" ] || echo "Waiting for another command that installs the dependencies ..."
    waits=yes
    kill -0 "$(readlink "$lock" || echo $$)" 2>/dev/null || rm -f "$lock"
    sleep 0.2
  done
  trap 'rm -f "$lock"' EXIT
  is_installed || install
  rm -f "$lock"
  trap - EXIT
}

is_installed || install_once

# The packaged Node is first on the path of all that is started; where its binary does not run, the machine's will do.
PATH="$PWD/node_modules/.bin:$PATH"
node=node_modules/.bin/node
if ! [ "$(major "$node")" -ge 24 ]; then
  node=$(PATH="${PATH#*:}" command -v node || true)
  [ "$(major "$node")" -ge 24 ] || stop "Node.js 24 or newer is needed on this system: https://nodejs.org/en/download"
fi
export PATH NODE_COMPILE_CACHE="$PWD/.cache/node"
exec "$node" "$@"
