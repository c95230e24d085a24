"""The electricity grid: prices and carbon intensities, published or synthetic."""
