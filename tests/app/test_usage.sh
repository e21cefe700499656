#!/usr/bin/env bash
# How the program answers what it is told: help without MPI, mistakes refused with one message and the documented exit
# code at any rank count, limits that leave a marked result, outputs that survive failures.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

expect 0 0 generate random --nodes 300 --degree 8 --sigma 2 -o net.h5
expect 0 0 balance net.h5 -o good.h5

# Help: said once, with and without mpirun, and no word of PETSc's own.
help_texts() {
  local words option
  for words in --help --version {generate,info,balance,flow,apply,verify,laplacian,resistance,perturb}" --help" \
    "laplacian "{solve,modes,diagonal,heat}" --help"; do
    # shellcheck disable=SC2086
    expect 0 0 $words
    check "$words: says something" test -s out
    check "$words: nothing on stderr" test ! -s err
    if grep -qE 'Petsc Release|PETSC ERROR|-log_view' out; then fail "$words: PETSc's own text"; fi
    mv out alone
    # shellcheck disable=SC2086
    expect 0 2 $words
    check "$words: once under mpirun" cmp alone out
  done
  for option in --method --power --gain --pinned --components --cost-scope --orientation --duplicates --tolerance \
    --step-tolerance --max-iterations --max-walltime --seed --write --report --partition; do
    check "balance --help names $option" grep -q -- "$option" <("$SYNBAL" balance --help)
  done
}

# Mistakes: exit code 2, one message that names the word, also under mpirun; nothing is written.
mistake() {
  expect_refusal 2 "$1" 0 "${@:2}"
  check "$1: nothing written" test ! -e new.h5
}
mistake_on_ranks() {
  mistake "$@"
  expect_refusal 2 "$1" 2 "${@:2}"
}

# Words that are wrong or missing.
wrong_words() {
  mistake_on_ranks "no command" -q
  mistake_on_ranks frobnicate frobnicate net.h5
  mistake_on_ranks --nonsense balance net.h5 -o new.h5 --nonsense
  mistake_on_ranks FILE balance -o new.h5
  mistake_on_ranks --output balance net.h5
  mistake RESULT verify net.h5
  mistake more.h5 balance net.h5 more.h5 -o new.h5
  mistake_on_ranks wrong balance net.h5 -o new.h5 --method wrong
  mistake wrong balance net.h5 -o new.h5 --partition wrong
  mistake wrong balance net.h5 -o new.h5 --orientation wrong
  mistake wrong balance net.h5 -o new.h5 --duplicates wrong
  mistake wrong balance net.h5 -o new.h5 --components wrong
  mistake wrong balance net.h5 -o new.h5 --write wrong
  mistake wrong generate wrong -o new.h5
  mistake_on_ranks newton_pc_type balance net.h5 -o new.h5 -- -newton_pc_type nonsense
}

