# Sourced by install, upgrade, rollback and uninstall: where things are on the appliance, how a release
# is made, put in force and proven.
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
UDEV_RULES=$ROOT/etc/udev/rules.d/60-pipit-gpio.rules
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
RELEASE_SCRIPTS=(appliance.sh setup.sh install upgrade rollback uninstall)
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
  command -v sudo >/dev/null || die "root rights are needed: run this as root"
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
  flock -n 9 || die "another install, upgrade, rollback or uninstall is going on"
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
    die "systemd does not run here: Pipit is installed as a systemd service (to try it: ./scripts/demo)"
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
    *) die "this Node.js is built for $arch: the 64-bit build for this processor is needed" ;;
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
    die "only $free_mb MB are free in $at, $1 MB are needed: make room (sudo apt clean; journalctl --vacuum-size=50M)"
}

warn_memory() {
  local free_mb
  free_mb=$(awk '/^(MemAvailable|SwapFree):/ { sum += $2 } END { print int(sum / 1024) }' "${PIPIT_MEMINFO:-/proc/meminfo}")
  [ "$free_mb" -lt "$MEMORY_MIN_MB" ] || return 0
  say "note: only $free_mb MB of memory and swap are free; compiling takes up to $MEMORY_MIN_MB MB and may be killed."
  say "  Then: add swap (sudo swapon of a 1 GB file), or build on another machine of the same kind and give the"
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

# --- making a release ------------------------------------------------------------------------------

# version_of TREE
version_of() {
  local version
  version=$(sed -n 's/^  "version": "\([0-9A-Za-z.+-]*\)".*/\1/p' "$1/package.json" 2>/dev/null | head -n 1) || true
  [ -n "$version" ] || die "$1 is no tree of Pipit: it has no package.json with a version"
  echo "$version"
}

# content_of TREE PART...: what tells one release from another: the files and the Node.js it is for.
content_of() {
  local tree=$1
  shift
  (
    cd -- "$tree"
    echo "$NODE_KIND"
    { find "$@" -type f -print0 2>/dev/null || true; } | LC_ALL=C sort -z | xargs -0 sha256sum
  ) | sha256sum | cut -c 1-16
}

# field RELEASE NAME: one line of what a release says of itself.
field() { sed -n "s/^$2=//p" "$RELEASES/$1/RELEASE" 2>/dev/null || true; }

# releases: the names of all, the newest first.
releases() {
  [ -d "$RELEASES" ] || return 0
  find "$RELEASES" -mindepth 1 -maxdepth 1 -type d ! -name '.*' -printf '%T@ %f\n' | sort -rn | cut -d ' ' -f 2-
}

# find_release CONTENT: the release that is made of just this.
find_release() {
  local name
  for name in $(releases); do
    if [ "$(field "$name" content)" = "$1" ]; then echo "$name"; return 0; fi
  done
}

# make_release TREE KIND [COMMIT]: KIND is source (to be built) or built. Sets NEW to its name; one that
# is there already is used again.
make_release() {
  local tree=$1 kind=$2 commit=${3:-} version content parts=("${SOURCE_PARTS[@]}")
  [ "$kind" = source ] || parts=(dist/src node_modules/.package-lock.json "${RELEASE_PARTS[@]:2}")
  version=$(version_of "$tree")
  content=$(content_of "$tree" "${parts[@]}")
  NEW=$(find_release "$content")
  [ -z "$NEW" ] || return 0
  NEW=$version-$(date -u +%Y%m%dT%H%M%SZ)
  if [ -n "$DRY_RUN" ]; then
    step "make release $NEW from $tree ($kind)"
    return 0
  fi
  put_folder "$OPT" 0755
  put_folder "$RELEASES" 0755
  STAGING=$(mktemp -d "$RELEASES/.staging.XXXXXX")
  chmod 0755 "$STAGING"
  if [ "$kind" = source ]; then stage_source "$tree"; else stage_built "$tree"; fi
  strip_staging
  (cd "$STAGING" && timeout 60 node dist/src/main.js --version >/dev/null) ||
    die "the program in this tree does not start: node dist/src/main.js --version"
  warn_natives
  printf 'version=%s\ncommit=%s\ncontent=%s\nnode=%s\nmade=%s\n' "$version" "$commit" "$content" \
    "$(node --version)" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$STAGING/RELEASE"
  chown -R -- root:root "$STAGING"
  chmod -R -- u+rwX,go+rX,go-w "$STAGING"
  touch -- "$STAGING"
  # Names must not reach the disk before what they name.
  sync -f -- "$STAGING"
  step "release $NEW is ready" mv -T -- "$STAGING" "$RELEASES/$NEW"
  STAGING=
}

stage_source() {
  say "building release $NEW (npm packages, then compiling; some minutes on a small machine)"
  tar -C "$1" --exclude=./node_modules --exclude=./.git --exclude='./dist*' --exclude=./metrics \
    --exclude=./coverage --exclude=./out.wav -cf - . | tar -C "$STAGING" --no-same-owner -xf -
  # What npm runs belongs to others: it gets the rights of the one who called us, and waits its turn.
  local runner=()
  if [ -z "$ROOT" ] && [ "$(id -u)" = 0 ] && [ "${SUDO_USER:-root}" != root ]; then
    chown -R -- "$SUDO_USER" "$STAGING"
    runner=(runuser -u "$SUDO_USER" -- env "HOME=$(getent passwd "$SUDO_USER" | cut -d : -f 6)")
  fi
  "${runner[@]}" nice -n 10 bash -c "set -euo pipefail; $(declare -f npm_ci build_here); build_here \"\$1\"" build "$STAGING" ||
    die "building failed (see above); nothing was changed, run this again when the reason is gone"
}

# One compiler at a time: a Pi has more cores than memory for them. npm leaves packages that are
# optional out when they fail; warn_natives tells.
build_here() {
  cd -- "$1"
  export JOBS=1 npm_config_jobs=1
  npm_ci
  node scripts/build.mjs
  npm prune --omit=dev --no-audit --no-fund --loglevel=error
}

stage_built() {
  [ -e "$1/dist/src/main.js" ] && [ -d "$1/node_modules" ] ||
    die "$1 is not built: dist/src/main.js and node_modules are wanted (node scripts/build.mjs there)"
  say "copying the built tree $1 as release $NEW"
  local part parts=()
  for part in "${RELEASE_PARTS[@]}"; do [ ! -e "$1/$part" ] || parts+=("$part"); done
  tar -C "$1" -cf - "${parts[@]}" | tar -C "$STAGING" --no-same-owner -xf -
  if [ -d "$STAGING/node_modules/typescript" ] && command -v npm >/dev/null; then
    (cd "$STAGING" && npm prune --omit=dev --offline --ignore-scripts --no-audit --no-fund --loglevel=error) ||
      say "note: the packages for development could not be removed; they cost room and nothing else"
  fi
}

# strip_staging: leaves in the staging folder what a release consists of.
strip_staging() {
  local path
  for path in "$STAGING"/* "$STAGING"/.[!.]*; do
    [[ " ${RELEASE_PARTS[*]} " == *" ${path##*/} "* ]] || rm -rf -- "$path"
  done
  for path in "$STAGING"/scripts/*; do
    [[ " ${RELEASE_SCRIPTS[*]} " == *" ${path##*/} "* ]] || rm -rf -- "$path"
  done
  rm -rf -- "$STAGING/dist/test" "$STAGING/node_modules/.cache"
}

