"""The SQL of the read model: migrations, tax codes, questions, access.

Run by test_read_model; PGHOST and friends name an empty database whose
roles exist."""

import csv
import glob
import json
import os
import subprocess
import unittest
import uuid

REPO = os.path.abspath(os.path.join(os.path.dirname(__file__),
                                    "..", "..", ".."))
MIGRATIONS = sorted(glob.glob(os.path.join(
    REPO, "schemas", "sql", "read_model", "*.sql")))
UNIT = "0199000112"
BRANCH = "0199000112-001"
RULE = "LATEST_NOT_BEFORE_V1"


class SqlError(Exception):
    pass


def sql(text, role="certflow", **values):
    """Rows of the last statement as lists of text."""
    command = ["psql", "-qXAt", "-F", "\t", "-v", "ON_ERROR_STOP=1",
               "-U", role]
    for name, value in values.items():
        command += ["-v", f"{name}={value}"]
    done = subprocess.run(command, input=text, encoding="utf-8",
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=False)
    if done.returncode != 0:
        raise SqlError(done.stderr)
    return [line.split("\t") for line in done.stdout.splitlines()]


def migrate():
    for path in MIGRATIONS:
        with open(path, encoding="utf-8") as stream:
            sql(f"BEGIN;\n{stream.read()}\nCOMMIT;")


def setUpModule():
    migrate()


def day(text):
    return f"{text} 00:00:00+00"


class Certificates:
    """Certificates of one unit, put straight into the tables."""

    def __init__(self):
        sql("TRUNCATE read_model.certificate,"
            " read_model.certificate_use_history,"
            " read_model.certificate_ca_history")
        self.sequence = 0

    def next(self):
        self.sequence += 1
        return self.sequence

    def add(self, serial, begin, end, unit=UNIT, use="ACTIVE",
            sequence=None):
        number = sequence or self.next()
        sql("""INSERT INTO read_model.certificate (serial_number, tax_code,
            request_id, order_id, use_state, ca_state, not_before,
            not_after, certificate_der, spki_sha256,
            issuer_certificate_sha256, signed_at, issued_at,
            issued_sequence, sequence)
            VALUES (:'serial', :'unit', gen_random_uuid(),
            gen_random_uuid(), :'use', 'GOOD', :'begin', :'end',
            :'serial', '', '', :'begin', :'begin', :number, :number)""",
            serial=serial, unit=unit, use=use, begin=begin, end=end,
            number=number)
        self.use(serial, begin, use)
        self.ca(serial, begin, "GOOD")

    def use(self, serial, at, state):
        sql("INSERT INTO read_model.certificate_use_history VALUES"
            " (:'serial', :number, :'at', :'state')",
            serial=serial, at=at, state=state, number=self.next())

    def ca(self, serial, at, state):
        sql("INSERT INTO read_model.certificate_ca_history VALUES"
            " (:'serial', :number, :'at', :'state')",
            serial=serial, at=at, state=state, number=self.next())


def chosen(at, unit=UNIT):
    rows = sql("SELECT rule, serial_number FROM"
               " read_model.signing_certificate(:'unit', :'at')",
               at=at, unit=unit)
    assert all(row[0] == RULE for row in rows)
    return [row[1] for row in rows]


def reasons(at, unit=UNIT):
    return dict(sql("SELECT serial_number, reason FROM"
                    " read_model.why_not(:'unit', :'at')", at=at, unit=unit))


