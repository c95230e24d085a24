"""Output of `rare size`: the figure of the front, the report and the text for the terminal."""
