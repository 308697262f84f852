#!/usr/bin/env python3
"""The schemas, their history and their documents agree with each other."""

import copy
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unicodedata
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
EVENT = ROOT / "shared" / "event"
sys.path.insert(0, str(EVENT))

import generate  # noqa: E402
import schema_history  # noqa: E402


def run(script, *args):
    return subprocess.run(
        [sys.executable, "-B", str(EVENT / script), *map(str, args)],
        capture_output=True,
        text=True,
        check=False,
    )


class Committed(unittest.TestCase):
    def test_history_is_kept_and_compatible(self):
        self.assertEqual(schema_history.check(SCHEMAS), [])

    def test_documents_are_current(self):
        for kind, name in (("events", "events.md"), ("asyncapi", "asyncapi.yaml")):
            made = run("document.py", SCHEMAS, EVENT / "event.c", kind)
            self.assertEqual(made.returncode, 0, made.stderr)
            kept = (SCHEMAS / name).read_text(encoding="utf-8")
            self.assertEqual(made.stdout, kept, f"write schemas/{name} anew")

    def test_texts_are_nfc(self):
        for path in SCHEMAS.rglob("*.avsc"):
            text = path.read_text(encoding="utf-8")
            self.assertTrue(unicodedata.is_normalized("NFC", text), path)


