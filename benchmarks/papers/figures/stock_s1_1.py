"""Stock et al. 2022, S1 appendix, figure 1: the higher the rank of the weights, the less balancing saves."""
import dataclasses

import numpy as np
import scipy.special

from pictures import style
from table import Row, near

ABOUT = "Stock S1-1: saving against the rank of the weights"
SIZES = {"tiny": {"ranks": (1, 20), "draws": 1}, "small": {"ranks": (1, 2, 5, 10, 50, 200), "draws": 5},
         "full": {"ranks": (1, 2, 3, 5, 10, 20, 50, 100, 200), "draws": 30}}
NEURONS = 200


def make(setting):
    size = SIZES[setting.size]
    saved = np.array([[_saving(setting.synbal, rank, seed) for seed in range(1, size["draws"] + 1)]
                      for rank in size["ranks"]])
    return _picture(size["ranks"], saved), _rows(size["ranks"], saved)


def _saving(synbal, rank, seed):
    """Share of the cost that balancing J = U V^T takes away."""
    cost = synbal.run("balance", f"lowrank:nodes={NEURONS},rank={rank},seed={seed}", "-o", "low.h5", "--write", "h")["cost"]
    return 1 - cost["final"] / cost["initial"]


def _expected(rank):
    """Costs |u_i . v_j|^2 differ by the lengths of u_i and v_j, whose balance saves 1 - (E chi_r)^4 / r^2, and by the angles
    between them, which over sums of N costs saves another (r - 1) / (r + 2) / N: as much as there is at full rank."""
    log_mean = 0.5 * np.log(2) + scipy.special.gammaln((rank + 1) / 2) - scipy.special.gammaln(rank / 2)
    return 1 - np.exp(4 * log_mean) / rank ** 2 + (rank - 1) / (rank + 2) / NEURONS


def _rows(ranks, saved):
    mean = saved.mean(axis=1)
    falls = bool(np.all(np.diff(mean) < 0))
    return [Row("Stock S1-1", f"saving falls with the rank, N = {NEURONS}", "yes", "yes" if falls else "no", "monotone", falls),
            *(_against_theory(rank, value) for rank, value in zip(ranks, mean))]


def _against_theory(rank, value):
    """The paper shows that savings fall, not by how much: theory stands in, and the row says so."""
    row = near("Stock S1-1", f"saving at rank {rank}", _expected(rank), value, 0.15, "few draws")
    return dataclasses.replace(row, paper=f"theory: {row.paper}")


def _picture(ranks, saved):
    figure, axes = style.panels(1)
    every = np.arange(1, NEURONS + 1)
    axes[0].plot(every, _expected(every), color=style.LINE, label="theory")
    axes[0].plot(ranks, saved, "o", ms=3, color=style.AFTER, alpha=0.6)
    axes[0].set(xlabel="rank", ylabel="share of the cost saved")
    style.log_axis(axes[0].xaxis)
    style.log_axis(axes[0].yaxis)
    axes[0].legend()
    style.caption(figure, f"Stock S1-1: weights U V^T of {NEURONS} neurons, normal factors.")
    return figure
