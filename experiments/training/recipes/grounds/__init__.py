"""Training grounds: clusters, jobs, supplies and prices drawn at random; none is a real trace."""
