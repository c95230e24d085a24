"""Training commands as functions: offline, online and distillation."""