# Words that nobody knows come first, in their order, with what may be meant; counts and times as people write them.
nearly_right_words() {
  mistake "--nodes" generate random --node 5 # and no -o
  mistake "did you mean balance" balnce net.h5
  mistake "--tolerance" balance net.h5 --tol 1e-8
  mistake "--pined is no option of balance (did you mean --pinned?); --metod is no option of balance (did you mean --method?)" \
    balance --pined x --metod sweep
  mistake "did you mean modes" laplacian mods net.h5
  mistake "'net.h5' is no command: it comes first, and is one of generate, info, balance" net.h5 balance -o new.h5
  mistake "'Balance' is no command (did you mean balance?) (see" Balance net.h5 -o new.h5
  mistake "'version' is no command (did you mean --version?)" version
  mistake_on_ranks "'swep' is none of auto, newton, sweep, flow, stochastic (did you mean sweep?)" \
    balance net.h5 -o new.h5 --method swep
  mistake "(did you mean post-pre?)" balance net.h5 -o new.h5 --orientation post_pre
  mistake_on_ranks "local (did you mean ring?)" generate rnig -o new.h5
  mistake "weights (did you mean nodes?)" balance ring:node=10 -o new.h5
  mistake "(did you mean ring?)" balance rnig:nodes=10 -o new.h5
  mistake "'nonsense' is none of auto, newton, sweep, flow, stochastic (see" balance net.h5 -o new.h5 --method nonsense
  mistake "which one? Give one of solve, modes, diagonal, heat (see \`synbal laplacian --help\`)" laplacian
  mistake "(see \`synbal laplacian solve --help\`)" laplacian solve
  mistake "'2' belongs to nothing before it: leave it out" resistance net.h5 --pair 1 2
  mistake "--modules does nothing for ring" generate ring --modules 3 -o new.h5
  mistake "--rank does nothing for random (it belongs to lowrank)" generate random --rank 3 -o new.h5
  mistake "--nodes" generate ring --nodes 1.5 -o new.h5
  mistake "a bare number does not say" balance net.h5 -o new.h5 --max-walltime 30
  local time
  for time in 0:30 00:00:30 0-1 0-0:30 1-00:00:00 90s 1.5m 2h 1d; do
    expect 0 0 balance net.h5 -o timed.h5 --max-walltime $time
  done
  expect 0 0 generate ring --nodes 1e2 -o ring.h5
  check "1e2 neurons" grep -q '^ring.h5: 100 neurons' out
  expect 0 0
  cp out alone
  expect 0 0 help
  check "no words are help" cmp out alone
  expect 0 0 help balance
  cp out alone
  expect 0 0 balance --help
  check "help COMMAND" cmp out alone
  expect 0 0 help laplacian solve
  check "of a command below" grep -q -- --rhs out
  expect 0 0 -V
  cp out alone
  expect 0 0 --version
  check "-V" cmp out alone
  COLUMNS=80 expect 0 0 help balance
  check "wrapped at 80 columns" true_that 'a <= 80' a="$(awk 'length > m && !/^  (synbal|mpirun)/ { m = length } END { print m }' out)"
  check "faults on purpose are last" true_that 'a > b' a="$(grep -n '^Faults on purpose' out | cut -d: -f1)" \
    b="$(grep -n '^Expert options' out | cut -d: -f1)"
  check "what every command takes" grep -qE '^  --force' out
  check "two examples" test "$(grep -cE '^  (synbal|mpirun) ' out)" -eq 2
  COLUMNS=999 expect 0 0 help generate
  check "defaults are told" test "$(grep -cE -- '--(nodes|degree|sigma|modules|coupling|seed) .*\[default ' out)" -eq 6
  expect 0 2 balance net.h5 -o timed.h5 -v
  check "-v: a line for every iteration" test "$(grep -cE '^synbal: +[0-9]+ ' err)" -gt 3
  expect 0 2 generate random --nodes 50 --degree 4 --scramble 1 -o known.h5
  expect 0 2 balance known.h5 -o timed.h5 --report report.json
  check "the known h is found" true_that 'a < 1e-7' a="$(figure report.json known_h_off)"
}

# Numbers out of their range, and no numbers.
wrong_values() {
  local value
  for value in 0 -1 2 nan inf text ''; do
    mistake --tolerance balance net.h5 -o new.h5 --tolerance "$value"
  done
  for value in 0 nan; do
    mistake --power balance net.h5 -o new.h5 --power "$value"
    mistake --step-tolerance balance net.h5 -o new.h5 --step-tolerance "$value"
  done
  mistake --max-iterations balance net.h5 -o new.h5 --max-iterations -3
  for value in '' 1:xx nan 1:2:3:4 -5; do
    mistake --max-walltime balance net.h5 -o new.h5 --max-walltime "$value"
  done
  mistake --nodes generate random --nodes -1 -o new.h5
  mistake "--synapse needs a value, but --factor follows" perturb net.h5 --synapse --factor 1.1
  mistake "--report needs a value, but -o follows" balance net.h5 --report -o new.h5
  mistake --degree generate random --nodes 5 --degree 5 -o new.h5
  mistake --sigma generate random --sigma nan -o new.h5
}

