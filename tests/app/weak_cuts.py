"""Networks whose balanced state is known, J = e^H S e^-H with S symmetric, whatever joins their modules.

weak_cuts.py make OUT.mtx LINK ring|chain|star|tree [GROUPS]   writes OUT.mtx and OUT.mtx.txt (H, zero mean)
weak_cuts.py error OUT.mtx RESULT.h5 [OUT.mtx RESULT.h5 ...]   exit code 0 when each h is within 1e-6 of H
weak_cuts.py move RESULT.h5 FROM TO OFFSET                     moves h of neurons FROM..TO-1 (zero mean again)
"""
import sys

import h5py
import numpy as np

MODULES, SIZE = 15, 40


def ends(shape):
    if shape == "ring":
        return [(m, (m + 1) % MODULES) for m in range(MODULES)]
    if shape == "chain":
        return [(m, m + 1) for m in range(MODULES - 1)]
    if shape == "star":
        return [(0, m) for m in range(1, MODULES)]
    return [((m - 1) // 2, m) for m in range(1, MODULES)]


def make(path, link, shape, groups=1):
    random = np.random.default_rng(4)
    n = MODULES * SIZE
    inside = {}
    for i in range(n):
        first = i - i % SIZE
        for j in [first + (i + 1) % SIZE, *(first + random.integers(0, SIZE, 4))]:
            if j != i:
                inside[min(i, j), max(i, j)] = np.exp(random.normal())
    for k, (a, b) in enumerate(ends(shape)):
        strength = link if groups == 1 or k % (MODULES // groups) == 0 else link**0.5
        i, j = a * SIZE + random.integers(SIZE), b * SIZE + random.integers(SIZE)
        inside[min(i, j), max(i, j)] = strength * np.exp(random.normal())
    h = random.normal(0, 1, n) + np.repeat(random.normal(0, 3, MODULES), SIZE)
    h -= h.mean()
    with open(path, "w") as file:
        file.write(f"%%MatrixMarket matrix coordinate real general\n{n} {n} {2 * len(inside)}\n")
        for (i, j), w in inside.items():
            file.write(f"{i + 1} {j + 1} {w * np.exp(h[i] - h[j]):.17g}\n{j + 1} {i + 1} {w * np.exp(h[j] - h[i]):.17g}\n")
    np.savetxt(path + ".txt", h, fmt="%.17g")


def error(path, result):
    d = h5py.File(result)["h"][:] - np.loadtxt(path + ".txt")
    worst = abs(d - d.mean()).max()
    print(f"{result}: largest error of h {worst:.2e}")
    return worst


def move(result, first, last, offset):
    with h5py.File(result, "r+") as file:
        h = file["h"][:]
        h[first:last] += offset
        file["h"][:] = h - h.mean()


if __name__ == "__main__":
    command, *words = sys.argv[1:]
    if command == "make":
        make(words[0], float(words[1]), words[2], *map(int, words[3:]))
    elif command == "move":
        move(words[0], int(words[1]), int(words[2]), float(words[3]))
    else:
        errors = [error(*words[k:k + 2]) for k in range(0, len(words), 2)]
        sys.exit(0 if errors and max(errors) < 1e-6 else 1)
