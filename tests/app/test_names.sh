#!/usr/bin/env bash
# Neurons with names: lists, tables and trajectories say them; neurons without count from 0 in every format; what two
# neurons are called means neither.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

printf 'pre,post,weight\n"A,1",b,2\nb,"A,1",3\nb,c,1\nc,b,0.5\nc,d,4\nd,c,1\nd,"A,1",1\n' >net.csv
for ranks in 0 3; do
  expect 0 "$ranks" resistance net.csv -o synapses.csv
  check "$ranks: tables show names" test "$(tail -n +2 synapses.csv | cut -d, -f1-3 | grep -c 'A,1')" -eq 3
  check "$ranks: in quotes where needed" grep -q '^"A,1",b,' synapses.csv
  expect 0 "$ranks" resistance net.csv --pair b,d
  check "$ranks: so does the terminal" grep -qE '^ +b +d ' out
  expect 0 "$ranks" laplacian diagonal net.csv -o diagonal.csv.gz
  check "$ranks: a row for each" test "$(gzip -dc diagonal.csv.gz | tail -n +2 | cut -d, -f1 | tr '\n' ' ')" = '"A b c d '
  expect 0 "$ranks" perturb net.csv --synapse b,c --factor 1.1 -o perturb.csv
  check "$ranks: perturb, too" grep -q '^b,c,' perturb.csv
  check "$ranks: its list on the terminal" grep -qE '^ +b +c +[0-9]' out
  check "$ranks: the ends of the changed synapse" grep -q '^presynaptic  neuron c: ' out
  printf 'c\nb\n' >pins
  expect 0 "$ranks" balance net.csv --pinned pins -o pinned.h5
  check "$ranks: the summary names the pinned" grep -q '^pinned       2: b, c$' out
  expect 0 "$ranks" flow net.csv -o way.h5 --record c,d --record-synapses b,c
  python_has 'h5py' || continue
  check "$ranks: trajectories, too" "$python" -c '
import h5py
f = h5py.File("way.h5")
assert [n.decode() for n in f["neuron_name"]] == ["c", "d"], list(f["neuron_name"])
assert [n.decode() for n in f["synapse/postsynaptic_name"]] == ["b"]'
done

# also of those that answer at a distance
awk 'BEGIN { for (i = 0; i < 12; ++i) { j = (i + 1) % 12; print "n" i ",n" j "," 1 + i % 3; print "n" j ",n" i ",1" } }' >ring.csv
expect 0 2 perturb ring.csv --synapse n1,n0 --factor 1.1
check "what answers at a distance" grep -qE '^ +n[0-9]+ +n[0-9]+: ' out

# the same list means the same neurons in every format
expect 0 0 generate random --nodes 40 --degree 5 --sigma 1 --seed 2 -o net.h5
for extension in mtx npz petsc; do expect 0 0 convert net.h5 -o "net.$extension"; done
printf '0\n3\n39\n' >ids
expect 0 0 balance net.h5 --pinned ids -o net.h5.result.h5 --write h
check "it says from where it counts" grep -qF 'pinned       3: 0, 3, 39 (counted from 0)' out
for extension in mtx npz petsc; do
  expect 0 2 balance "net.$extension" --pinned ids -o other.h5 --write h --report other.json
  expect 0 0 balance net.h5 --pinned ids -o one.h5 --write h --report one.json
  check "$extension: the same minimum" true_that 'abs(a / b - 1) < 1e-9' a="$(figure other.json final)" b="$(figure one.json final)"
  expect 0 0 verify "net.$extension" other.h5
done
for ranks in 0 3; do
  expect 0 "$ranks" balance net.mtx --pinned 0,3,39 -o listed.h5 --write h --report listed.json
  check "$ranks: a list is as good as a file" true_that 'abs(a / b - 1) < 1e-9' a="$(figure listed.json final)" b="$(figure one.json final)"
  expect 0 "$ranks" verify net.mtx listed.h5 --pinned 39,3,0
  expect_refusal 3 "--pinned (a list, as no file has that name): item 2: no neuron has the id 40" "$ranks" balance net.mtx --pinned 3,40 -o no.h5
  expect 0 "$ranks" balance net.csv --pinned c,b -o listed.h5
  check "$ranks: of names, too" grep -q '^pinned       2: b, c$' out
  expect_refusal 3 "--pinned (a list, as no file has that name): item 1: no neuron is called 'pens'" "$ranks" balance net.csv --pinned pens -o no.h5
done
echo 40 >beyond
expect_refusal 3 "counted from 0 to 39" 2 balance net.mtx --pinned beyond -o no.h5
finish
