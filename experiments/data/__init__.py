"""Files and datasets: show, generate, log and export them."""

MODELS = ("lublin", "gpu")
"""Models of synthetic jobs, here so that the command line can list them without importing them."""
ESTIMATES = ("exact", "tsafrir")
"""Models of users' run-time estimates."""