# warn_natives: packages with machine code that are missing, or built for another machine or Node.js.
warn_natives() {
  local package
  declare -A instead=(
    [speaker]="sound goes out through aplay"
    [epoll]="onoff cannot be used for the button"
    [koffi]="LEDs and button are reached by onoff alone"
  )
  for package in $(cd "$STAGING" && timeout 60 node -e "$TRY_PACKAGES" speaker epoll koffi || echo speaker epoll koffi); do
    say "note: the package $package was not built or does not load here: ${instead[$package]}"
  done
}

# Prints those of the packages it is given that do not load. speaker opens the sound card as soon as it
# is loaded, and may abort: only what its machine code is for is looked at (e_machine in the ELF header).
TRY_PACKAGES='
const { closeSync, openSync, readSync } = require("node:fs");
const machine = (path) => {
  const file = openSync(path), head = Buffer.alloc(20);
  readSync(file, head, 0, 20, 0);
  closeSync(file);
  return head.readUInt16LE(18);
};
for (const name of process.argv.slice(1)) {
  try {
    if (name !== "speaker") require(name);
    else if (machine("node_modules/speaker/build/Release/binding.node") !== machine(process.execPath)) throw 0;
  } catch { console.log(name); }
}'

# prune_releases: keeps RELEASES_MAX, among them what is in force and what one can go back to.
prune_releases() {
  local name count=0 current previous others=()
  current=$(release_of current)
  previous=$(release_of previous)
  for name in $(releases); do
    case $name in
      "$current" | "$previous") count=$((count + 1)) ;;
      *) others+=("$name") ;;
    esac
  done
  for name in "${others[@]}"; do
    count=$((count + 1))
    [ "$count" -le "$RELEASES_MAX" ] || step "remove the old release $name" rm -rf -- "${RELEASES:?}/$name"
  done
}

# --- putting a release in force ---------------------------------------------------------------------

# unit_files RELEASE: the units it brings.
unit_files() {
  find "$RELEASES/$1/systemd" -maxdepth 1 \( -name 'pipit*.service' -o -name 'pipit*.path' \
    -o -name 'pipit*.timer' -o -name 'pipit*.socket' \) 2>/dev/null | sort
}

