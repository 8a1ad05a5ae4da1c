# Sourced by appliance.sh: how a release is put in force, proven, and left again if it fails; what the
# service's files are. Invariant: a switch is one rename.
# shellcheck shell=bash
# shellcheck disable=SC2015,SC2034,SC2154,SC2164 # "a && b || die" is meant so; names are of and for
# the others; set -e holds

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
    [ "$name" != pipit-tools.service ] || put_tools_user
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
  [ -n "$DRY_RUN" ] || put_notify "$1"
  put_devices
}

# setting SECTION KEY: its value in the configuration, as it is usually written; empty where it is not.
setting() {
  sed -nE "/^$1:/,/^[^[:space:]#]/s/^[[:space:]]+$2:[[:space:]]*[\"']?([^\"'#[:space:]]+).*/\1/p" "$CONFIG" 2>/dev/null | head -n 1
}

# put_devices: the service may use a camera, or the LEDs of a HAT, only where the configuration has them.
put_devices() {
  local file=$UNITS/pipit.service.d/20-devices.conf unit=() service=() names=
  case $(setting camera source) in
    '' | off | OFF | file:*) ;;
    *)
      names='camera.source'
      unit+=(Wants=modprobe@videodev.service After=modprobe@videodev.service)
      # A camera at the ribbon cable is found by udev, over netlink, and fills buffers of dma_heap.
      service+=(SupplementaryGroups=video 'DeviceAllow=char-video4linux rw' 'DeviceAllow=char-media rw'
        'DeviceAllow=char-dma_heap rw' RestrictAddressFamilies=AF_NETLINK)
      ;;
  esac
  if [ "$(setting leds backend)" = apa102 ]; then
    names+="${names:+, }leds.backend"
    service+=(SupplementaryGroups=spi 'DeviceAllow=char-spi rw')
  fi
  if [ -z "$names" ]; then
    [ -e "$file" ] || return 0
    step "remove $file: neither a camera nor LEDs at SPI are configured any more" rm -f -- "$file"
    UNITS_CHANGED+=1
    return 0
  fi
  put_folder "$UNITS/pipit.service.d" 0755
  put_file "$file" 0644 root:root < <(
    printf '%s\n' "# By Pipit's installer, for $names." ${unit[@]+'[Unit]' "${unit[@]}"} '[Service]' "${service[@]}")
  UNITS_CHANGED+=$PUT
}

# put_tools_user: whom the owner's programs run as; in no group that may read the configuration.
put_tools_user() {
  local own=--user-group
  if getent group pipit-tools >/dev/null; then own=--gid=pipit-tools; fi
  getent passwd pipit-tools >/dev/null ||
    step "make user pipit-tools" useradd --system "$own" --home-dir /var/lib/pipit-tools --no-create-home \
      --shell /usr/sbin/nologin --comment "Programs of Pipit's owner" pipit-tools
}

# put_notify RELEASE: children may speak for the daemon only where it cannot speak for itself.
put_notify() {
  local file=$UNITS/pipit.service.d/10-notify.conf
  if (cd -- "$RELEASES/$1" && timeout 60 node -e 'require("koffi").load("libsystemd.so.0")' >/dev/null 2>&1); then
    if [ -e "$file" ]; then
      step "remove $file" rm -f -- "$file"
      UNITS_CHANGED+=1
    fi
    return 0
  fi
  put_folder "$UNITS/pipit.service.d" 0755
  put_file "$file" 0644 root:root < <(printf '%s\n' "# By Pipit's installer: systemd-notify speaks for the daemon here." '[Service]' NotifyAccess=all)
  UNITS_CHANGED+=$PUT
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
  step "keep the changed $UNITS/$1 as $copy (to make your own changes: systemctl edit $1)" \
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
    say "there is no earlier release to go back to. Find the cause with journalctl -u pipit, then run this again"
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
    [ -z "$name" ] || step "restore the lost link $OPT/current to $name" link_to current "$name"
  fi
  [ -e "$TRIAL_NOTE" ] || return 0
  OLD=$(cat -- "$TRIAL_NOTE") TRIAL=$(release_of current)
  say "an earlier run was interrupted before release $TRIAL had proven itself: checking it now"
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

# as_service RELEASE COMMAND ARG...: `pipit COMMAND` of this release on the installed configuration, with
# the keys and variables that the service has.
as_service() {
  (
    local line release=$1 command=$2
    shift 2
    while IFS= read -r line; do export_line "$line"; done \
      < <(unit_value Environment | tr ' ' '\n' || true; cat -- "$ETC/pipit.env" 2>/dev/null)
    # As systemd hands LoadCredential= on: a release that does not know it has no key, here as there.
    export CREDENTIALS_DIRECTORY=$CREDENTIALS
    timeout 60 node "$RELEASES/$release/dist/src/main.js" "$command" --config "$CONFIG" "$@"
  )
}

# check_config RELEASE: the problems of the installed configuration go to standard error.
check_config() {
  # 1: it is good, but no model could answer with it; that is so with the release in force, too.
  as_service "$1" check-config >/dev/null || [ $? -eq 1 ]
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

# run_doctor: what the release in force finds about this machine; its findings do not fail the installation.
run_doctor() {
  local current
  current=$(release_of current)
  has_command "$current" doctor || return 0
  say "pipit doctor:"
  timeout 120 node "$OPT/current/dist/src/main.js" doctor >&2 ||
    say "note: pipit doctor found problems (see above); Pipit runs all the same"
}

# wait_until_idle: lets a conversation end, for some time.
wait_until_idle() {
  local state deadline=$((SECONDS + IDLE_MAX_S)) said=
  [ -z "$NOW$DRY_RUN" ] || return 0
  while :; do
    state=$(timeout 10 node "$OPT/current/dist/src/main.js" status --json 2>/dev/null |
      sed -n 's/^{"state":"\([a-z-]*\)".*/\1/p') || true
    case $state in '' | idle | muted | fault) return 0 ;; esac
    [ -n "$said" ] || say "a conversation is going on: waiting for its end, at most $IDLE_MAX_S s (--now does not wait)"
    said=1
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
    say "  To bring it up to date:  sudo $OPT/releases/$1/dist/src/main.js migrate-config --config $CONFIG"
  else
    say "  Correct these lines, then run this again."
  fi
}
