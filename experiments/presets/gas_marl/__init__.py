"""The published case of GAS-MARL, on files supplied by the user."""
