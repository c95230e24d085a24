"""`rare shadow`: a second opinion beside a live scheduler, logged, told, or within narrow limits acted on."""
