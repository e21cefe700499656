# What every run of a campaign does; sourced by runs/ID/run.sh, which says what to run. In the run's folder it leaves
#   attempt-N/       one folder for each start: started, ended, host, job, exit_code, facts.txt, environment.txt, output, log
#   exit_code        of the last attempt, once it has ended;   verify_code   of `synbal verify`
# A run that has ended for good is not started again; one that was stopped goes on from its checkpoint. Exit code 75: to be
# continued. Only one process at a time works on a run.
set -uo pipefail
run_folder=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
cd "$run_folder" || exit 5
campaign_folder=$(cd ../.. && pwd)
source "$campaign_folder/machine.sh"

read_code() { if [ -f "$1" ]; then cat "$1"; else echo none; fi; }
write_code() { echo "$2" >"$1.partial" && mv "$1.partial" "$1"; }

# Nothing that runs again could change how it ended: done and judged, limits reached, bad input or command line.
settled() {
  case $(read_code exit_code) in
    0) [ "$verify" = no ] || [ -f verify_code ] ;;
    2 | 3 | 4) true ;;
    *) false ;;
  esac
}

# Variables that say how the machine was used; others may hold secrets.
note_environment() {
  local tools='OMP|OMPI|PMIX|PRTE|MPICH|I_MPI|UCX|FI|HDF5|PETSC|SYNBAL|SLURM|PBS'
  env | grep -E "^(PATH|LD_LIBRARY_PATH|LOADEDMODULES|HOSTNAME|($tools)_[A-Z0-9_]*)=" |
    grep -viE '^[^=]*(token|secret|passw|key|jwt|cookie|credential)[^=]*=' | sort >"$attempt/environment.txt"
  if type module >/dev/null 2>&1; then module list >"$attempt/modules.txt" 2>&1; fi
}

note_facts() {
  {
    echo "host: $(hostname)"
    echo "system: $(uname -srm)"
    echo "cores: $(nproc)"
    grep -m 1 'model name' /proc/cpuinfo | sed 's/.*: /processor: /'
    grep -E '^(MemTotal|MemAvailable):' /proc/meminfo
    echo "file system: $(stat -f -c %T .)"
    echo "program: $program ($("$program" --version 2>&1 | head -n 1))"
    echo "launcher: $(launch_words)"
    echo "nodes: ${SLURM_JOB_NODELIST:-$(sort -u "${PBS_NODEFILE:-/dev/null}" | xargs)}"
  } >"$attempt/facts.txt" 2>&1
}

# The last attempt's number; 0: there was none.
last_attempt() {
  local numbers
  numbers=$(find . -maxdepth 1 -type d -name 'attempt-*' | sed 's/.*-//' | sort -n | tail -n 1)
  echo "${numbers:-0}"
}

begin_attempt() {
  number=$(($(last_attempt) + 1))
  attempt=attempt-$number
  mkdir "$attempt" || exit 5
  rm -f exit_code
  date +%s >"$attempt/started"
  hostname >"$attempt/host"
  echo "${SLURM_JOB_ID:-${PBS_JOBID:-$$}}" >"$attempt/job"
  note_environment
  note_facts
}

end_attempt() {
  date +%s >"$attempt/ended"
  write_code "$attempt/exit_code" "$1"
  write_code exit_code "$1"
}

source "$campaign_folder/attend.sh"

# The words that limit a run's time to what is left of its job, if the job has a limit.
time_left() { echo $((SYNBAL_JOB_LIMIT - reserve - ($(date +%s) - SYNBAL_JOB_STARTED))); }
walltime=()
limit_time() {
  [ "${SYNBAL_JOB_LIMIT:-0}" -gt 0 ] || return 0
  local left
  left=$(time_left)
  if [ "$left" -lt 5 ]; then
    echo "run $run: no time left in this job" >&2
    exit 75
  fi
  walltime=(--max-walltime "$(printf '%02d:%02d:%02d' $((left / 3600)) $((left / 60 % 60)) $((left % 60)))")
}

compute() {
  if [ "$command" = benchmark ]; then
    attend launch "$(dirname "$(command -v "$program")")/synbal-benchmark" "$subject" --network "$network" "${options[@]}" \
      >"$output" 2>"$attempt/log"
    return
  fi
  local keep=()
  if [ "$verify" = yes ]; then keep=(--resume-if-exists "${walltime[@]}"); fi
  # shellcheck disable=SC2086
  attend launch "$program" $command "$network" -o "$output" --report report.json "${options[@]}" "${keep[@]}" \
    >"$attempt/output" 2>"$attempt/log"
}

# The verdict is a code of synbal's; a judgement that was stopped (75) or died is none, and is sought again.
judge() {
  local code=0
  attend launch "$program" verify "$network" "$output" --report verify.json "${verify_options[@]}" \
    >"$attempt/verify" 2>"$attempt/verify_log" || code=$?
  if [ -n "$stopping" ] && [ "$code" -ne 0 ]; then code=75; fi
  case $code in 0 | 2 | 3 | 4) write_code verify_code "$code" ;; esac
  return "$code"
}

exec 8>>.lock
if ! flock -w 2 8; then # `campaign.py status` holds it for a moment when it looks
  echo "run $run: another process works on it" >&2
  exit 0
fi
if settled; then exit "$(cat verify_code exit_code 2>/dev/null | sort -n | tail -n 1)"; fi
limit_time
if [ "$(last_attempt)" -ge "$most_attempts" ]; then
  echo "run $run: started $most_attempts times already" >&2
  write_code exit_code 1
  exit 1
fi

computed=no
if [ "$verify" = yes ] && [ "$(read_code exit_code)" = 0 ]; then computed=yes; fi
begin_attempt
code=0
setup || code=5
if [ "$code" -eq 0 ] && [ $computed = no ]; then
  prepare >"$attempt/prepare" 2>&1 || code=2
  if [ -n "$stopping" ]; then code=75; fi
  if [ "$code" -eq 0 ]; then compute || code=$?; fi
fi
judged=$code
if [ "$verify" = yes ] && [ "$code" -eq 0 ]; then judge || judged=$?; fi
end_attempt "$code" # 0 without a verify_code: the result stands, and only its judgement is to come
exit "$judged"
