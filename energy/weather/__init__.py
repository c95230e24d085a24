"""Weather at one site: files, pvlib's typical years, the sky, and finer steps."""

from energy.weather.site_weather import Weather
from energy.weather.weather_reader import read_weather

__all__ = ["Weather", "read_weather"]
