# Sourced by the scripts of this folder: brings a fresh Debian or Raspberry Pi OS to where
# they can work. Says what it installs, and installs nothing that is there.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# need_node: Node.js of the version that package.json asks for, and npm.
need_node() {
  command -v node >/dev/null || die "Node.js is missing: install Node.js 20.19 or newer (24 is a good choice), with npm"
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    die "Node.js $(node --version) is too old: 20.19 or newer is needed"
  command -v npm >/dev/null || die "npm is missing: install it beside Node.js"
}

# need_packages PACKAGE...: installs the Debian packages that are not there.
need_packages() {
  local missing=() package
  for package; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  command -v apt-get >/dev/null || die "please install by hand (this is no Debian): ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install: ${missing[*]}"
}

# need_modules: the npm packages of the lock file, and everything compiled.
need_modules() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "installing npm packages"
    # The package speaker has no settings of its own for 64-bit ARM; those for 64-bit x86 fit
    # (same byte order and widths, and only the ALSA part is compiled).
    CFLAGS="-I../deps/mpg123/config/linux/x64 ${CFLAGS:-}" npm ci --no-audit --no-fund --loglevel=error
    touch node_modules/.package-lock.json
  fi
  say "compiling"
  node scripts/build.mjs
}

BUILD_PACKAGES=(build-essential python3 libasound2-dev alsa-utils)
