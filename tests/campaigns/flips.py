#!/usr/bin/env python3
"""flips.py [COUNT [SEED]]: single bits of a checkpoint and of a result are flipped, and files cut, one at a time; each has
to be noticed: by `verify` for results, by `--resume` for checkpoints. Prints the counts; exit code 1 when one was not.
SYNBAL is the program."""
import os
import random
import subprocess
import sys
import tempfile

synbal = os.environ["SYNBAL"]
count = int(sys.argv[1]) if len(sys.argv) > 1 else 10000
rng = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
env = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")


def run(*words, fault=None):
    more = {"SYNBAL_FAULT": fault} if fault else {}
    return subprocess.run([synbal, *words, "-q"], env=dict(env, **more), timeout=100, capture_output=True).returncode


def harmed(data):
    if rng.random() < 0.1:
        return data[: rng.randrange(len(data))], "cut"
    place = rng.randrange(8 * len(data))
    changed = bytearray(data)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed), "flip"


os.chdir(tempfile.mkdtemp())
assert run("generate", "random", "--nodes", "40", "--degree", "4", "--seed", "2", "-o", "net.h5") == 0
assert run("balance", "net.h5", "-o", "whole.h5") == 0
assert run("balance", "net.h5", "-o", "part.h5", fault="TERM@solve#4") == 75
result, kept = open("whole.h5", "rb").read(), open("part.checkpoint.h5", "rb").read()
tally, missed = {}, []
for k in range(count):
    of_result = k % 2 == 0
    bad, kind = harmed(result if of_result else kept)
    if of_result:
        open("bad.h5", "wb").write(bad)
        code = run("verify", "net.h5", "bad.h5")
    else:
        open("bad.checkpoint.h5", "wb").write(bad)
        code = run("balance", "net.h5", "-o", "new.h5", "--resume", "bad.checkpoint.h5")
    key = ("result" if of_result else "checkpoint", kind, code)
    tally[key] = tally.get(key, 0) + 1
    if code not in (3, 5):
        missed.append(key)
for (what, kind, code), number in sorted(tally.items()):
    print(f"{number:6d} {what}, {kind}: exit code {code}")
print(f"{count} tried, {len(missed)} not noticed")
sys.exit(bool(missed))