# What belongs to one method would do nothing with another.
other_methods() {
  mistake_on_ranks --transport balance net.h5 -o new.h5 --transport two-sided
  mistake --step balance net.h5 -o new.h5 --method sweep --step 0.5
  mistake --blocks balance net.h5 -o new.h5 --method stochastic --blocks 4
  mistake "--delay 5" balance missing.h5 -o new.h5 --method stochastic --schedule block --delay 5
  mistake "--blocks 4" balance missing.h5 -o new.h5 --method stochastic --schedule random --blocks 4
  mistake "--local-sweeps" balance missing.h5 -o new.h5 --method stochastic --schedule poisson --local-sweeps 3
  mistake --order balance net.h5 -o new.h5 --method stochastic --schedule random --order permutation
  mistake --schedule balance net.h5 -o new.h5 --method stochastic --schedule sometimes
  mistake --step balance net.h5 -o new.h5 --method stochastic --step 0
  mistake --step balance net.h5 -o new.h5 --method stochastic --step 1.5
}

# PETSc's options: unknown and unused ones, stray words, files that are not there.
petsc_words() {
  mistake_on_ranks -nonsense balance net.h5 -o new.h5 -- -nonsense 3
  mistake -nonsense info net.h5 -- -nonsense
  mistake -nonsense generate ring -o new.h5 -- -nonsense
  mistake -nonsense apply net.h5 good.h5 -o new.h5 -- -nonsense
  mistake -nonsense verify net.h5 good.h5 -- -nonsense
  mistake_on_ranks stray balance net.h5 -o new.h5 -- stray
  mistake_on_ranks "after --" balance net.h5 -o new.h5 -- -options_file missing.options
  export PETSC_OPTIONS=-nonsense
  mistake -nonsense balance net.h5 -o new.h5
  unset PETSC_OPTIONS
}

# Names that say something else than the file will be, and outputs that would destroy an input.
wrong_names() {
  mistake new.docx generate ring -o new.docx
  mistake new.docx apply net.h5 good.h5 -o new.docx
  mistake new.mtx balance net.h5 -o new.mtx
  mistake net.docx balance net.docx -o new.h5
  cp net.h5 kept.h5
  ln -s net.h5 alias.h5
  mistake_on_ranks destroy balance net.h5 -o net.h5
  mistake destroy balance net.h5:/weights -o ./net.h5
  mistake destroy balance alias.h5 -o net.h5
  mistake destroy balance net.h5 -o new.h5 --report new.h5
  mistake destroy apply net.h5 good.h5 -o net.h5
  mistake destroy apply net.h5 good.h5 -o good.h5
  mistake destroy info net.h5 --report net.h5
  mistake destroy verify net.h5 good.h5 --report good.h5
  check "the input is as it was" cmp net.h5 kept.h5
}

# Input and output failures: exit code 5.
file_failures() {
  local ranks
  mkdir folder.h5
  for ranks in 0 2; do
    expect_refusal 5 missing.h5 "$ranks" balance missing.h5 -o new.h5
    expect_refusal 5 folder.h5 "$ranks" balance folder.h5 -o new.h5
    expect_refusal 5 nowhere/new.h5 "$ranks" balance net.h5 -o nowhere/new.h5
    expect_refusal 5 /proc/ "$ranks" balance net.h5 -o /proc/new.h5
  done
  expect_refusal 5 folder.h5 0 balance net.h5 -o folder.h5
  expect_refusal 5 nowhere/new.mtx 0 generate ring -o nowhere/new.mtx
  expect_refusal 5 nowhere/new.mtx 0 apply net.h5 good.h5 -o nowhere/new.mtx
  expect_refusal 5 nowhere/r.json 0 balance net.h5 -o new.h5 --report nowhere/r.json
  expect_refusal 5 missing.h5 0 verify net.h5 missing.h5
  expect_refusal 5 "'missing.ids' is no list of ids (I,J,...) and was taken for a file of ids, which is not there" 3 \
    balance net.h5 -o new.h5 --pinned missing.ids
  expect_refusal 5 missing.gains 3 balance net.h5 -o new.h5 --gain missing.gains
  if [ "$(id -u)" -ne 0 ]; then
    mkdir locked && chmod a-w locked
    expect_refusal 5 locked 0 balance net.h5 -o locked/new.h5
    cp net.h5 secret.h5 && chmod a-r secret.h5
    expect_refusal 5 secret.h5 0 balance secret.h5 -o new.h5
  else
    echo "left out: missing permissions, which root does not notice"
  fi
  check "nothing written" test ! -e new.h5
}

