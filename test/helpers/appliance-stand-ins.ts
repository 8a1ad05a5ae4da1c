/**
 * Stand-ins, in bash, for the programs with which the scripts change a machine. $F is the folder where
 * they keep what the machine would know.
 */

/** systemd, as far as the scripts ask it: a service that does what its release's `behaviour` says. */
const SYSTEMCTL = `
echo "systemctl $*" >>$F/log
verb=$1 unit=\${!#}
begin() {
  behaviour=$(cat $PIPIT_ROOT/opt/pipit/current/dist/src/behaviour)
  echo $RANDOM.$RANDOM >$F/id
  case $behaviour in
    exits) echo failed >$F/active; return 1 ;;
    hangs) echo activating >$F/active; echo $$ >$F/begun; mv $F/begun $F/hanging; exec /bin/sleep 60 ;;
    *) echo active >$F/active; cp $PIPIT_ROOT/etc/systemd/system/pipit.service $F/unit ;;
  esac
}
case $verb:$unit in
  restart:pipit.service) begin ;;
  stop:*) echo inactive >$F/active ;;
  is-active:*) [ "$(cat $F/active 2>/dev/null)" = active ] ;;
  enable:*) touch $F/enabled ;;
  disable:*) rm -f $F/enabled ;;
  is-enabled:*) [ -e $F/enabled ] ;;
  show:*)
    if [ "$(cat $PIPIT_ROOT/opt/pipit/current/dist/src/behaviour 2>/dev/null)" = flaps ]; then echo $RANDOM.$RANDOM >$F/id; fi
    case $unit in
      ActiveState,*) cat $F/active $F/id | sed 's/^[a-z]/ActiveState=&/' ;;
      Environment) cat $F/environment 2>/dev/null ;;
      *) echo "$unit=0" ;;
    esac ;;
esac`;

export const STAND_INS: Readonly<Record<string, string>> = {
  systemctl: SYSTEMCTL,
  journalctl: 'echo "the last words of the service"',
  getent: 'touch $F/$1; [ $# = 2 ] && grep -x "$2" $F/$1',
  groupadd: 'echo "groupadd $*" >>$F/log; echo "$2" >>$F/group',
  useradd:
    'echo "useradd $*" >>$F/log; printf "%s\\n" "$@" | tail -n 1 | tee -a $F/passwd >>$F/group',
  usermod: 'echo "usermod $*" >>$F/log; echo "$2" >>$F/member.$3',
  userdel: 'echo "userdel $*" >>$F/log; sed -i "/^$1$/d" $F/passwd $F/group',
  groupdel: 'echo "groupdel $*" >>$F/log; sed -i "/^$1$/d" $F/group',
  id: 'if [ "$1" = -nG ]; then cat $F/member.$2 2>/dev/null; else exec /usr/bin/id "$@"; fi',
  "dpkg-query": "echo installed",
  "apt-get": 'echo "apt-get $*" >>$F/log',
  udevadm: 'echo "udevadm $*" >>$F/log',
  chown: 'echo "chown $*" >>$F/log',
  getconf: "echo 64",
  sleep: "true",
  sync: "true",
};
