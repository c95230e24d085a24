"""Reading of user files (text, CSV, TOML, JSON) under size limits, and atomic writing."""
