"""From weather, plants and markets to power, prices and forecasts."""
# Part of the distribution rare-datacenter: rare.start.package_origin looks for this line.

from traces.moved import install

install()
