"""What runs tell people: tables, sentences and pages."""
