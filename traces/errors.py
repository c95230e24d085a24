"""The one exception that means: the input is wrong, and here is what to do about it."""


class InputError(ValueError):
    """Bad input from the user.

    The message is one line that says what is wrong, where (file and line, or configuration key),
    which value was found, and what to do. The command line prints it and exits with code 2.
    """


def one_line(error: BaseException, longest: int = 200) -> str:
    """What an exception says, on one line and cut; '' if it says nothing, or nothing that can be printed."""
    try:
        return " ".join(str(error).split())[:longest]
    except ValueError:  # a number in it has more digits than Python prints
        return ""
