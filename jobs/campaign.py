#!/usr/bin/env python3
"""Campaigns: many runs of synbal, described as data, on a workstation or a cluster.

    campaign.py plan jobs/campaigns/equilibria.toml --machine jobs/machines/workstation.toml --folder equilibria
    campaign.py submit equilibria          # shows what would be submitted
    campaign.py submit equilibria --go     # submits it
    campaign.py status equilibria
    campaign.py retry equilibria --go      # once more what failed or was killed
    campaign.py collect equilibria         # one table of all runs
"""
import pathlib
import sys

if sys.version_info < (3, 11):
    sys.exit("campaign.py: Python 3.11 or newer is needed (it reads TOML), this is " + sys.version.split()[0])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from driver.commands import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], __doc__))
