# Sourced by the scripts of this folder: brings a fresh Debian or Raspberry Pi OS to where
# they can work. Says what it installs, and installs nothing that is there.
# shellcheck shell=bash
set -euo pipefail

# What these scripts depend on, they fix for themselves: a range such as [A-Za-z] is not the same
# letters in every language, and the owner's own settings for npm, Node.js, tar and the shell are
# meant for other work. What is shown to the owner at the end gets the owner's locale back.
OWNER_LOCALE=(LC_ALL="${LC_ALL-}")
export LC_ALL=C
unset CDPATH GLOBIGNORE POSIXLY_CORRECT TAR_OPTIONS GREP_OPTIONS NODE_ENV NODE_OPTIONS NODE_PATH
for variable in $(compgen -e | grep -i '^npm_config_' || true); do
  case ${variable,,} in
    # Where packages come from is the owner's to say.
    *registry* | *proxy | npm_config_cafile | npm_config_ca | npm_config_cache | npm_config_userconfig | *_auth*) ;;
    *) unset "$variable" ;;
  esac
done
umask 022

# in_owners_locale COMMAND...: runs a program in the place of this script.
in_owners_locale() {
  if [ -n "${OWNER_LOCALE[0]#LC_ALL=}" ]; then export "${OWNER_LOCALE[@]}"; else unset LC_ALL; fi
  exec "$@"
}

# What the unit gives Node, too (systemd/pipit.service): little memory, few threads.
# shellcheck disable=SC2034 # for the scripts that read this one
NODE_FLAGS=(--max-semi-space-size=1 --optimize-for-size --single-threaded --no-short-builtin-calls)

# usage_in FILE: prints the comment at its head.
usage_in() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$1" | grep -v '^shellcheck'; }

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
      say "  The nodejs package of this release ($(os_field VERSION_CODENAME)) is too old. Either upgrade to Raspberry Pi OS or"
      say "  Debian 13 (trixie) or newer, which has a newer one, or download Node.js 24 from the Node.js"
      say "  site (Linux, ARM64 on a Raspberry Pi, .tar.xz) and unpack it, with npm, where the service can read it:"
      say "    sudo tar -xJf node-v24.*-linux-arm64.tar.xz -C /usr/local --strip-components=1" ;;
    *)
      say "  On Raspberry Pi OS or Debian 13 (trixie) and newer:  sudo apt install nodejs npm" ;;
  esac
}

# node_of_one: a Node.js that only the owner's login shell knows (nvm, volta, fnm and the like).
node_of_one() {
  local home
  home=$(getent passwd "${SUDO_USER:-$(id -un)}" 2>/dev/null | cut -d : -f 6) || return 0
  find "$home"/.nvm/versions/node/*/bin "$home"/.volta/bin "$home"/.local/share/fnm/node-versions/*/installation/bin \
    -maxdepth 1 -name node 2>/dev/null | sort -V | tail -n 1 || true
}

# need_node: Node.js of the version that package.json asks for.
need_node() {
  local own
  own=$(command -v node >/dev/null || node_of_one)
  if [ -n "$own" ]; then
    say "Node.js is there for ${SUDO_USER:-$(id -un)} alone ($own): sudo and the service do not see it."
    say "  Install it for the whole system, then run this again; nvm and the like are for people."
    node_remedy
    exit 1
  fi
  command -v node >/dev/null || { say "Node.js is missing: 20.19 or newer is needed, with npm"; node_remedy; exit 1; }
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    { say "Node.js $(node --version) is too old: 20.19 or newer is needed, with npm"; node_remedy; exit 1; }
}

# need_npm: npm, which Debian packages apart from Node.js.
need_npm() {
  command -v npm >/dev/null || { say "npm is missing: the build needs it"; node_remedy; exit 1; }
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
  command -v apt-get >/dev/null || die "this system is not Debian: install these packages by hand: ${missing[*]}"
  say "installing Debian packages: ${missing[*]}"
  apt_get update || say "note: apt-get could not update its package lists; going on with the old lists"
  apt_get install -y --no-install-recommends "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

# apt_get ARG...: waits for whoever else is installing (on a fresh machine the system itself, for some
# minutes), and says so once. Its error is shown when it fails for another reason, or for too long.
# Uses as_root of the caller.
apt_get() {
  local message said='' holder deadline=$((SECONDS + ${PIPIT_APT_WAIT_S:-600}))
  while ! message=$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" 2>&1 >/dev/null); do
    if ! grep -Eqi 'could not get lock|unable to (acquire|lock)|dpkg frontend lock|lists?/lock' <<<"$message"; then
      say "$message"
      return 1
    fi
    holder=$(grep -oE 'held by process [0-9]+ \([^)]*\)' <<<"$message" | head -n 1) || true
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "another program is still installing packages (${holder:-lock held}). When it has finished, run this again:"
      say "  ps aux | grep -E 'apt|dpkg|unattended'"
      return 1
    fi
    [ -n "$said" ] || say "waiting for another program to install its packages (${holder:-lock held}); after the first boot this takes some minutes"
    said=1
    sleep "${PIPIT_APT_EVERY_S:-5}"
  done
}

# npm_ci: the npm packages of the lock file, into ./node_modules; all of them, whatever the owner's
# npmrc says: that decides where packages come from, and nothing else.
npm_ci() {
  # The package speaker has no settings of its own for 64-bit ARM; those for 64-bit x86 fit
  # (same byte order and widths, and only the ALSA part is compiled).
  CFLAGS="-I../deps/mpg123/config/linux/x64 ${CFLAGS:-}" npm ci --include=dev --include=optional \
    --ignore-scripts=false --bin-links=true --global=false --dry-run=false --install-strategy=hoisted \
    --legacy-peer-deps=false --engine-strict=false --package-lock-only=false \
    --no-audit --no-fund --loglevel=error
}

# modules_are_whole: everything that the lock file asks for is there (what is optional may be missing).
modules_are_whole() {
  node -e '
    const { existsSync, readFileSync } = require("node:fs");
    const wanted = JSON.parse(readFileSync("package-lock.json", "utf8")).packages;
    const names = Object.keys(wanted).filter((name) => name !== "" && !wanted[name].optional);
    process.exit(names.every((name) => existsSync(name + "/package.json")) ? 0 : 1);
  '
}

# need_modules: the npm packages of the lock file, and everything compiled.
need_modules() {
  if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ] ||
    ! modules_are_whole; then
    say "installing npm packages"
    npm_ci
    touch node_modules/.package-lock.json
  fi
  say "compiling"
  node scripts/build.mjs || die "compiling failed (see above); the earlier build is unchanged"
}

# What is needed to build; what it runs with.
# shellcheck disable=SC2034
BUILD_PACKAGES=(build-essential python3 libasound2-dev alsa-utils)
