"""What all figures share: style, axes, and step functions of time."""
