"""Solar and wind plants: weather in, kilowatts out, through pvlib and windpowerlib."""

from energy.plants.plant_power import capacity_factor
from energy.plants.solar import solar_power
from energy.plants.solar_plant import SolarPlant
from energy.plants.wind import WindPlant, wind_power

__all__ = ["SolarPlant", "WindPlant", "capacity_factor", "solar_power", "wind_power"]