# put_units RELEASE: its units, with the path of this machine's Node.js; and none of other releases.
# UNITS_CHANGED tells whether systemd must read them again.
put_units() {
  local file name other mine=' '
  UNITS_CHANGED=
  for file in $(unit_files "$1"); do
    name=${file##*/} mine+="${file##*/} "
    keep_strange "$name"
    put_file "$UNITS/$name" 0644 root:root < <(sed "s#/usr/bin/node\\b#$NODE#g" "$file")
    UNITS_CHANGED+=$PUT
  done
  for other in $(releases); do
    for file in $(unit_files "$other"); do
      name=${file##*/}
      if [[ $mine != *" $name "* ]] && [ -e "$UNITS/$name" ]; then
        step "remove $UNITS/$name" remove_unit "$name"
        UNITS_CHANGED+=1
      fi
    done
  done
}

remove_unit() {
  systemctl disable --now "$1" >/dev/null 2>&1 || systemctl stop "$1" >/dev/null 2>&1 || true
  rm -f -- "$UNITS/$1"
}

# keep_strange UNIT: a unit that no release brought was made or changed by hand; a copy stays.
keep_strange() {
  local other copy=$ETC/$1.replaced
  [ -e "$UNITS/$1" ] || return 0
  for other in $(releases); do
    ! cmp -s "$UNITS/$1" <(sed "s#/usr/bin/node\\b#$NODE#g" "$RELEASES/$other/systemd/$1" 2>/dev/null) || return 0
    ! cmp -s "$UNITS/$1" "$RELEASES/$other/systemd/$1" || return 0
  done
  step "keep the changed $UNITS/$1 as $copy (changes of your own belong into: systemctl edit $1)" \
    cp -- "$UNITS/$1" "$copy"
}

# unit_value NAME: one property of the service.
unit_value() { systemctl show pipit.service --property "$1" | sed "s/^$1=//"; }

# start_and_prove: (re)starts the service. True when it said READY and then stayed up, as the same
# process, for SETTLE_S seconds. Otherwise WHY says what happened.
start_and_prove() {
  local id second
  STARTED_AT=$(date +%s)
  if ! timeout --foreground "$START_MAX_S" systemctl restart pipit.service; then
    WHY="did not become ready ($(unit_value Result), exit status $(unit_value ExecMainStatus))"
    return 1
  fi
  id=$(life)
  for ((second = 1; second <= SETTLE_S; second++)); do
    sleep 1
    if [[ $id != *ActiveState=active* ]] || [ "$(life)" != "$id" ]; then
      WHY="became ready and ended again within $second s ($(unit_value Result))"
      return 1
    fi
  done
}

# life: what stays the same for as long as one process lives, and whether it does.
life() { systemctl show pipit.service --property ActiveState,InvocationID,NRestarts,ActiveEnterTimestampMonotonic; }

# show_failure: the last lines of the journal about what has just failed.
show_failure() {
  say "the last lines of its journal:"
  journalctl --unit pipit.service --since "@$STARTED_AT" --lines "$FAILED_LINES" --no-pager --output cat 2>/dev/null |
    sed 's/^/  | /' >&2 || true
}

# enforce NAME: its units and the link.
enforce() {
  put_units "$1" || return 1
  step "$OPT/current leads to $1" link_to current "$1" || return 1
  sync -f -- "$OPT" || return 1
  if [ -n "$UNITS_CHANGED" ]; then systemctl daemon-reload; fi
}

# put_in_force NAME: switches to a release and proves it; false when that failed and the old one is back.
put_in_force() {
  local new=$1
  OLD=$(release_of current)
  if [ -n "$DRY_RUN" ]; then
    step "put release $new in force, restart pipit.service, see it say READY and stay up for $SETTLE_S s, else go back to ${OLD:-nothing}"
    return 0
  fi
  begin_trial "$new"
  if enforce "$new" && start_and_prove; then
    accept
    say "release $new is ready and stays up"
  else
    say "release $new $WHY"
    show_failure
    go_back
    return 1
  fi
}

# begin_trial NAME: writes down what to go back to.
begin_trial() {
  printf '%s\n' "$OLD" >"$OPT/.trial.new"
  sync -- "$OPT/.trial.new"
  mv -fT -- "$OPT/.trial.new" "$TRIAL_NOTE"
  sync -f -- "$OPT"
  TRIAL=$1
}

# accept: the release on trial has proven itself.
accept() {
  if [ -n "$OLD" ] && [ "$OLD" != "$TRIAL" ]; then link_to previous "$OLD"; fi
  TRIAL=
  rm -f -- "$TRIAL_NOTE"
  sync -f -- "$OPT"
}

# go_back: the release on trial has failed. True when the old one runs again, proven.
go_back() {
  local failed=$TRIAL
  TRIAL=
  if [ -z "$OLD" ] || [ "$OLD" = "$failed" ] || [ ! -d "$RELEASES/$OLD" ]; then
    rm -f -- "$TRIAL_NOTE"
    say "there is no other release to go back to: see journalctl -u pipit, mend it and run this again"
    return 1
  fi
  say "going back to release $OLD"
  enforce "$OLD"
  rm -f -- "$TRIAL_NOTE"
  if start_and_prove; then
    say "release $OLD is ready again"
  else
    say "release $OLD $WHY, too"
    show_failure
    return 1
  fi
}

# mend: brings in order what an older way of installing or an interrupted run has left.
mend() {
  local name
  adopt
  [ -z "$DRY_RUN" ] || return 0
  rm -rf -- "${RELEASES:?}"/.staging.* "$OPT"/.*.new
  if [ -z "$(release_of current)" ]; then
    name=$(releases | head -n 1)
    [ -z "$name" ] || step "$OPT/current leads to $name, which it had lost" link_to current "$name"
  fi
  [ -e "$TRIAL_NOTE" ] || return 0
  OLD=$(cat -- "$TRIAL_NOTE") TRIAL=$(release_of current)
  say "an earlier run was interrupted before release $TRIAL had proven itself: proving it now"
  if enforce "$TRIAL" && start_and_prove; then
    accept
  else
    say "release $TRIAL $WHY"
    show_failure
    go_back || true
  fi
}

# adopt: /opt/pipit/current as a folder, from an installation by hand, becomes a release like others.
adopt() {
  [ -d "$OPT/current" ] && [ ! -L "$OPT/current" ] || return 0
  local name
  name=$(version_of "$OPT/current")-by-hand
  while [ -e "$RELEASES/$name" ]; do name+=-older; done
  put_folder "$RELEASES" 0755
  step "take over the installation by hand in $OPT/current as release $name" adopt_as "$name"
}

adopt_as() {
  mv -T -- "$OPT/current" "$RELEASES/$1"
  link_to current "$1"
  chown -R -- root:root "$RELEASES/$1"
}

# check_config RELEASE: the installed configuration, as this release would read it, with the keys and
# variables that the service has. Its problems go to standard error.
check_config() {
  (
    local line
    while IFS= read -r line; do export_line "$line"; done \
      < <(unit_value Environment | tr ' ' '\n' || true; cat -- "$ETC/pipit.env" 2>/dev/null)
    # As systemd hands LoadCredential= on: a release that does not know it has no key, here as there.
    export CREDENTIALS_DIRECTORY=$CREDENTIALS
    timeout 60 node "$RELEASES/$1/dist/src/main.js" check-config --config "$CONFIG" >/dev/null
  )
}

# export_line NAME=VALUE: one line of an EnvironmentFile=; what is none is passed over.
export_line() {
  local name=${1%%=*} value=${1#*=}
  [[ $1 == *=* && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || return 0
  if [[ $value =~ ^\"(.*)\"$ || $value =~ ^\'(.*)\'$ ]]; then value=${BASH_REMATCH[1]}; fi
  export "$name=$value"
}

# has_command RELEASE NAME: whether this release has `pipit NAME`.
has_command() { timeout 60 node "$RELEASES/$1/dist/src/main.js" --help 2>/dev/null | grep -q "^  $2 "; }

# run_doctor: what the release in force finds about this machine; its complaints are no failure of ours.
run_doctor() {
  local current
  current=$(release_of current)
  has_command "$current" doctor || return 0
  say "pipit doctor:"
  timeout 120 node "$OPT/current/dist/src/main.js" doctor >&2 ||
    say "note: pipit doctor is not content (see above); Pipit runs all the same"
}

# wait_until_idle: lets a conversation end, for some time.
wait_until_idle() {
  local state deadline=$((SECONDS + IDLE_MAX_S)) told=
  [ -z "$NOW$DRY_RUN" ] || return 0
  while :; do
    state=$(timeout 10 node "$OPT/current/dist/src/main.js" status --json 2>/dev/null |
      sed -n 's/^{"state":"\([a-z-]*\)".*/\1/p') || true
    case $state in '' | idle | muted | fault) return 0 ;; esac
    [ -n "$told" ] || say "a conversation is going on: waiting for its end, $IDLE_MAX_S s at most (--now does not wait)"
    told=1
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "it is still $state after $IDLE_MAX_S s: going on"
      return 0
    fi
    sleep 1
  done
}

# advise_migration RELEASE: what to do about a configuration of an older time.
advise_migration() {
  if has_command "$1" migrate-config; then
    say "  It can bring it up to date:  sudo $OPT/releases/$1/dist/src/main.js migrate-config --config $CONFIG"
  else
    say "  Mend these lines, then run this again."
  fi
}
