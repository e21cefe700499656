#!/usr/bin/python3
"""Small graphs over weak cuts, every resistance against exact rational arithmetic. Counts, for each family: edges off by
more than 1e-8 although the program said exit 0 (must be none), exits 4, and brackets that miss the rational value (must
be none of 1,000 and more).

  resistance_exact.py SYNBAL [pairs of each family] [prefix of commands ...]      (125; e.g. mpirun -n 2)
With QUICK in the environment only a few of the families are taken."""
import csv
import os
import random
import subprocess
import sys
import tempfile
from fractions import Fraction


def clique(n, first, weight, edges):
    for i in range(n):
        for j in range(i):
            edges[(first + j, first + i)] = weight()


def chain_of_cliques(count, size, link, spread, seed):
    """Bridges between some cliques, two edges between others; weights e^(spread z)."""
    draw = random.Random(seed)
    edges = {}
    for k in range(count):
        clique(size, k * size, lambda: 2.718281828 ** draw.gauss(0, spread), edges)
        if k == 0:
            continue
        edges[(k * size - 1, k * size)] = link * (1 + draw.random())
        if k % 2 == 0:
            edges[(k * size - 2, k * size + 1)] = link * draw.random()
    return count * size, edges


def sparse(n, spread, seed):
    """A random tree with some more edges: bridges among cycles, weights over many decades."""
    draw = random.Random(seed)
    edges = {}
    weight = lambda: 10.0 ** draw.uniform(-spread, spread)
    for i in range(1, n):
        edges[(draw.randrange(i), i)] = weight()
    for _ in range(n // 2):
        i, j = sorted(draw.sample(range(n), 2))
        edges[(i, j)] = weight()
    return n, edges


def exact_between(n, edges, pairs):
    """Rational resistances of pairs: columns of the inverse of L without its last node."""
    L = [[Fraction(0)] * n for _ in range(n)]
    for (i, j), w in edges.items():
        w = Fraction(w)
        L[i][i] += w; L[j][j] += w; L[i][j] -= w; L[j][i] -= w
    m = n - 1
    A = [row[:m] + [Fraction(int(i == k)) for k in range(m)] for i, row in enumerate(L[:m])]
    for k in range(m):
        pivot = A[k][k]
        A[k] = [a / pivot for a in A[k]]
        for i in range(m):
            if i != k and A[i][k] != 0:
                f = A[i][k]
                A[i] = [a - f * b for a, b in zip(A[i], A[k])]
    G = lambda i, j: Fraction(0) if i == m or j == m else A[i][m + j]
    return [G(i, i) + G(j, j) - 2 * G(i, j) for i, j in pairs]


def write(path, n, edges):
    with open(path, 'w') as file:
        file.write('%%%%MatrixMarket matrix coordinate real symmetric\n%d %d %d\n' % (n, n, len(edges)))
        for (i, j), w in edges.items():
            file.write('%d %d %r\n' % (j + 1, i + 1, w))


def run(command, *arguments):
    done = subprocess.run(command + ['resistance'] + list(arguments), capture_output=True, text=True, timeout=300)
    if done.returncode not in (0, 4):
        sys.exit('exit code %d of %s\n%s' % (done.returncode, arguments, done.stderr))
    return done.returncode


def rows(path):
    with open(path) as file:
        return list(csv.DictReader(line for line in file if not line.startswith('#')))


def judge_edges(command, folder, edges, truth, extra):
    out = os.path.join(folder, 'edges.csv')
    code = run(command, os.path.join(folder, 'net.mtx'), '--conductances', '-o', out, *extra)
    worst = max(abs(Fraction(row['resistance']) / truth[tuple(sorted((int(row['postsynaptic']),
                                                                     int(row['presynaptic']))))] - 1)
                for row in rows(out))
    return code, float(worst)


def judge_pairs(command, folder, pairs, exact, extra):
    out, listed = os.path.join(folder, 'pairs.csv'), os.path.join(folder, 'pairs.txt')
    with open(listed, 'w') as file:
        file.writelines('%d %d\n' % (i, j) for i, j in pairs)
    code = run(command, os.path.join(folder, 'net.mtx'), '--conductances', '--pairs', listed, '-o', out, *extra)
    missed = sum(not Fraction(row['lower']) <= value <= Fraction(row['upper'])
                 for row, value in zip(rows(out), exact))
    return code, missed


def main():
    program, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 125
    command = sys.argv[3:] + [program]
    families = {('cliques joined by', link): chain_of_cliques(2, 9, link, 0.5, k)
                for k, link in enumerate((1e-1, 1e-3, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12))}
    families.update({('chain of cliques at', link): chain_of_cliques(5, 5, link, 1.0, k)
                     for k, link in enumerate((1e-2, 1e-4, 1e-5, 1e-7, 1e-9, 1e-12))})
    families.update({('trees with cycles, decades', spread): sparse(24, spread, k)
                     for k, spread in enumerate((1, 3, 6, 9))})
    if os.environ.get('QUICK'):
        families = {key: value for key, value in families.items() if key[1] in (1e-2, 1e-5, 1e-12, 9)}
    bad = brackets = 0
    print('%-32s %-8s %6s %12s %10s' % ('graph', 'edges by', 'exit', 'worst error', 'missed'))
    for (name, value), (n, edges) in families.items():
        with tempfile.TemporaryDirectory() as folder:
            write(os.path.join(folder, 'net.mtx'), n, edges)
            draw = random.Random(1)
            pairs = list(edges)[:count // 2]
            pairs += [tuple(sorted(draw.sample(range(n), 2))) for _ in range(count - len(pairs))]
            exact = exact_between(n, edges, pairs)
            truth = dict(zip(edges, exact_between(n, edges, list(edges))))
            for method in ('columns', 'pairs'):
                code, worst = judge_edges(command, folder, edges, truth, ['--method', method])
                bad += code == 0 and worst > 1e-8
                print('%-32s %-8s %6d %12.2e' % ('%s %g' % (name, value), method, code, worst))
            for extra in ([], ['--preconditioner', 'jacobi'], ['--tolerance', '1e-4']):
                code, missed = judge_pairs(command, folder, pairs, exact, extra)
                bad += missed
                brackets += len(pairs)
                print('%-32s %-8s %6d %12s %10d' % ('', 'pairs ' + ' '.join(extra), code, '', missed))
    print('%d brackets; wrong: %d' % (brackets, bad))
    sys.exit(1 if bad else 0)


if __name__ == '__main__':
    main()
