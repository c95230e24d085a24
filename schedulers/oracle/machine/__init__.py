"""What a machine allows any schedule at most: speed levels, limits of events, nodes there, first starts."""
