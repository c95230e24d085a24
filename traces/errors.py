"""The one exception that means: the input is wrong, and here is what to do about it."""


class InputError(ValueError):
    """Bad input from the user.

    The message is one line that says what is wrong, where (file and line, or configuration key),
    which value was found, and what to do. The command line prints it and exits with code 2.
    """
