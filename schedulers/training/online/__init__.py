"""Online training on the vector environment: ppo and dqn of stable-baselines3 over our network."""
