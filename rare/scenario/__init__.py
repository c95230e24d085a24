"""From a TOML file to a case, and to the windows it is trained and judged on."""
