"""What is done with finished results: names, ranking, intervals, numbers and tables as text."""
