"""Options of a case besides machines, jobs and power: choices of its rules, priorities and limits."""
