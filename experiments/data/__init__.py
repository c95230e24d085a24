"""Files and datasets: show, generate, log and export them."""