class Selection(unittest.TestCase):
    """tests/data/selection-cases.md, case by case."""

    def setUp(self):
        self.c = Certificates()

    def two(self):
        self.c.add("aa", day("2025-01-01"), day("2026-01-01"))
        self.c.add("bb", day("2025-06-01"), day("2026-06-01"))

    def test_01_latest_start(self):
        self.two()
        self.assertEqual(chosen(day("2025-07-01")), ["bb"])
        self.assertEqual(reasons(day("2025-07-01")), {"aa": "NOT_LATEST"})

    def test_02_inactive(self):
        self.c.add("aa", day("2025-01-01"), day("2026-01-01"))
        self.c.add("bb", day("2025-06-01"), day("2026-06-01"),
                   use="INACTIVE")
        self.assertEqual(chosen(day("2025-07-01")), ["aa"])
        self.assertEqual(reasons(day("2025-07-01")), {"bb": "INACTIVE"})

    def test_03_revoked(self):
        self.two()
        self.c.ca("bb", day("2025-06-20"), "REVOKED")
        self.assertEqual(chosen(day("2025-07-01")), ["aa"])
        self.assertEqual(reasons(day("2025-07-01")), {"bb": "REVOKED"})
        self.assertEqual(chosen(day("2025-06-19")), ["bb"])

    def test_03_revocation_is_final(self):
        self.two()
        self.c.ca("bb", day("2025-06-25"), "GOOD")
        self.c.ca("bb", day("2025-06-20"), "REVOKED")
        self.assertEqual(chosen(day("2025-07-01")), ["aa"])

    def test_04_on_hold(self):
        self.two()
        self.c.ca("bb", day("2025-06-20"), "ON_HOLD")
        self.c.ca("bb", day("2025-07-10"), "GOOD")
        self.assertEqual(chosen(day("2025-07-01")), ["aa"])
        self.assertEqual(reasons(day("2025-07-01")), {"bb": "ON_HOLD"})
        self.assertEqual(chosen(day("2025-07-11")), ["bb"])

    def test_05_future(self):
        self.c.add("aa", day("2025-01-01"), day("2026-01-01"))
        self.c.add("bb", day("2025-08-01"), day("2026-08-01"))
        self.c.use("bb", day("2025-06-01"), "ACTIVE")
        self.c.ca("bb", day("2025-06-01"), "GOOD")
        self.assertEqual(chosen(day("2025-07-01")), ["aa"])
        self.assertEqual(reasons(day("2025-07-01")),
                         {"bb": "NOT_YET_VALID"})

    def test_06_short_newest(self):
        self.c.add("aa", day("2025-01-01"), day("2027-01-01"))
        self.c.add("bb", day("2025-06-01"), day("2025-09-01"))
        self.assertEqual(chosen(day("2025-09-02")), ["aa"])
        self.assertEqual(reasons(day("2025-09-02")), {"bb": "EXPIRED"})

    def test_07_issued_later(self):
        self.c.add("bb", day("2025-01-01"), day("2026-01-01"))
        self.c.add("aa", day("2025-01-01"), day("2026-01-01"))
        self.assertEqual(chosen(day("2025-07-01")), ["aa"])

    def test_08_higher_serial(self):
        for serial in ("540401", "540402", "ff"):
            self.c.add(serial, day("2025-01-01"), day("2026-01-01"),
                       sequence=1)
        self.assertEqual(chosen(day("2025-07-01")), ["540402"])

    def test_09_both_ends_count(self):
        self.c.add("aa", day("2025-01-01"), day("2026-01-01"))
        self.assertEqual(chosen(day("2025-01-01")), ["aa"])
        self.assertEqual(chosen(day("2026-01-01")), ["aa"])
        self.assertEqual(chosen("2024-12-31 23:59:59.999999+00"), [])
        self.assertEqual(chosen("2026-01-01 00:00:00.000001+00"), [])

    def test_10_only_expired(self):
        self.c.add("aa", day("2025-01-01"), day("2026-01-01"))
        self.assertEqual(chosen(day("2026-02-01")), [])
        self.assertEqual(reasons(day("2026-02-01")), {"aa": "EXPIRED"})

    def test_11_branch_signs_for_itself(self):
        self.c.add("aa", day("2025-06-01"), day("2026-06-01"))
        self.c.add("bb", day("2025-01-01"), day("2026-01-01"), unit=BRANCH)
        self.assertEqual(chosen(day("2025-07-01"), BRANCH), ["bb"])
        self.assertEqual(chosen(day("2025-07-01"), "0199000112 - 001"),
                         ["bb"])
        self.assertEqual(chosen(day("2025-07-01")), ["aa"])

    def test_usb_token_never_signs_here(self):
        self.c.add("aa", day("2025-01-01"), day("2026-01-01"))
        sql("UPDATE read_model.certificate SET use_state = NULL;"
            " TRUNCATE read_model.certificate_use_history")
        self.assertEqual(chosen(day("2025-07-01")), [])
        self.assertEqual(reasons(day("2025-07-01")), {"aa": "NOT_IN_HSM"})


