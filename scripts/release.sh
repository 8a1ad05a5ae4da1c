# Sourced by appliance.sh: how a release is made, from a source tree or from a built one, and how old
# ones go. Invariant: a release is built beside the others and comes into being by one rename.
# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154,SC2164 # "a && b || die" is meant so; names are of and for
# the others; set -e holds

# version_of TREE
version_of() {
  local version
  version=$(sed -n 's/^  "version": "\([0-9A-Za-z.+-]*\)".*/\1/p' "$1/package.json" 2>/dev/null | head -n 1) || true
  [ -n "$version" ] || die "$1 is not a checkout of Pipit: it has no package.json with a version"
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
    die "building failed (see above); nothing was changed. Correct the cause, then run this again"
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

# need_built TREE: whether it can be installed as it is.
need_built() {
  local part
  for part in dist/src/main.js node_modules config/config.yaml systemd/pipit.service package.json; do
    [ -e "$1/$part" ] || bad_usage "$1 is no built checkout: $part is missing (npm ci && npm run build, there)"
  done
}

stage_built() {
  need_built "$1"
  say "copying the built tree $1 as release $NEW"
  local part parts=()
  for part in "${RELEASE_PARTS[@]}"; do [ ! -e "$1/$part" ] || parts+=("$part"); done
  tar -C "$1" -cf - "${parts[@]}" | tar -C "$STAGING" --no-same-owner -xf -
  if [ -d "$STAGING/node_modules/typescript" ] && command -v npm >/dev/null; then
    (cd "$STAGING" && npm prune --omit=dev --offline --ignore-scripts --no-audit --no-fund --loglevel=error) ||
      say "note: the development packages could not be removed; they only take up room"
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
