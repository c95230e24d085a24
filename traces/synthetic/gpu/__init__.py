"""The synthetic workload of a GPU cluster, its fitted parameters, and the program that fits them."""
