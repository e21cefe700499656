#!/usr/bin/env python3
"""Prints gains of neurons, one a line: lognormal with median 1. A spread of 0 makes them all 1."""
import argparse
import random

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--neurons", type=int, required=True)
parser.add_argument("--spread", type=float, required=True, help="standard deviation of the gains' logarithm")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
drawn = random.Random(options.seed)
for _ in range(options.neurons):
    print(repr(drawn.lognormvariate(0.0, options.spread)))
