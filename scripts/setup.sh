# Sourced by the scripts of this folder: brings a fresh Debian or Raspberry Pi OS to where
# they can work. Says what it installs, and installs nothing that is there.
# shellcheck shell=bash
set -euo pipefail
# Where the caller stood, for paths that the owner gave.
# shellcheck disable=SC2034
CALLED_FROM=$PWD
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

# A terminal that has gone must not end what is going on.
say() { printf '%s\n' "$*" >&2 || true; }
die() { say "$*"; exit 1; }

# os_field NAME: one field of the system's description of itself, such as VERSION_CODENAME.
os_field() { sed -n "s/^$1=\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" "${PIPIT_ROOT:-}/etc/os-release" 2>/dev/null || true; }

# node_remedy: how to come by a Node.js that is new enough, on this system.
node_remedy() {
  case $(os_field VERSION_CODENAME) in
    bullseye | bookworm)
      say "  The nodejs package of this release ($(os_field VERSION_CODENAME)) is too old. Either move to Raspberry Pi OS or"
      say "  Debian 13 (trixie) or newer, whose own is new enough, or download Node.js 24 from its project's"
      say "  site (Linux, ARM64 on a Raspberry Pi, .tar.xz) and unpack it, npm included, where the service can reach it:"
      say "    sudo tar -xJf node-v24.*-linux-arm64.tar.xz -C /usr/local --strip-components=1" ;;
    *)
      say "  On Raspberry Pi OS or Debian 13 (trixie) and newer:  sudo apt install nodejs npm" ;;
  esac
}

# need_node: Node.js of the version that package.json asks for.
need_node() {
  command -v node >/dev/null || { say "Node.js is missing: 20.19 or newer is needed, with npm"; node_remedy; exit 1; }
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    { say "Node.js $(node --version) is too old: 20.19 or newer is needed, with npm"; node_remedy; exit 1; }
}

# need_npm: npm, which Debian packages apart from Node.js.
need_npm() {
  command -v npm >/dev/null || { say "npm is missing: it is needed to build"; node_remedy; exit 1; }
}

# need_packages PACKAGE...: installs the Debian packages that are not there.
need_packages() {
  local missing=() package
  for package; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ -n "${DRY_RUN:-}" ]; then say "would: install Debian packages: ${missing[*]}"; return 0; fi
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo)
  command -v apt-get >/dev/null || die "please install by hand (this is no Debian): ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update >/dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null ||
    die "apt-get could not install: ${missing[*]}"
}

# npm_ci: the npm packages of the lock file, into ./node_modules.
npm_ci() {
  # The package speaker has no settings of its own for 64-bit ARM; those for 64-bit x86 fit
  # (same byte order and widths, and only the ALSA part is compiled).
  CFLAGS="-I../deps/mpg123/config/linux/x64 ${CFLAGS:-}" npm ci --no-audit --no-fund --loglevel=error
}

# need_modules: the npm packages of the lock file, and everything compiled.
need_modules() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    say "installing npm packages"
    npm_ci
    touch node_modules/.package-lock.json
  fi
  say "compiling"
  node scripts/build.mjs
}

# What is needed to build; what it runs with.
# shellcheck disable=SC2034
BUILD_PACKAGES=(build-essential python3 libasound2-dev alsa-utils)
