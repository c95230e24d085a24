"""How the networks that ship are trained and put into the package."""
