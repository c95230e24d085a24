"""Small cases from public bug reports of comparable tools: `python -m tests.public_cases` judges them all."""
