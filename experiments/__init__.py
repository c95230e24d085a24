"""What people run: the command line, experiments, reports and figures."""
# Part of the distribution rare-datacenter: rare.start.package_origin looks for this line.

import rare  # noqa: F401 - it checks that all five packages are ours
from traces.moved import install

install()
