# Sourced by install, upgrade, rollback and uninstall: where things are on the appliance, what its
# scripts have in common. release.sh makes a release, service.sh puts it in force and proves it.
#
# Invariant: at every moment, a power cut included, /opt/pipit/current leads to a whole release. A
# release is built beside the others and comes into being by one rename; a switch is one rename, too.
# While a new one has not proven itself, the name of the old one is in /opt/pipit/trial: whoever is
# interrupted goes back to it, and what a power cut left behind is settled by the next run.
# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034 # "a && b || die" is meant so; some names are for the scripts
# shellcheck source-path=SCRIPTDIR source=setup.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/setup.sh"

# Another root, for tests: nothing outside it is touched, and no root rights are asked for.
ROOT=${PIPIT_ROOT:-}
OPT=$ROOT/opt/pipit
RELEASES=$OPT/releases
ETC=$ROOT/etc/pipit
CONFIG=$ETC/config.yaml
CREDENTIALS=$ETC/credentials
KEY_FILE=$CREDENTIALS/OPENAI_API_KEY
UNITS=$ROOT/etc/systemd/system
COMMAND=$ROOT/usr/local/bin/pipit
MANUAL=$ROOT/usr/local/share/man/man1/pipit.1
COMPLETION=$ROOT/usr/local/share/bash-completion/completions/pipit
UDEV_RULES=$ROOT/etc/udev/rules.d/60-pipit-gpio.rules
SPI_RULES=$ROOT/etc/udev/rules.d/60-pipit-spi.rules
POLKIT_RULES=$ROOT/etc/polkit-1/rules.d/50-pipit-poweroff.rules
JOURNAL_CONF=$ROOT/etc/systemd/journald.conf.d/60-pipit.conf
TRIAL_NOTE=$OPT/trial

RELEASES_MAX=3
# A build needs the packages for development, too (230 MB), and node-gyp's headers.
DISK_MIN_MB=600
# The compiler's peak is 330 MB (measured), with npm and the rest of the system beside it.
MEMORY_MIN_MB=600
# How long `systemctl restart` may take: TimeoutStopSec and TimeoutStartSec of the unit, and some.
START_MAX_S=${PIPIT_START_MAX_S:-90}
# How long a release must stay up after READY before it is trusted.
SETTLE_S=${PIPIT_SETTLE_S:-10}
# How long an upgrade waits for the end of a conversation.
IDLE_MAX_S=${PIPIT_IDLE_MAX_S:-60}
FAILED_LINES=15
# What a release consists of. The tests and what only development needs stay outside.
RELEASE_PARTS=(dist node_modules config systemd scripts package.json package-lock.json README.md LICENSE CHANGELOG.md)
RELEASE_SCRIPTS=(appliance.sh release.sh service.sh setup.sh install upgrade rollback uninstall)
SOURCE_PARTS=(src config systemd scripts package.json package-lock.json tsconfig.json README.md LICENSE CHANGELOG.md)

DRY_RUN='' YES='' NOW='' CHANGES=0
STAGING='' EXPORT='' TRIAL='' OLD='' WHY=''

# --- what every script does at its beginning -------------------------------------------------------

# bad_usage TEXT
bad_usage() { say "${0##*/}: $1 (see --help)"; exit 2; }

# usage_of FILE: the comment at the head of a script is its help.
usage_of() { awk 'NR > 1 { if (!/^#/) exit; sub(/^# ?/, ""); print }' "$1"; exit 0; }

# step TEXT COMMAND...: one change, said and then made; with --dry-run only said.
step() {
  local text=$1
  shift
  CHANGES=$((CHANGES + 1))
  if [ -n "$DRY_RUN" ]; then say "would: $text"; return 0; fi
  say "$text"
  "$@"
}

# become_root SCRIPT ARG...: starts again with root rights where they are missing.
become_root() {
  local script=$1
  shift
  [ -z "$DRY_RUN" ] && [ -z "$ROOT" ] && [ "$(id -u)" != 0 ] || return 0
  command -v sudo >/dev/null || die "this needs root rights: run it as root"
  say "asking sudo for root rights"
  local kept=()
  [ -z "${OPENAI_API_KEY:-}" ] || kept=(--preserve-env=OPENAI_API_KEY)
  cd -- "$CALLED_FROM"
  exec sudo "${kept[@]}" -- "$script" "$@"
}

# only_one: two of these at a time would undo each other. Held until the end by an open file.
only_one() {
  [ -z "$DRY_RUN" ] || return 0
  mkdir -p "$ROOT/run"
  exec 9>"$ROOT/run/pipit-setup.lock"
  flock -n 9 || die "another install, upgrade, rollback or uninstall is running: wait for its end, then run this again"
}

# guard: from here on an interruption leaves nothing half done.
guard() {
  trap on_exit EXIT
  trap 'say "interrupted"; exit 1' INT TERM HUP PIPE
}

