"""Files and datasets: show, generate, log and export them."""

MODELS = ("lublin", "gpu")
"""Models of synthetic jobs; the command line names them without importing what generates."""
ESTIMATES = ("exact", "tsafrir")
"""How users' estimates are generated."""
