#!/usr/bin/env bash
# The same network gives the same file and the same equilibrium, whatever the number of ranks, the method, the partition,
# the orientation or the format.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Small sizes of every kind.
options_of() {
  case $1 in
    random) echo "--nodes 200 --degree 8 --sigma 1 --inhibitory 0.2" ;;
    modular) echo "--nodes 240 --modules 6 --degree 8" ;;
    smallworld) echo "--nodes 150 --degree 6" ;;
    kronecker) echo "--nodes 128 --degree 8" ;;
    lattice) echo "--nodes 144 --degree 8" ;;
    ring) echo "--nodes 60" ;;
    layered) echo "--layers 20,15,10" ;;
    dense) echo "--nodes 40" ;;
  esac
}

# generated_alike KIND: one and three ranks write the same bytes, in both formats, a while apart.
generated_alike() {
  local kind=$1 extension
  for extension in h5 mtx; do
    # shellcheck disable=SC2046
    expect 0 0 generate "$kind" $(options_of "$kind") --seed 5 -o "one.$extension"
    # shellcheck disable=SC2046
    expect 0 3 generate "$kind" $(options_of "$kind") --seed 5 -o "three.$extension"
    check "$kind: the same .$extension at one and three ranks" cmp "one.$extension" "three.$extension"
  done
  # shellcheck disable=SC2046
  expect 0 0 generate "$kind" $(options_of "$kind") --seed 6 -o other.h5
  if [ "$kind" != ring ] && cmp -s one.h5 other.h5; then fail "$kind: another seed gives the same network"; fi
}

# equal NAME FIGURE REFERENCE: to 1e-9 of the cost.
equal() { check "$1: cost" true_that 'abs(a - b) <= 1e-9 * b' a="$2" b="$3"; }

# balanced NAME RANKS FILE REFERENCE OPTIONS...: converges to the reference cost.
balanced() {
  local name=$1 ranks=$2 file=$3 reference=$4
  shift 4
  expect 0 "$ranks" balance "$file" -o result.h5 --report report.json "$@"
  equal "$name" "$(figure report.json final)" "$reference"
  check "$name: imbalance" true_that 'a <= 1e-10' a="$(figure report.json l1_relative)"
}

