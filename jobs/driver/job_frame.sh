# What every batch job does; sourced by the scripts in jobs/, which give `task`, `tasks` and `requeue`. A task is a line of
# the file `tasks`: runs that are started one after the other. A run that was stopped (75), or died and may begin again,
# sends the task back to the queue, where it goes on with what is left.
set -uo pipefail
SYNBAL_JOB_STARTED=$(date +%s)
SYNBAL_JOB_LIMIT=$job_limit
export SYNBAL_JOB_STARTED SYNBAL_JOB_LIMIT
source "$campaign_folder/attend.sh"

# How often this run has ended by neither success nor an answer of synbal's (deaths), this time included.
deaths_of() {
  local count=0 file
  for file in "$campaign_folder/runs/$1"/attempt-*; do
    case $(cat "$file/exit_code" 2>/dev/null || echo none) in 0 | 2 | 3 | 4 | 75) ;; *) count=$((count + 1)) ;; esac
  done
  echo "$count"
}

worst=0
again=no
for run in $(sed -n "${task}p" "$tasks"); do
  code=0
  attend bash "$campaign_folder/runs/$run/run.sh" || code=$?
  case $code in
    0) ;;
    2 | 3 | 4) worst=$code ;; # an answer: the others go on
    75) again=yes ;;
    *) if [ "$(deaths_of "$run")" -le "$retries" ]; then again=yes; else worst=$code; fi ;;
  esac
  if [ "$code" -eq 75 ] || [ -n "$stopping" ]; then
    again=yes
    break
  fi
done
if [ $again = yes ]; then
  requeue
  exit 75
fi
exit "$worst"
