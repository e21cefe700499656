#!/usr/bin/python3
"""A network like a piece of the web: sites whose pages all link to the same few pages of navigation, chains and trees
of pages hung on them, front pages joined like a Kronecker graph, and hubs to which pages of all sites link. It has
hubs, long chains and weak synapses, which make iterative methods slow, and yet its elimination fills little.

  web_graph.py OUT.h5 [nodes] [seed] [sigma]         (112000 1 1.0; sigma: of the lognormal weights)"""
import sys
import h5py
import numpy as np


def kronecker(bits, count, random):
    """R-MAT: ends of `count` edges among 2^bits nodes."""
    ends = np.zeros((2, count), dtype=np.int64)
    for _ in range(bits):
        quarter = random.choice(4, size=count, p=[0.57, 0.19, 0.19, 0.05])
        ends = 2 * ends + np.array([quarter // 2, quarter % 2])
    return ends


def sizes_of_sites(sites, nodes, random):
    share = random.pareto(1.3, sites) + 0.5
    sizes = np.maximum(4, np.floor(share / share.sum() * nodes)).astype(np.int64)
    sizes[np.argmax(sizes)] += nodes - sizes.sum()
    return sizes


def edges_of(nodes, seed):
    """Directed edges source -> target, strongly connected."""
    random = np.random.default_rng(seed)
    bits = max(3, int(np.log2(nodes)) - 7)
    sites = 2 ** bits
    sizes = sizes_of_sites(sites, nodes, random)
    first = np.concatenate([[0], np.cumsum(sizes)])
    parts = []
    add = lambda a, b: parts.append(np.array([a, b], dtype=np.int64))
    front = first[:-1]
    for s in range(sites):
        begin, end = first[s], first[s + 1]
        navigation = int(min(sizes[s] // 2, random.integers(3, 24)))
        pages = np.arange(begin + navigation, end)
        hung = random.random(pages.size) < 0.2  # in chains and trees: linked from one page alone
        for page in pages[~hung]:
            targets = begin + np.arange(navigation)
            add(np.full(navigation, page), targets)
        if pages.size and (~hung).any():
            add(np.full((~hung).sum(), begin), pages[~hung])
        for page in pages[hung]:
            other = page - 1 if random.random() < 0.7 else int(random.integers(begin, page))
            add([page, other], [other, page])
        if navigation > 1:
            rest = begin + np.arange(1, navigation)
            add(np.full(rest.size, begin), rest)
            add(rest, np.full(rest.size, begin))
    links = kronecker(bits, 3 * sites, random)
    add(front[links[0]], front[links[1]])
    add(front[links[1]], front[links[0]])
    add(front, np.roll(front, 1))
    add(np.roll(front, 1), front)
    for share in (0.16, 0.05, 0.02, 0.01):
        hub = int(front[random.integers(sites)])
        from_pages = random.choice(nodes, size=int(share * nodes), replace=False)
        add(from_pages, np.full(from_pages.size, hub))
        add(np.full(40, hub), front[random.integers(sites, size=40)])
    edges = np.concatenate(parts, axis=1)
    edges = edges[:, edges[0] != edges[1]]
    return np.unique(edges[0] * nodes + edges[1])


def main():
    path = sys.argv[1]
    nodes = int(sys.argv[2]) if len(sys.argv) > 2 else 112000
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    sigma = float(sys.argv[4]) if len(sys.argv) > 4 else 1.0
    codes = edges_of(nodes, seed)
    source, target = codes // nodes, codes % nodes
    order = np.lexsort((source, target))
    source, target = source[order], target[order]
    weights = np.exp(sigma * np.random.default_rng(seed + 1).normal(size=codes.size))
    with h5py.File(path, 'w') as file:
        group = file.create_group('weights')
        group.attrs.update({'encoding-type': 'csr_matrix', 'encoding-version': '0.1.0'})
        group.attrs['shape'] = np.array([nodes, nodes], dtype=np.int64)
        group['data'] = weights
        group['indices'] = source.astype(np.int32)
        group['indptr'] = np.concatenate([[0], np.cumsum(np.bincount(target, minlength=nodes))]).astype(np.int64)
    print('%s: %d nodes, %d synapses, in-degree up to %d' % (path, nodes, codes.size, np.bincount(target).max()))


if __name__ == '__main__':
    main()
