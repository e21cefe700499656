"""The installed program: networks go in as .npz, scalings and figures come out. Every balancing in the figures is its."""
import json
import pathlib
import subprocess

import h5py
import numpy as np
import scipy.sparse

CONVERGED, LIMIT = 0, 4  # exit codes of synbal


class ProgramError(Exception):
    """What synbal said when it did not do what it should."""


class Synbal:
    """`synbal` with a folder for its files. `calls` counts how often it ran."""

    def __init__(self, path, folder):
        self.path, self.folder, self.calls = str(pathlib.Path(path).resolve()), pathlib.Path(folder), 0

    def run(self, *words, allowed=(CONVERGED,)):
        """One run in the folder; its report."""
        self.calls += 1
        words = [self.path, *map(str, words), "--report", "report.json", "--force"]
        done = subprocess.run(words, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode not in allowed:
            raise ProgramError(f"{' '.join(words)}\nexit code {done.returncode}: {done.stderr.strip()[-600:]}")
        return json.loads((self.folder / "report.json").read_text())

    def read(self, name, *datasets):
        with h5py.File(self.folder / name) as file:
            return [file[dataset][()] for dataset in datasets]

    def write(self, name, **arrays):
        with h5py.File(self.folder / name, "w") as file:
            for key, value in arrays.items():
                file[key] = value

    def save(self, name, matrix):
        scipy.sparse.save_npz(self.folder / name, scipy.sparse.csr_matrix(matrix), compressed=False)

    def save_layers(self, layers):
        """Layers as one matrix, whose first and last neurons are to be pinned: nothing outside takes up their factors."""
        sizes = [w.shape[1] for w in layers.weights] + [len(layers.weights[-1])]
        blocks = [[scipy.sparse.csr_matrix((a, b)) for b in sizes] for a in sizes]
        for k, weights in enumerate(layers.weights):
            blocks[k + 1][k] = scipy.sparse.csr_matrix(weights.astype(np.float64))
        self.save("layers.npz", scipy.sparse.bmat(blocks, format="csr"))
        ends = np.concatenate((np.arange(sizes[0]), np.arange(sum(sizes[:-1]), sum(sizes))))
        np.savetxt(self.folder / "ends.txt", ends, fmt="%d")

    def balance_layers(self, *words):
        """The h that balances what save_layers has written, and the report."""
        report = self.run("balance", "layers.npz", "-o", "layers.h5", "--pinned", "ends.txt", "--write", "h", *words,
                          allowed=(CONVERGED, LIMIT))
        return self.read("layers.h5", "h")[0], report

    def fully(self, layers, power=2):
        """h of all neurons at balance."""
        self.save_layers(layers)
        h, report = self.balance_layers("--power", power)
        if not report["solver"]["converged"]:
            raise ProgramError("layers were not balanced")
        return h

    def once(self, layers, power=2):
        """h after every neuron has balanced once, from inputs to outputs: Baldi et al.'s partial balancing."""
        self.save_layers(layers)
        return self.balance_layers("--power", power, "--method", "stochastic", "--schedule", "sequential",
                                   "--max-iterations", 1)[0]

    def save_recurrent(self, name, networks, k):
        """One of several recurrent networks, under names that synbal finds."""
        np.savez(self.folder / name, W_rec=networks.recurrent[k], W_in=networks.inputs[k], W_out=networks.outputs[k],
                 b_rec=networks.biases[k, :, 0])
