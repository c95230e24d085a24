"""From a TOML file to a case, and to the windows it is trained and judged on."""

from rare.scenario.case_builder import build
from rare.scenario.load import Overrides, Wishes, load_scenario
from rare.scenario.scenario_episodes import episodes_of

__all__ = ["Overrides", "Wishes", "build", "episodes_of", "load_scenario"]
