"""What a site's own scheduler ranks and limits jobs by, as data."""
