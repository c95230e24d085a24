"""Synthetic workloads from published models: jobs, estimates, a GPU cluster's mix, and users' chains."""

from traces.synthetic.gpu.gpu_mix import gpu_mix
from traces.synthetic.gpu.gpu_parameters import NodeLayout, node_layout
from traces.synthetic.lublin import lublin
from traces.synthetic.lublin_parameters import VARIANTS
from traces.synthetic.tsafrir import tsafrir_estimates, with_estimates
from traces.synthetic.user_chains import with_chains

__all__ = [
    "VARIANTS",
    "NodeLayout",
    "gpu_mix",
    "lublin",
    "node_layout",
    "tsafrir_estimates",
    "with_chains",
    "with_estimates",
]
