"""How the sizes of forecast errors are fitted to real forecasts, and judged on data held out."""
