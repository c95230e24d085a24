"""A click command as a process: signals, exit codes, and one line on stderr for whatever went wrong."""

from __future__ import annotations

import errno
import gc
import io
import logging
import os
import re
import sys
import traceback
from collections.abc import Sequence

import click

from experiments.process import interrupts
from traces.errors import InputError
from traces.files.text import place

SCARCE = (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EROFS, errno.EIO)
"""What a system may lack, whatever is asked of it: no bug of ours."""
LONGEST_LINE = 900
"""Characters of an error; what the user gave may be longer."""
OBJECTS_BETWEEN_COLLECTIONS = 50_000
"""Python's 700 make it search for garbage a thousand times while modules are imported, which make none."""


def run_process(command: click.Command, name: str) -> int:
    """Run a command that is a process of its own, by sys.argv; signals end it within seconds."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, *gc.get_threshold()[1:])
    with interrupts.command():
        return run_command(command, name, sys.argv[1:])


def run_inside(command: click.Command, name: str, words: Sequence[str]) -> int:
    """Run a command inside another program, whose signal handlers are put back."""
    with interrupts.sigterm_raises():
        return run_command(command, name, words)


def run_command(command: click.Command, name: str, words: Sequence[str]) -> int:
    """Run a command; the exit code: 0 done, 2 bad input or usage, 1 our own bug, 130 and 143 stopped."""
    replace_unprintable()
    if "--quiet" in words:
        logging.getLogger("rare").setLevel(logging.ERROR)
    try:
        # Not command.main(): it turns a closed pipe into an exit code like that of a bug.
        with command.make_context(name, list(words)) as ctx:
            ctx.command.invoke(ctx)
        sys.stdout.flush()
        return 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.ctx.get_help() if error.ctx else command.get_help(click.Context(command)))
        return 0
    except click.ClickException as error:
        return _fail(f"{error.format_message()}{_see_help(error)}", 2)
    except (click.Abort, KeyboardInterrupt) as error:
        code = 143 if isinstance(error, interrupts.Terminated) else 130
        return _fail("; ".join(["interrupted", *map(str, error.args)]), code)
    except BrokenPipeError as error:
        return _reader_gone() if _in_users_class(error, words) is None else _failed(error, words)
    except Exception as error:  # the outermost frame: everything ends here as one line
        stopped = interrupts.received_code()
        if stopped is not None:  # some library made another exception of the interrupt
            return _fail("interrupted", stopped)
        return _failed(error, words)
    except BaseException as error:  # sys.exit() in a class of the user's is no end of ours
        if _in_users_class(error, words) is None:
            raise
        return _failed(error, words)


def replace_unprintable() -> None:
    """Let a terminal that cannot show a character, in a name or the mark †, show another one."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _failed(error: BaseException, words: Sequence[str]) -> int:
    """One line for an exception that ended a command, and its code: 2 what the user can mend, 1 our bug."""
    debug = os.environ.get("RARE_DEBUG") == "1"
    if isinstance(error, InputError):
        if debug and type(error).__name__ == "UnforeseenError":  # it may be our bug after all
            raise error
        return _fail(str(error), 2)
    users_line = _in_users_class(error, words)
    if users_line is not None:
        name = type(error).__name__
        return _fail(f"{users_line}: {name}: {_text_of(error)} (in the scheduler of your own)", 2)
    if debug:
        raise error
    if isinstance(error, MemoryError):
        return _fail("there is not enough memory for this; take fewer jobs, windows or workers", 2)
    if isinstance(error, OSError) and (error.filename is not None or error.errno in SCARCE):
        return _fail(f"{_file_of(error)}{error.strerror}; check the path, its permissions and free space", 2)
    cause = f"{type(error).__name__}: {_text_of(error)}"
    return _fail(f"a bug in rare ({cause}); please report it, with the output under RARE_DEBUG=1", 1)


def _reader_gone() -> int:
    """`rare ... | head`: the reader has seen enough, which is no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else Python complains once more when it flushes
    return 0


def _in_users_class(error: BaseException, words: Sequence[str]) -> str | None:
    """file:line if the error passed through a class given as `path/to/file.py:ClassName`."""
    names = [name for word in words for name in re.findall(r"[^=,]+\.py(?=:)", word)]
    files = {os.path.realpath(os.path.expanduser(name.strip())) for name in names}
    lines = [
        f"{frame.f_code.co_filename}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if os.path.realpath(frame.f_code.co_filename) in files
    ]
    return lines[-1] if lines else None


def _file_of(error: OSError) -> str:
    names = [
        place(os.fsdecode(name))
        for name in (error.filename, error.filename2)
        if isinstance(name, str | bytes)
    ]
    return f"{' -> '.join(names)}: " if names else ""


def _text_of(error: BaseException) -> str:
    try:
        return str(error)
    except ValueError:  # a number of more digits than Python prints
        return "(no text)"


def _see_help(error: click.ClickException) -> str:
    ctx = getattr(error, "ctx", None)
    return f" (see {ctx.command_path} --help)" if ctx is not None else ""


def _fail(text: str, code: int) -> int:
    """One line on stderr, whatever the message holds."""
    line = " ".join(text.split())
    line = "".join(char if char.isprintable() else "?" for char in line)
    if len(line) > LONGEST_LINE:
        line = f"{line[: LONGEST_LINE * 2 // 3]} ... {line[-LONGEST_LINE // 3 :]}"
    sys.stderr.write(f"rare: {line.encode('utf-8', 'replace').decode('utf-8')}\n")
    return code
