"""The electricity grid: prices and carbon intensities, published or synthetic."""

from energy.grid.grid_series import read_carbon, read_price

__all__ = ["read_carbon", "read_price"]
