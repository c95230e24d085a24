"""Weather at one site: files, pvlib's typical years, the sky, and finer steps."""
