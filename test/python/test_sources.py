"""What every file of the package keeps to: it has to run wherever Python 3.9 does, and nothing else."""

from __future__ import annotations

import ast
import sys
import unittest
from pathlib import Path

from tsgun_python import frames

FOLDER = Path(frames.__file__).parent
OLDEST = (3, 9)
# Imported where a user has chosen them, and only then.
CHOSEN = {"eventlet", "gevent", "uvloop"}


class SourcesTest(unittest.TestCase):
    def test_every_file_is_python_3_9(self) -> None:
        for path in FOLDER.glob("*.py"):
            with self.subTest(path.name):
                ast.parse(path.read_text(encoding="utf-8"), path.name, feature_version=OLDEST)

    def test_the_first_file_is_older(self) -> None:
        # So that an old Python can say that it is too old.
        text = (FOLDER / "__main__.py").read_text(encoding="utf-8")
        tree = ast.parse(text, feature_version=(3, 4))
        self.assertFalse([node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)])

    def test_annotations_are_not_evaluated(self) -> None:
        # `dict[str, int] | None` is no expression of Python 3.9.
        for path in FOLDER.glob("*.py"):
            if path.name not in ("__main__.py", "__init__.py"):
                with self.subTest(path.name):
                    text = path.read_text(encoding="utf-8")
                    self.assertIn("from __future__ import annotations\n", text)

    @unittest.skipIf(sys.version_info < (3, 10), "Python 3.9 does not tell what is its own")
    def test_nothing_has_to_be_installed(self) -> None:
        for path in FOLDER.glob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {name.partition(".")[0] for name in imported(tree)}
            with self.subTest(path.name):
                self.assertLessEqual(names - CHOSEN, set(sys.stdlib_module_names))


def imported(tree: ast.AST) -> list[str]:
    """The modules of others that a file imports."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.append(node.module)
    return names


if __name__ == "__main__":
    unittest.main()
