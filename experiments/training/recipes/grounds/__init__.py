"""Training grounds: clusters, jobs, supplies and prices drawn widely, none of them a real trace."""
