"""Learning from teachers: one network that imitates others in the states it comes to itself."""
