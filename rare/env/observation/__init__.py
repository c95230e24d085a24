"""What a policy sees and may do: features and their layout, and the mask of valid actions."""
