# bash completion for pipit(1). Made from the commands' specs by "npm run docs".
_pipit() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} words= files=
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "check-config cost demo devices doctor leds-off memory metrics migrate-config mute run say simulate status stop timers tools volume wake wake-words --help --version" -- "$word")
    return
  fi
  case ${COMP_WORDS[1]}:$before in
    check-config:--config | demo:--out | demo:--config | doctor:--config | leds-off:--config | memory:--config | metrics:--html | metrics:--config | migrate-config:--persona | migrate-config:--config | mute:--config | run:--config | say:--file | say:--config | simulate:--scenario | simulate:--voice-file | simulate:--log | status:--config | stop:--config | timers:--config | tools:--config | volume:--config | wake:--config | wake-words:--model | wake-words:--from | wake-words:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    cost:--tokens-per-day | cost:--model | cost:--against | memory:--socket | metrics:--since | metrics:--until | migrate-config:--model | mute:--socket | say:--socket | simulate:--port | simulate:--speed | status:--socket | stop:--socket | timers:--days | timers:--socket | tools:--socket | volume:--socket | wake:--socket | wake-words:--keyword | wake-words:--engine | wake-words:--sensitivity | wake-words:--seconds) return ;;
    demo:--metrics | metrics:--dir | simulate:--dump-audio | wake-words:--dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
  esac
  case ${COMP_WORDS[1]} in
    check-config) words="--config --json --help" files=1 ;;
    cost) words="--tokens-per-day --model --against --json --help" ;;
    demo) words="--live --out --metrics --config --help" ;;
    devices) words="--json --help" ;;
    doctor) words="--quick --offline --wake --echo --walk --yes --config --json --help" ;;
    leds-off) words="--config --help" ;;
    memory) words="remember forget all --socket --config --json --help" ;;
    metrics) words="--since --until --sessions --compare --csv --html --dir --config --json --help" ;;
    migrate-config) words="--dry-run --persona --model --force --rollback --config --json --help" files=1 ;;
    mute) words="on off toggle --socket --config --json --help" ;;
    run) words="--config --help" ;;
    say) words="--file --offline --socket --config --json --help" ;;
    simulate) words="--port --scenario --beta --voice-file --speed --log --dump-audio --json --help" ;;
    status) words="--socket --watch --debug --config --json --help" ;;
    stop) words="--socket --config --json --help" ;;
    timers) words="set add cancel all snooze --days --socket --config --json --help" ;;
    tools) words="call argument --socket --config --json --help" ;;
    volume) words="--socket --config --json --help" ;;
    wake) words="--socket --config --json --help" ;;
    wake-words) words="list install try score --keyword --model --engine --sensitivity --from --dir --yes --seconds --config --json --help" files=1 ;;
  esac
  if [[ $files && $word != -* ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
  fi
}
complete -o filenames -F _pipit pipit
