"""Running an unmodified program with its Ray tasks recorded: `python -c START [-m] TARGET [ARGS…]`.

The program finds `sys.argv`, `__main__`, `sys.path[0]` and its exit status as without nestviz; a traceback shows its own frames only.
"""

from __future__ import annotations

import runpy
import sys
import types
from itertools import pairwise
from pathlib import Path

__all__ = ["START", "main"]

START = "import sys; from nestviz.launch.program import main; main(sys.argv[1:])"
"""What Python is started with. With `-c` it ends a program by SIGINT when Ctrl-C does, as with a script; with `-m` it would not."""

_LAUNCHERS = {__file__, runpy.__file__, "<frozen runpy>", "<string>"}
_CAPTURE = str(Path(__file__).resolve().parents[1] / "capture")


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
    name = str(path.absolute())
    module.__dict__.update(__file__=name, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    code = compile(path.read_bytes(), name, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 - this is the person's own program, which they asked to run


def _without_our_frames(kind: type[BaseException], error: BaseException, traceback: types.TracebackType | None) -> None:
    """Print an uncaught exception as Python does, less the frames that nestviz put between those of the program."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        problem = waiting.pop()
        if id(problem) not in seen:
            seen.add(id(problem))
            problem.__traceback__ = _theirs(problem.__traceback__)
            waiting += [other for other in (problem.__cause__, problem.__context__) if other is not None]
    sys.__excepthook__(kind, error, _theirs(traceback))


def _theirs(traceback: types.TracebackType | None) -> types.TracebackType | None:
    kept = []
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if name not in _LAUNCHERS and not name.startswith(_CAPTURE):
            kept.append(traceback)
        traceback = traceback.tb_next
    for before, after in pairwise([*kept, None]):
        if before is not None:
            before.tb_next = after
    return kept[0] if kept else None
