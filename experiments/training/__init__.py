"""Training commands as functions: folders, offline, online and distillation."""
