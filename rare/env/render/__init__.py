"""An environment as a screen of text, and as a picture."""
