"""From weather, plants and markets to power, prices and forecasts."""

from traces.moved import install

install()
