"""The commands of `rare`, one module a command or group: options, one call of a function, and printing."""