# Pipes have no places to read at, and no name that says the format.
pipes() {
  local ranks pipe
  mkfifo pipe pipe.h5
  for ranks in 0 2; do
    for pipe in - /dev/stdin pipe pipe.h5; do
      expect_refusal 5 "is a pipe or device" "$ranks" info $pipe
      check "what to do" grep -qF "write what comes out of it to a file" err
    done
    expect_refusal 5 "is a pipe or device" "$ranks" balance net.h5 -o new.h5 --pinned pipe
  done
  check "nothing written" test ! -e new.h5
}

# Lists of neurons and gains with mistakes: exit code 3, file and line.
bad_list() {
  printf '%s\n' "${@:4}" >list
  expect_refusal 3 "$2" "$1" balance net.h5 -o new.h5 "$3" list
}

# What lists get wrong.
lists() {
  bad_list 3 "line 2" --pinned 5 300
  bad_list 0 "line 1" --pinned -1
  bad_list 0 "line 2" --pinned 1 two
  bad_list 0 "line 1" --pinned 1.5
  bad_list 3 300 --gain 1 2
  bad_list 0 "line 2" --gain 1 nan
  check "nothing written" test ! -e new.h5
}

# A generator's name stands where a file may: the same network, the same answer.
generator_names() {
  local name=random:nodes=300,degree=8,sigma=2
  expect 0 2 balance net.h5 -o file.h5 --report file.json
  expect 0 2 balance $name -o named.h5 --report named.json
  check "$name: the same cost" test "$(figure file.json final)" = "$(figure named.json final)"
  expect 0 0 verify $name named.h5
  expect 0 0 apply $name named.h5 -o by_name.mtx
  expect 0 0 apply net.h5 file.h5 -o by_file.mtx
  check "$name: the same weights" cmp by_name.mtx by_file.mtx
  expect 0 3 info layered:layers=20x10x20
  expect_refusal 2 "'knots=3'" 3 info random:knots=3
  expect_refusal 2 "'many'" 3 info random:nodes=many
  expect_refusal 2 orientation 2 info $name --orientation pre-post
}

# Limits: exit code 4, after walltime 75 where a checkpoint is left, too; the result written and marked, and true to what
# it says.
limited() {
  rm -f limited.h5
  expect "${code:-4}" "$1" balance net.h5 -o limited.h5 --report report.json "${@:2}"
  check "$*: not converged" test "$(figure report.json converged)" = false
  check "$*: well-formed report" well_formed report.json
  expect 0 "$1" verify net.h5 limited.h5 --report verified.json
  check "$*: marked" test "$(figure verified.json exit_code)" = "${code:-4}"
}

# Each limit.
limits() {
  limited 0 --max-iterations 1
  limited 3 --max-iterations 1
  check "far from balance no bound is told" test "$(figure report.json lower_bound)" = null
  limited 3 --max-iterations 11
  check "the bound is a bound, if a poor one" \
    true_that '0 < a && a <= b' a="$(figure report.json lower_bound)" b="$(figure report.json final)"
  limited 2 --method sweep --max-iterations 2
  code=75 limited 2 --max-walltime 00:00:00.000001
  limited 2 --max-walltime 00:00:00.000001 --checkpoint-interval 0
  limited 2 --tolerance 1e-15 --max-iterations 3
  expect 0 0 generate modular --nodes 20000 -o large.h5
  local method
  for method in sweep stochastic flow; do # whose time is up before the first neuron moves
    expect 75 2 balance large.h5 -o limited.h5 --method $method --max-walltime 0.001s
    check "$method: that is no convergence" grep -qF "$method: walltime reached" out
    expect 0 0 verify large.h5 limited.h5
  done
}

