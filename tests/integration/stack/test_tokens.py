#!/usr/bin/python3 -B
"""A token whose file SoftHSM had emptied when its program was killed is
given back; it is never replaced by a new one without its keys."""

import glob
import os
import shutil
import sys
import tempfile
import unittest

REPO = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                    "..")
sys.path.insert(0, os.path.join(REPO, "ops", "stack.d"))
os.environ.setdefault("CERTFLOW_CACHE", tempfile.gettempdir())
import home as homes  # noqa: E402
import tokens  # noqa: E402


class Tokens(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="certflow-tokens-")
        self.addCleanup(shutil.rmtree, self.root)
        self.home = homes.Home(self.root)
        for folder in ("etc", "secrets"):
            self.home.folder(folder, mode=0o700)
        tokens.create(self.home)

    def objects(self):
        return glob.glob(os.path.join(self.root, "hsm", "issuing", "tokens",
                                      "*", "token.object"))

    def empty(self):
        path, = self.objects()
        with open(path, "rb") as stream:
            before = stream.read()
        os.truncate(path, 0)
        return path, before

    def test_is_restored(self):
        path, before = self.empty()
        tokens.create(self.home)
        self.assertEqual(self.objects(), [path])
        with open(path, "rb") as stream:
            self.assertEqual(stream.read(), before)
        self.assertEqual(tokens.count(self.home), 5)

    def test_is_not_replaced(self):
        self.empty()
        for copy in glob.glob(os.path.join(self.root, "hsm", "issuing",
                                           "*.token.object")):
            os.unlink(copy)
        with self.assertRaisesRegex(homes.Failure, "is empty"):
            tokens.create(self.home)
        self.assertEqual(len(self.objects()), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