class Copy(unittest.TestCase):
    """A copy of the schemas that each test spoils in one way."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.directory)
        self.schemas = self.directory / "schemas"
        shutil.copytree(SCHEMAS, self.schemas)

    def edit(self, event, change):
        path = self.schemas / f"{event}.avsc"
        schema = json.loads(path.read_text(encoding="utf-8"))
        change(schema)
        path.write_text(json.dumps(schema), encoding="utf-8")

    def generate(self):
        return run("generate.py", self.schemas, self.directory / "out")

    def expect(self, reason):
        made = self.generate()
        self.assertNotEqual(made.returncode, 0)
        self.assertIn(reason, made.stderr)


class Generator(Copy):
    def test_unchanged(self):
        self.assertEqual(self.generate().returncode, 0)

    def test_type_that_differs_between_files(self):
        def change(schema):
            schema["fields"][0]["type"]["fields"][0]["name"] = "id"

        self.edit("EnrolmentSaved", change)
        self.expect("Meta differs from another file's")

    def test_enum_without_unknown(self):
        def change(schema):
            schema["fields"][2]["type"]["symbols"].pop(0)

        self.edit("EnrolmentAbandoned", change)
        self.expect("AbandonmentCause must begin with UNKNOWN")

    def test_optional_without_default(self):
        self.edit("DeactivationRequested", lambda s: s["fields"][2].pop("default"))
        self.expect("DeactivationRequested.reason: optional without default null")

    def test_field_without_example(self):
        self.edit("EnrolmentSaved", lambda s: s["fields"][1].update(doc="An id."))
        self.expect("EnrolmentSaved.enrolment_id: doc gives no example")

    def test_meta_is_first(self):
        self.edit("EnrolmentSaved", lambda s: s["fields"].reverse())
        self.expect("meta must be the first field")

    def test_default_that_the_decoder_would_not_fill_in(self):
        self.edit("RequestWithdrawn", lambda s: s["fields"][2].update(default="none"))
        self.expect("RequestWithdrawn.reason: default is not the type's zero")

    def test_union_of_more_than_null(self):
        self.edit(
            "RequestWithdrawn",
            lambda s: s["fields"][2].update(type=["string", "int"], default=None),
        )
        self.expect("union is not [null, type]")

    def test_other_name_space(self):
        self.edit("EnrolmentSaved", lambda s: s.update(namespace="other.v1"))
        self.expect("namespace is not certflow.v1")


class History(Copy):
    def test_change_without_version(self):
        self.edit("EnrolmentSaved", lambda s: s.update(doc="Changed."))
        found = schema_history.check(self.schemas)
        self.assertEqual(len(found), 1)
        self.assertIn("EnrolmentSaved: changed without a new version", found[0])

    def test_schema_without_history(self):
        shutil.rmtree(self.schemas / "history" / "Outcome")
        found = schema_history.check(self.schemas)
        self.assertIn("Outcome: changed without a new version", found[0])

    def test_optional_field_is_a_version(self):
        field = {"name": "note", "type": ["null", "string"], "default": None}
        self.edit("EnrolmentSaved", lambda s: s["fields"].append(field))
        self.assertEqual(schema_history.add(self.schemas, "EnrolmentSaved"), [])
        self.assertEqual(schema_history.check(self.schemas), [])
        kept = self.schemas / "history" / "EnrolmentSaved" / "2.avsc"
        self.assertTrue(kept.exists())

    def test_old_version_may_not_be_rewritten(self):
        path = self.schemas / "history" / "EnrolmentSaved" / "1.avsc"
        path.write_bytes(path.read_bytes() + b"\n")
        self.assertNotEqual(schema_history.check(self.schemas), [])

    def test_incompatible_versions_are_not_added(self):
        changes = {
            "required field": lambda s: s["fields"].append(
                {"name": "note", "type": "string"}
            ),
            "field removed": lambda s: s["fields"].pop(1),
            "type changed": lambda s: s["fields"][1].update(type="long"),
        }
        for what, change in changes.items():
            with self.subTest(what):
                shutil.copy(SCHEMAS / "EnrolmentSaved.avsc", self.schemas)
                self.edit("EnrolmentSaved", change)
                found = schema_history.add(self.schemas, "EnrolmentSaved")
                self.assertNotEqual(found, [])


class Compatibility(unittest.TestCase):
    """The rules of the Avro specification, "Schema Resolution"."""

    OLD = {
        "type": "record",
        "name": "R",
        "fields": [
            {"name": "a", "type": ["null", "int"], "default": None},
            {
                "name": "e",
                "type": {
                    "type": "enum",
                    "name": "E",
                    "symbols": ["UNKNOWN", "A"],
                    "default": "UNKNOWN",
                },
            },
            {"name": "f", "type": {"type": "fixed", "name": "F", "size": 4}},
            {"name": "l", "type": {"type": "array", "items": "E"}},
        ],
    }

    def compare(self, change):
        new = copy.deepcopy(self.OLD)
        change(new)
        return schema_history.compare(self.OLD, new)

    def test_same(self):
        self.assertEqual(self.compare(lambda s: None), [])

    def test_symbol_at_the_end(self):
        self.assertEqual(
            self.compare(lambda s: s["fields"][1]["type"]["symbols"].append("B")), []
        )

    def test_symbol_in_between(self):
        found = self.compare(
            lambda s: s["fields"][1]["type"]["symbols"].insert(1, "B")
        )
        self.assertEqual(found, ["E: symbols are added at the end only"])

    def test_symbol_added_without_default(self):
        def change(schema):
            schema["fields"][1]["type"]["symbols"].append("B")
            schema["fields"][1]["type"].pop("default")

        old = copy.deepcopy(self.OLD)
        old["fields"][1]["type"].pop("default")
        new = copy.deepcopy(self.OLD)
        change(new)
        found = schema_history.compare(old, new)
        self.assertIn("old reads new.e: ['B'] unknown, and no default", found)

    def test_promotion_is_one_way(self):
        found = self.compare(
            lambda s: s["fields"][0].update(type=["null", "long"])
        )
        self.assertEqual(found, ["old reads new.a: no branch reads long"])

    def test_size_of_fixed(self):
        found = self.compare(lambda s: s["fields"][2]["type"].update(size=5))
        self.assertEqual(len(found), 2)

    def test_items_of_array(self):
        found = self.compare(lambda s: s["fields"][3]["type"].update(items="int"))
        self.assertIn("new reads old.l[]: enum cannot be read as int", found)


class Mapping(unittest.TestCase):
    def test_names(self):
        for name, want in (
            ("KeyPairRequested", "key_pair_requested"),
            ("Sha256", "sha256"),
            ("IdDocumentType", "id_document_type"),
            ("CsrGenerated", "csr_generated"),
        ):
            self.assertEqual(generate.snake(name), want)


if __name__ == "__main__":
    unittest.main()