on_exit() {
  local code=$?
  trap - EXIT
  trap '' INT TERM HUP PIPE
  [ -z "$STAGING" ] || rm -rf -- "$STAGING"
  [ -z "$EXPORT" ] || rm -rf -- "$EXPORT"
  if [ -n "$TRIAL" ]; then
    say "release $TRIAL had not proven itself yet"
    go_back || true
    code=1
  fi
  exit "$code"
}

# --- can this machine run it? -----------------------------------------------------------------------

need_system() {
  command -v systemctl >/dev/null && [ -d "$ROOT/run/systemd/system" ] ||
    die "systemd does not run here, and Pipit is a systemd service. To try Pipit without it: ./scripts/demo"
  [ "$(getconf LONG_BIT)" = 64 ] ||
    die "this system is 32-bit: Pipit needs the 64-bit edition of Raspberry Pi OS or Debian (a Pi 3, 4, 5, 400 or Zero 2 W runs it)"
}

# need_service_node: a Node.js that the service can reach. Sets NODE, the path the unit names, and
# NODE_KIND, what machine code in packages is built for.
need_service_node() {
  need_node
  local arch real
  read -r arch NODE_KIND < <(node -p 'process.arch + " " + process.versions.modules + process.arch')
  case $arch in
    arm64 | x64) ;;
    *) die "this Node.js is built for $arch: install the 64-bit build for this processor" ;;
  esac
  NODE=$(command -v node)
  real=$(readlink -f -- "$NODE")
  case $NODE:$real in
    /home/* | *:/home/* | /root/* | *:/root/* | /run/user/*)
      say "Node.js is in a home folder ($real), which the service cannot see (ProtectHome=)."
      say "  Install it for the whole system, then run this again; nvm and the like are for people."
      node_remedy
      exit 1 ;;
  esac
  # /usr/bin/node is what the unit says; other names of the same file are no reason to change it.
  if [ "$(readlink -f /usr/bin/node 2>/dev/null)" = "$real" ]; then NODE=/usr/bin/node; fi
}

# need_disk MB
need_disk() {
  local at=$OPT free_mb
  while [ ! -d "$at" ]; do at=$(dirname -- "$at"); done
  free_mb=$(df -Pm -- "$at" | awk 'NR == 2 { print $4 }')
  [ "$free_mb" -ge "$1" ] ||
    die "only $free_mb MB are free in $at, $1 MB are needed: free some (sudo apt clean; sudo journalctl --vacuum-size=50M)"
}

warn_memory() {
  local free_mb
  free_mb=$(awk '/^(MemAvailable|SwapFree):/ { sum += $2 } END { print int(sum / 1024) }' "${PIPIT_MEMINFO:-/proc/meminfo}")
  [ "$free_mb" -lt "$MEMORY_MIN_MB" ] || return 0
  say "note: only $free_mb MB of memory and swap are free; compiling takes up to $MEMORY_MIN_MB MB and may be killed."
  say "  If it is: add swap (sudo swapon of a 1 GB file), or build on another machine of the same kind and give the"
  say "  tree with --from."
}

# --- files ------------------------------------------------------------------------------------------

# put_file PATH MODE OWNER: standard input becomes the file, whole or not at all. Does nothing where
# the file is like that already; PUT tells.
put_file() {
  local path=$1 mode=$2 owner=$3 new
  PUT=
  if [ -n "$DRY_RUN" ]; then
    if ! cmp -s - "$path"; then step "write $path"; fi
    return 0
  fi
  new=$(dirname -- "$path")/.${path##*/}.new
  mkdir -p -- "$(dirname -- "$path")"
  rm -f -- "$new"
  (umask 077 && cat >"$new") || return 1
  if cmp -s "$new" "$path" && [ "$(stat -c %a "$path")" = "${mode#0}" ]; then rm -f -- "$new"; return 0; fi
  chown -- "$owner" "$new" && chmod -- "$mode" "$new" && sync -- "$new" || return 1
  step "write $path" mv -fT -- "$new" "$path" || return 1
  PUT=1
}

# put_folder PATH MODE
put_folder() {
  if [ -d "$1" ] && [ "$(stat -c %a "$1")" = "${2#0}" ]; then return 0; fi
  step "make folder $1" install -d -m "$2" -- "$1"
}

# link_to LINK NAME: /opt/pipit/LINK leads to release NAME, from one moment to the next.
link_to() {
  ln -sfnT -- "releases/$2" "$OPT/.$1.new"
  mv -fT -- "$OPT/.$1.new" "$OPT/$1"
}

# release_of LINK: the name of the release that a link leads to; empty when there is none.
release_of() {
  if [ -L "$OPT/$1" ] && [ -d "$OPT/$1" ]; then basename -- "$(readlink -- "$OPT/$1")"; fi
}

# setup.sh has gone to the project's root.
# shellcheck source-path=SCRIPTDIR source=release.sh
. scripts/release.sh
# shellcheck source-path=SCRIPTDIR source=service.sh
. scripts/service.sh
