"""`rare shadow`: RARE's decisions beside a live scheduler, logged, printed, or carried out within limits."""
