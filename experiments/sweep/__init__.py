"""Many runs: a grid or list of cases, each run kept by its content."""