# Several components.
components() {
  printf '%%%%MatrixMarket matrix coordinate real general\n3 3 3\n2 1 1\n1 2 2\n3 1 1\n' >two.mtx
  expect_refusal 3 "two.mtx" 3 balance two.mtx -o new.h5 --components error
}

# Quiet, and a log without control characters where there is no terminal.
quiet_runs() {
  expect 0 2 balance net.h5 -o result.h5 -q
  check "-q: nothing on stdout" test ! -s out
  check "-q: nothing on stderr" test ! -s err
  expect 0 2 balance net.h5 -o result.h5 -v
  if LC_ALL=C grep -q $'[\001-\010\013-\037]' out err; then fail "control characters"; fi
  check "each line once" test "$(grep -c '^network' out)" -eq 1
}

# No option file of the working folder is read.
option_files() {
  mkdir quiet_folder
  printf -- '-nonsense 1\n-dll_append /nowhere/evil.so\n-ksp_type nonsense\n' >quiet_folder/.petscrc
  (cd quiet_folder && synbal 0 balance ../net.h5 -o result.h5)
  check ".petscrc: ignored" test $? -eq 0
  (cd quiet_folder && HOME=$PWD synbal 2 balance ../net.h5 -o result.h5)
  check "~/.petscrc: ignored" test $? -eq 0
}

# A full disk: exit code 5, the older result as it was.
full_disk() {
  local ranks
  mkdir disk
  if [ "$(id -u)" -eq 0 ] && mount -t tmpfs -o size=1m tmpfs disk 2>/dev/null; then
    trap 'umount disk' EXIT  # when the worker ends
    cp good.h5 disk/result.h5
    head -c 1100000 /dev/zero >disk/filling 2>/dev/null
    cp good.h5 older.h5
    for ranks in 0 2; do
      expect_refusal 5 disk/result.h5 "$ranks" balance net.h5 -o disk/result.h5
      check "full disk: the older result stays" cmp older.h5 disk/result.h5
      expect_refusal 5 disk/new.mtx "$ranks" apply net.h5 good.h5 -o disk/new.mtx
      expect_refusal 5 disk/new.mtx.gz "$ranks" apply net.h5 good.h5 -o disk/new.mtx.gz
      expect_refusal 5 disk/new.h5 "$ranks" generate random --nodes 2000 -o disk/new.h5
    done
    expect_refusal 5 disk/report.json 0 balance net.h5 -o result.h5 --report disk/report.json
    check "full disk: nothing half-written stays" test "$(find disk -type f | wc -l)" -eq 2
  else
    echo "left out: a full disk, which needs root and mount"
  fi
}

# What cannot fit is said at once, with the figure: before anything is allocated, and under a limit of a process.
too_large() {
  local ranks
  for ranks in 0 2; do
    expect_refusal 5 'GiB are left where there is least' "$ranks" balance random:nodes=1e9,degree=2000 -o new.h5
    check "too large at $ranks: nothing written" test ! -e new.h5
  done
  (ulimit -v 2000000 && "$SYNBAL" balance random:nodes=1e6,degree=100 -o new.h5 >out 2>err)
  check "limit of a process: exit code 5" test $? -eq 5
  check "limit of a process: one line" test "$(grep -c 'error: memory: ' err)" -eq 1
}

call() {
  rm -rf ./*
  cp ../net.h5 ../good.h5 .
  "$1"
}
share_out call help_texts wrong_words nearly_right_words wrong_values petsc_words other_methods generator_names limits lists file_failures \
  wrong_names pipes components quiet_runs option_files full_disk too_large
# Open MPI looks for no network where all ranks are on one host, unless it is told what to look for.
networks() { cat out err | grep -c 'components_open: found loaded component cm'; }
OMPI_MCA_pml_base_verbose=10 OMPI_MCA_pml=^monitoring expect 0 2 info net.h5
if [ "$(networks)" -gt 0 ]; then
  OMPI_MCA_pml_base_verbose=10 expect 0 2 info net.h5
  check "no network is looked for on one host" test "$(networks)" -eq 0
  check "but memory" grep -qh 'pml component ob1' out err
else
  echo "left out: which networks are looked for, which this MPI does not tell"
fi
finish
