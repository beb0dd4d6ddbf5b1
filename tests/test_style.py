"""One idea a file: sizes of files and functions, and a docstring on everything public in core."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.sources import Source, sources

LONGEST_FILE = 300
LONGEST_FUNCTION = 50

CORE = sources("core")
ALL = [*CORE, *sources("pages", "app.py")]
Function = (ast.FunctionDef, ast.AsyncFunctionDef)


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function and method, nested ones as well."""
    return (node for node in ast.walk(tree) if isinstance(node, Function))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a function from its `def` to its end, its docstring not counted."""
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if ast.get_docstring(node) is None:
        return lines
    docstring = node.body[0]
    return lines - ((docstring.end_lineno or docstring.lineno) - docstring.lineno + 1)


def size_faults(source: Source) -> Iterator[str]:
    """Yield the file if it is too long, and every function in it that is."""
    lines = len(source.text.splitlines())
    if lines > LONGEST_FILE:
        yield f"{source.path} has {lines} lines, more than {LONGEST_FILE}"
    for node in functions(source.tree):
        if length(node) > LONGEST_FUNCTION:
            yield f"{source.path}:{node.lineno} {node.name} has {length(node)} lines, more than {LONGEST_FUNCTION}"


def docstring_faults(source: Source) -> Iterator[str]:
    """Yield the module, public classes, functions and methods that say nothing about themselves."""
    if ast.get_docstring(source.tree) is None and source.text.strip():
        yield f"{source.path} has no docstring"
    for node in source.tree.body:
        members = [node, *(node.body if isinstance(node, ast.ClassDef) else [])]
        for member in members:
            if not isinstance(member, (*Function, ast.ClassDef)) or member.name.startswith("_"):
                continue
            if not node_is_private(node) and ast.get_docstring(member) is None:
                yield f"{source.path}:{member.lineno} {member.name} has no docstring"


def node_is_private(node: ast.stmt) -> bool:
    """Tell whether a class or function is not meant for others."""
    return isinstance(node, (*Function, ast.ClassDef)) and node.name.startswith("_")


def test_files_and_functions_are_short() -> None:
    """No file in core and pages has more than 300 lines, no function more than 50 without its docstring."""
    assert [fault for source in ALL for fault in size_faults(source)] == []


def test_everything_public_in_core_has_a_docstring() -> None:
    """Every module, public class, function and method of core says what it is."""
    assert [fault for source in CORE for fault in docstring_faults(source)] == []


def test_the_check_of_sizes_finds_planted_faults() -> None:
    """A file of 301 lines and a function of 51 are found; a long docstring is no fault."""
    body = "\n".join(["    x = 1"] * LONGEST_FUNCTION)
    assert len(list(size_faults(Source("core/a.py", f"def f():\n{body}\n")))) == 1
    assert list(size_faults(Source("core/a.py", f'def f():\n    """A.\n{body}\n    """\n'))) == []
    assert len(list(size_faults(Source("core/a.py", "x = 1\n" * (LONGEST_FILE + 1))))) == 1
    assert list(size_faults(Source("core/a.py", "x = 1\n" * LONGEST_FILE))) == []


def test_the_check_of_docstrings_finds_planted_faults() -> None:
    """A silent module, class, function and method are found; private ones may be silent."""
    text = '"""A."""\n\n\nclass A:\n    """A."""\n\n    def b(self):\n        pass\n\n    def _c(self):\n        pass\n'
    assert [f.split()[1] for f in docstring_faults(Source("core/a.py", text))] == ["b"]
    assert len(list(docstring_faults(Source("core/a.py", "def f():\n    pass\n")))) == 2
    assert list(docstring_faults(Source("core/a.py", '"""A."""\n\n\ndef _f():\n    pass\n'))) == []
