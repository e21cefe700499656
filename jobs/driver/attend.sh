# How runs and jobs hear signals; sourced by run_frame.sh and job_frame.sh. `stopping` is set once one has come.
child=
stopping= interrupted=

# Passes a signal on to what runs; USR2 makes synbal write its checkpoint and stop.
pass_on() {
  stopping=yes interrupted=yes
  if [ -n "$child" ]; then kill -USR2 "$child" 2>/dev/null; fi
}
trap pass_on USR2 TERM INT

# attend COMMAND...: runs it with signals passed on; its exit code. A signal ends a `wait` early.
attend() {
  local code
  "$@" & # it keeps a run's lock: what outlives this script still works on the run
  child=$!
  wait "$child"
  code=$?
  while [ -n "$interrupted" ]; do
    interrupted=
    wait "$child"
    code=$?
  done
  child=
  return "$code"
}
