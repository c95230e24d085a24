"""What is checked as RARE is imported, before anything of it is used."""
