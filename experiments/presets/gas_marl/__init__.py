"""The published case of GAS-MARL, run on files that the user fetched."""
