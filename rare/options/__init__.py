"""What a case is given besides machines, jobs and power: choices of its rules, and limits of its users."""