# solved_alike RANKS:METHOD
solved_alike() {
  local ranks=${1%:*} method=${1#*:} partition
  for partition in contiguous nnz "$(cut_partition)"; do
    balanced "$method, $partition" "$ranks" ../random.h5 "$reference" --method "$method" --partition "$partition"
    check "$method: named in the report" grep -q "\"method\": \"$method" report.json
    expect 0 0 verify ../random.h5 result.h5
  done
  expect 0 "$ranks" verify ../random.h5 result.h5 --partition "$(cut_partition)" --report verified.json
  equal "verify on $ranks ranks" "$(figure verified.json final)" "$reference"
}

# same_bits NAME: of h, cost and certificate, at any number of ranks and with any partition; schedules promise those of h.
same_bits() {
  local of=$1 partition ranks words=(--reproducible)
  [ "$of" = cut ] && words+=(--power 1.5)
  [ "$of" = schedule ] && words=(--method stochastic --schedule sequential)
  expect 0 0 generate "$([ "$of" = cut ] && echo modular || echo random)" --nodes 240 --degree 8 --seed 5 -o net.h5
  expect 0 0 balance net.h5 -o one.h5 --write h --report one.json "${words[@]}"
  for ranks in 2 3; do
    partition=$([ $ranks -eq 3 ] && [ "$of" != schedule ] && cut_partition || echo nnz)
    expect 0 $ranks balance net.h5 -o other.h5 --write h --report other.json --partition "$partition" "${words[@]}"
    check "$of: the same bits of h on $ranks ranks" cmp <(h_of one.h5) <(h_of other.h5)
    [ "$of" = schedule ] && continue
    for key in final lower_bound gap krylov_iterations; do
      check "$of: the same $key on $ranks ranks" test "$(figure one.json $key)" = "$(figure other.json $key)"
    done
  done
}
h_of() { "$python" -c 'import h5py, sys; sys.stdout.buffer.write(h5py.File(sys.argv[1])["h"][:].tobytes())' "$1"; }

share_out generated_alike random modular smallworld kronecker lattice ring layered dense

# shellcheck disable=SC2046
expect 0 0 generate random $(options_of random) --seed 5 -o random.h5
# shellcheck disable=SC2046
expect 0 2 generate random $(options_of random) --seed 5 -o random.mtx
expect 0 0 balance random.h5 -o result.h5 --report report.json
reference=$(figure report.json final)
check "balancing lowers the cost" true_that 'a < 0.99 * b' a="$reference" b="$(figure report.json initial)"
share_out solved_alike {1,2,3,4}:{newton,sweep} 2:auto

# Formats: h -> .mtx -> .mtx.gz keep every bit, and all of them the cost.
formats() {
  local file
  # shellcheck disable=SC2046
  expect 0 2 generate random $(options_of random) --seed 5 -o ../random.mtx.gz
  check "the same text in .mtx and .mtx.gz" cmp ../random.mtx <(gzip -dc ../random.mtx.gz)
  for file in ../random.mtx ../random.mtx.gz ../random.h5; do
    balanced "$file" 2 "$file" "$reference"
    expect 0 3 verify "$file" result.h5
  done
  balanced "FILE.h5:/weights" 2 ../random.h5:/weights "$reference"
}

# Orientation: the transposed matrix read the other way round.
orientation() {
  awk '/^%/ { print; next } { print $2, $1, $3 }' ../random.mtx >transposed.mtx
  balanced "transposed" 3 transposed.mtx "$reference" --orientation pre-post
  expect 0 2 verify transposed.mtx result.h5
}

# Duplicates: every weight in two halves.
duplicates() {
  awk '/^%/ { print; next } sized == 0 { sized = 1; print $1, $2, 2 * $3; next }
    { for (k = 0; k < 2; ++k) printf "%s %s %.17g\n", $1, $2, $3 / 2 }' ../random.mtx >halves.mtx
  balanced "halves" 3 halves.mtx "$reference"
  check "halves: merged" test "$(figure report.json duplicates_merged)" -gt 0
  expect_refusal 3 halves.mtx 3 balance halves.mtx -o result.h5 --duplicates error
}

# What `apply` writes is balanced, in every format, and balancing it again changes nothing.
applied() {
  local file
  expect 0 2 balance ../random.h5 -o result.h5
  for file in applied.h5 applied.mtx applied.mtx.gz; do
    expect 0 3 apply ../random.h5 result.h5 -o "$file"
    expect 0 0 info "$file" --report info.json
    check "$file: balanced" true_that 'a <= 1e-9' a="$(figure info.json l1_relative)"
    equal "$file" "$(figure info.json initial)" "$reference"
  done
  balanced "balanced again" 2 applied.mtx "$reference"
  check "balanced again: h = 0" true_that 'abs(a) < 1e-8 && abs(b) < 1e-8' \
    a="$(figure report.json max)" b="$(figure report.json min)"
}

# The result is a network itself, and without weights it is not.
weights() {
  expect 0 0 info ../result.h5 --report info.json
  check "the result read as a network: balanced" true_that 'a <= 1e-9' a="$(figure info.json l1_relative)"
  expect 0 2 balance ../random.h5 -o only_h.h5 --write h
  check "only h: smaller" test "$(wc -c <only_h.h5)" -lt "$(wc -c <../result.h5)"
  expect 0 2 verify ../random.h5 only_h.h5
  expect 0 2 apply ../random.h5 only_h.h5 -o applied.h5
  expect 0 0 info applied.h5 --report info.json
  equal "only h, applied" "$(figure info.json initial)" "$reference"
  expect_refusal 3 /weights 2 balance only_h.h5 -o result.h5
  costs_alone 0 ../random.h5
  printf '3\n5\n' >two.ids
  costs_alone 3 ../random.h5 --pinned two.ids --power 1.5
  weights_again
  expect_refusal 2 ptscotch 2 balance ../random.h5 -o held.h5 --hold costs --partition ptscotch
  expect_refusal 2 --method 2 balance ../random.h5 -o held.h5 --write h --hold costs --method stochastic
}

# costs_alone RANKS FILE OPTIONS...: the weights leave memory while costs are laid out.
costs_alone() {
  local ranks=$1 file=$2
  shift 2
  expect 0 "$ranks" balance "$file" -o held.h5 --write h --hold weights --report weights.json --force "$@"
  expect 0 "$ranks" balance "$file" -o held.h5 --write h --hold costs --report costs.json --force "$@"
  equal "costs alone held, $ranks ranks" "$(figure costs.json final)" "$(figure weights.json final)"
  check "the same h" true_that 'abs(a - b) <= 1e-9' a="$(figure costs.json h/max)" b="$(figure weights.json h/max)"
  check "the synapses of ranks are those of the network" true_that 'a == b' a="$(figure costs.json nnz_max_over_mean)" \
    b="$(figure weights.json nnz_max_over_mean)"
  expect 0 2 verify "$file" held.h5
}

# Weights that left memory are read again, if the file is still what it was.
weights_again() {
  local ranks run code=0
  expect 0 2 apply ../random.h5 ../result.h5 -o applied.h5
  expect 0 0 info applied.h5 --report weights.json
  for ranks in 0 3; do
    expect 0 "$ranks" balance ../random.h5 -o held.h5 --hold costs
    expect 0 2 verify ../random.h5 held.h5
    expect 0 0 info held.h5 --report info.json
    equal "weights read again, $ranks ranks: cost" "$(figure info.json initial)" "$(figure weights.json initial)"
    check "the smallest weight" true_that 'abs(a - b) <= 1e-9 * b' a="$(figure info.json smallest)" \
      b="$(figure weights.json smallest)"
  done
  cp ../random.h5 changing.h5
  rm -f held.h5
  SYNBAL_FAULT=stop@write "$SYNBAL" balance changing.h5 -o held.h5 --hold costs >changing.log 2>&1 &
  run=$!
  until grep -q '^State:.T' "/proc/$run/status"; do sleep 0.1; done
  expect 0 0 generate random --nodes 200 --seed 99 -o other.h5
  cp other.h5 changing.h5
  kill -CONT "$run"
  wait "$run" || code=$?
  check "a file that was changed: exit code 3" test "$code" = 3
  check "the scaling is kept" grep -q 'held.h5 holds the scaling h alone' changing.log
  expect 0 2 verify ../random.h5 held.h5 --force
}

# Pinned neurons and gains, from text files, at every rank count the same.
pinned_and_gains() {
  local ranks with_gains
  printf '%s\n' 0 7 11 199 >pinned.ids
  printf '# one gain a line\n' >gains
  awk 'BEGIN { for (k = 0; k < 200; ++k) printf "%.17g\n", 0.5 + (k * 37 % 100) / 50 }' >>gains
  expect 0 0 balance ../random.h5 -o result.h5 --report report.json --pinned pinned.ids --gain gains
  with_gains=$(figure report.json final)
  check "pinned: counted" test "$(figure report.json pinned)" = 4
  check "gains change the cost" true_that 'abs(a - b) > 1e-3 * b' a="$with_gains" b="$reference"
  for ranks in 2 4; do
    balanced "pinned and gains" "$ranks" ../random.h5 "$with_gains" --pinned pinned.ids --gain gains --partition "$(cut_partition)"
    expect 0 "$ranks" verify ../random.h5 result.h5 --pinned pinned.ids --gain gains
  done
  expect 0 2 verify ../random.h5 result.h5 # which keeps both
  { tac gains | head -n 200; } >others
  printf '%s\n' 0 7 11 >fewer.ids
  expect_refusal 3 "checks failed" 2 verify ../random.h5 result.h5 --pinned fewer.ids
  expect_refusal 3 "checks failed" 2 verify ../random.h5 result.h5 --gain others
}

# Another network's result is not taken.
other_networks() {
  expect 0 0 generate random --nodes 200 --degree 8 --seed 6 -o other.h5
  expect_refusal 3 "checks failed" 2 verify other.h5 ../result.h5
  expect 0 0 generate random --nodes 100 --degree 8 --seed 6 -o smaller.h5
  expect_refusal 3 result.h5 2 verify smaller.h5 ../result.h5
  expect_refusal 3 random.h5 2 verify ../random.h5 ../random.h5
}

if python_has 'h5py'; then
  share_out same_bits random cut schedule
else
  echo "left out: bits of h, which python3 with h5py reads"
fi
expect_refusal 2 "--reproducible" 0 balance random.h5 -o refused.h5 --reproducible --method sweep

call() { "$1"; }
share_out call formats orientation duplicates applied weights pinned_and_gains other_networks
finish
