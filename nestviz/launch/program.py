"""Running an unmodified program with its Ray tasks recorded: `python -c START [-m] TARGET [ARGS…]`.

The program finds `sys.argv`, `__main__`, `sys.path[0]` and its exit status as without nestviz; a traceback shows its own frames only.
"""

from __future__ import annotations

import runpy
import sys
import types
from pathlib import Path

__all__ = ["START", "main"]

START = "import sys; from nestviz.launch.program import main; main(sys.argv[1:])"
"""What Python is started with. With `-c` it ends a program by SIGINT when Ctrl-C does, as with a script; with `-m` it would not."""


def main(argv: list[str]) -> None:
    """Become the program: `argv` is [TARGET, ARGS…] or ["-m", MODULE, ARGS…]."""
    is_module = argv[0] == "-m"
    sys.argv = argv[1:] if is_module else list(argv)
    sys.path[0] = str(Path.cwd()) if is_module else str(Path(argv[0]).resolve().parent)
    sys.excepthook = _without_our_frames
    from nestviz import install

    install()
    if is_module:
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        _run_script(Path(argv[0]))


def _run_script(path: Path) -> None:
    """Execute a file in a fresh `__main__`, as Python itself does; its functions are pickled by value, as ever."""
    module = types.ModuleType("__main__")
    module.__dict__.update(__file__=str(path), __builtins__=__builtins__)
    sys.modules["__main__"] = module
    code = compile(path.read_bytes(), str(path), "exec")
    exec(code, module.__dict__)  # noqa: S102 - this is the person's own program, which they asked to run


def _without_our_frames(kind: type[BaseException], error: BaseException, traceback: types.TracebackType | None) -> None:
    ours = {__file__, runpy.__file__, "<frozen runpy>", "<string>"}
    while traceback is not None and traceback.tb_frame.f_code.co_filename in ours:
        traceback = traceback.tb_next
    sys.__excepthook__(kind, error.with_traceback(traceback), traceback)
