"""Reading of untrusted datasets: every header, sheet and array is checked before its use."""