class TaxCodes(unittest.TestCase):
    def test_vectors(self):
        path = os.path.join(REPO, "tests", "data", "mst-vectors.tsv")
        with open(path, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter="\t",
                                       quoting=csv.QUOTE_NONE))
        self.assertGreater(len(rows), 30)
        for row in rows:
            good = row["expected"] in ("valid", "lenient")
            with self.subTest(input=row["input"]):
                self.assertEqual(
                    sql("SELECT coalesce(read_model.normalize_tax_code("
                        ":'input'), '-')", input=row["input"]),
                    [[row["canonical"] if good else "-"]])

    def test_null_and_long(self):
        self.assertEqual(sql("SELECT read_model.normalize_tax_code(NULL)"
                             " IS NULL, read_model.normalize_tax_code("
                             "repeat('0', 1000000)) IS NULL"), [["t", "t"]])


class Questions(unittest.TestCase):
    def test_unknown_customer_literally(self):
        with self.assertRaisesRegex(
                SqlError, "ERROR:  Không tìm thấy thông tin khách hàng\n"):
            sql("SELECT * FROM read_model.find_customer('0100109106')")

    def test_wrong_tax_code_literally(self):
        for function in ("find_customer", "find_requests",
                         "find_certificates", "signing_certificate",
                         "why_not"):
            with self.assertRaisesRegex(
                    SqlError, "ERROR:  Mã số thuế không hợp lệ\n"):
                sql(f"SELECT * FROM read_model.{function}('0100109107')")

    def test_messages_are_those_of_the_guide(self):
        with open(os.path.join(REPO, "tests", "data", "messages.tsv"),
                  encoding="utf-8") as stream:
            texts = {row["code"]: row["text_vi"] for row in
                     csv.DictReader(stream, delimiter="\t")}
        labels = {tuple(row[:2]): row[2] for row in sql(
            "SELECT machine, state, label_vi FROM read_model.state_labels")}
        expected = {
            ("request", "PENDING_APPROVAL"): "REQUEST_PENDING_APPROVAL",
            ("request", "RETURNED"): "REQUEST_RETURNED",
            ("request", "APPROVED"): "REQUEST_APPROVED",
            ("request", "REJECTED"): "REQUEST_REJECTED",
            ("request", "WITHDRAWN"): "REQUEST_CANCELLED",
            ("request", "ISSUING"): "REQUEST_ISSUING",
            ("request", "ISSUANCE_FAILED"): "REQUEST_ISSUE_FAILED",
            ("request", "ISSUED"): "REQUEST_ISSUED",
            ("request", "LAPSED"): "REQUEST_LAPSED",
            ("use", "INACTIVE"): "CERT_STATUS_INACTIVE",
            ("use", "ACTIVE"): "CERT_STATUS_ACTIVE",
            ("use", "DEACTIVATED"): "CERT_STATUS_DEACTIVATED",
            ("ca", "ON_HOLD"): "CERT_STATUS_SUSPENDED",
            ("ca", "REVOKED"): "CERT_STATUS_REVOKED",
            ("ca", "EXPIRED"): "CERT_STATUS_EXPIRED",
        }
        for state, code in expected.items():
            self.assertEqual(labels[state], texts[code], state)
        timeline = dict(sql("SELECT event_name, message_vi"
                            " FROM read_model.event_text"))
        self.assertEqual(timeline["CertificateIssued"], texts["ISSUE_OK"])
        self.assertEqual(timeline["CertificateActivated"],
                         texts["CERT_ACTIVATED_OK"])
        self.assertEqual(timeline["IssuanceFailed"], texts["ISSUE_FAILED"])

    def test_every_event_has_a_text(self):
        known = {row[0] for row in
                 sql("SELECT event_name FROM read_model.event_text")}
        events = set()
        for path in glob.glob(os.path.join(REPO, "schemas", "*.avsc")):
            with open(path, encoding="utf-8") as stream:
                record = json.load(stream)
            if record["fields"][0]["name"] == "meta":
                events.add(record["name"])
        self.assertEqual(events - known, set())

    def test_pem(self):
        pem = "\n".join(row[0] for row in sql(
            "SELECT read_model.certificate_pem(decode(repeat('ab', 100),"
            " 'hex'))"))
        lines = pem.strip().split("\n")
        self.assertEqual(lines[0], "-----BEGIN CERTIFICATE-----")
        self.assertEqual(len(lines[1]), 64)
        self.assertEqual(lines[-1], "-----END CERTIFICATE-----")
        self.assertNotIn("", lines)

    def test_everything_is_documented(self):
        self.assertEqual(sql("""
            SELECT c.relname, a.attname FROM pg_class c
            JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE relnamespace = 'read_model'::regnamespace
            AND c.relkind IN ('r', 'v') AND attnum > 0
            AND col_description(c.oid, a.attnum) IS NULL
            UNION ALL SELECT relname, '' FROM pg_class
            WHERE relnamespace = 'read_model'::regnamespace
            AND relkind IN ('r', 'v')
            AND obj_description(oid, 'pg_class') IS NULL
            UNION ALL SELECT proname, '' FROM pg_proc
            WHERE pronamespace = 'read_model'::regnamespace
            AND obj_description(oid, 'pg_proc') IS NULL"""), [])


