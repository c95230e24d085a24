"""The command `rare`: one module a group of commands, each a thin call of a function."""
