"""Files of a user's, read under caps: text, CSV, TOML and JSON; and written whole or not at all."""
