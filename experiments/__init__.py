"""What people run: the command line, experiments, reports and figures."""

from traces.moved import install

install()