class Access(unittest.TestCase):
    def test_reader_sees_no_person(self):
        ref = str(uuid.uuid4())
        sql("INSERT INTO read_model.legal_representative VALUES (:'ref', '',"
            " 'Nguyễn Văn Mẫu', 'Giám đốc', 'CCCD', '001885000101',"
            " 'e@example.vn.invalid', NULL, 0, 0)", ref=ref)
        one = "SELECT personal_ref FROM read_model.legal_representative"
        name = "SELECT full_name FROM read_model.legal_representative"
        self.assertEqual(sql(one, role="certflow_reader"), [[ref]])
        for text in (name, "SELECT * FROM read_model.find_representative('"
                     + UNIT + "')"):
            with self.assertRaisesRegex(SqlError, "permission denied"):
                sql(text, role="certflow_reader")
        self.assertEqual(sql(name, role="certflow_personal"),
                         [["Nguyễn Văn Mẫu"]])

    def test_reader_asks_but_does_not_write(self):
        sql(f"SELECT * FROM read_model.find_requests('{UNIT}')",
            role="certflow_reader")
        sql(f"SELECT * FROM read_model.why_not('{UNIT}')",
            role="certflow_reader")
        sql("SELECT * FROM read_model.pending_approval",
            role="certflow_reader")
        with self.assertRaisesRegex(SqlError, "permission denied"):
            sql("DELETE FROM read_model.request", role="certflow_reader")

    def test_registrar_is_kept_out(self):
        with self.assertRaisesRegex(SqlError, "permission denied"):
            sql("SELECT * FROM read_model.request", role="registrar")


class Rebuild(unittest.TestCase):
    """A rebuilt schema takes the place of the serving one by its name."""

    def test_functions_survive_the_rename(self):
        with self.assertRaisesRegex(SqlError, "Không tìm thấy"):
            sql("""BEGIN; ALTER SCHEMA read_model RENAME TO older;
                SELECT * FROM older.signing_certificate('0100109106');
                SELECT * FROM older.find_requests('0100109106');
                SELECT * FROM older.find_customer('0100109106');""")


if __name__ == "__main__":
    unittest.main(verbosity=1)
