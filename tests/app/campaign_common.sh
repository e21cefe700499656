# campaign CODE WORDS...: the driver in $jobs ends with this exit code within $limit seconds; what it says is in ./out and
# ./err.
campaign() {
  local code=$1 got=0
  shift
  timeout -k 5 "$limit" "$python" "$jobs/campaign.py" "$@" >out 2>err </dev/null || got=$?
  checks=$((checks + 1))
  [ "$got" -eq "$code" ] || fail "exit code $got instead of $code: campaign.py $*"
}
