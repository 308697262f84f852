"""What came while the registrar was away is one batch: its keys are claimed
with one statement, before the first of its events is decided."""

import re
import subprocess
import time

import parts
import testbed

PARTITIONS = 12

# Triggers see what single statements do; they are the owner's.
WATCH = """
CREATE TABLE registrar.claimed (place serial, keys bigint);
CREATE SEQUENCE registrar.releases;
CREATE FUNCTION registrar.claimed() RETURNS trigger SECURITY DEFINER
LANGUAGE plpgsql AS $$ BEGIN
	INSERT INTO registrar.claimed (keys) SELECT count(*) FROM fresh
		HAVING count(*) > 0;
	{claimed}
	RETURN NULL;
END $$;
CREATE FUNCTION registrar.released() RETURNS trigger SECURITY DEFINER
LANGUAGE plpgsql AS $$ BEGIN
	{released}
	RETURN NULL;
END $$;
CREATE TRIGGER claimed AFTER INSERT ON registrar.key
	REFERENCING NEW TABLE AS fresh
	FOR EACH STATEMENT EXECUTE FUNCTION registrar.claimed();
CREATE TRIGGER released BEFORE DELETE ON registrar.key
	FOR EACH STATEMENT EXECUTE FUNCTION registrar.released();
"""
UNWATCH = """
DROP TRIGGER claimed ON registrar.key;
DROP TRIGGER released ON registrar.key;
DROP FUNCTION registrar.claimed, registrar.released;
DROP SEQUENCE registrar.releases;
DROP TABLE registrar.claimed;
"""
FAILS = "RAISE EXCEPTION 'as if away' USING ERRCODE = '40001'"


def tax_codes(count):
    """Of one partition: what they publish has an order."""
    found = [parts.new_tax_code()]
    partition = parts.partition_of(found[0], PARTITIONS)
    while len(found) < count:
        another = parts.new_tax_code()
        if parts.partition_of(another, PARTITIONS) == partition:
            found.append(another)
    return found


def uploaded(tax_code, key, **changes):
    """A submission that brings a key along: one key and one id to claim."""
    return parts.submitted(tax_code, parts.submission(
        device_type="USB_TOKEN", product_package="ORG_TOKEN_SAMPLE",
        subscription_scheme_code="TK_12T", contract__months_free=0,
        csr_source="UPLOADED", csr_der=parts.b64(key.csr(tax_code)),
        **changes))


class Batches:
    """For a test case that has a bed and starts its registrar."""

    def as_owner(self, text):
        with open(self.bed.configuration, encoding="utf-8") as stream:
            conninfo = re.search(r"^conninfo = (.*)$", stream.read(),
                                 re.M).group(1)
        return subprocess.run(
            ["psql", "-qXAtd", conninfo.replace("//registrar@",
                                                "//certflow@"),
             "-v", "ON_ERROR_STOP=1", "-f", "-"], input=text, check=True,
            stdout=subprocess.PIPE, encoding="utf-8", env=self.bed.clean
        ).stdout

    def watch(self, claimed="", released=""):
        self.as_owner(WATCH.format(claimed=claimed, released=released))
        self.addCleanup(self.as_owner, UNWATCH)

    def claimed(self):
        """Rows that each statement inserted."""
        return [int(line) for line in self.as_owner(
            "SELECT keys FROM registrar.claimed ORDER BY place").split()]

    def has(self, key):
        """Who has this key, and whether that is for good."""
        return self.bed.sql("SELECT tax_code, admitted FROM registrar.key "
                            f"WHERE spki_sha256 = '\\x{key.digest}'").strip()

    def until(self, wanted, what):
        end = time.monotonic() + testbed.PATIENCE
        while not wanted():
            if time.monotonic() > end:
                self.fail(f"not {what}\n{self.bed.registrar.tail()}")
            time.sleep(0.05)

    def nothing_reserved(self):
        """All that is left belongs to an admitted event."""
        self.until(lambda: self.bed.sql(
            "SELECT count(*) FROM registrar.key WHERE NOT admitted"
        ).strip() == "0", "settled")

    def published(self, *events):
        """While the registrar is away; places."""
        self.bed.registrar.stop()
        return [self.bed.publish("officer", event) for event in events]

    def codes(self, places):
        """What became of each: the code of the refusal, or the result."""
        found = [self.bed.outcome(place) for place in places]
        return [outcome.get("code") or outcome["result"]
                for outcome in found]

    def ids(self, *codes):
        """Of requests and enrolments that are these tax codes'."""
        names = ", ".join(f"'{code}'" for code in codes)
        return int(self.bed.sql("SELECT count(*) FROM registrar.key "
                                f"WHERE tax_code IN ({names})"))

    def test_14_keys_of_a_batch(self):
        """One statement; each key has one owner, as if claimed in turn."""
        a, b, c, d, e = tax_codes(5)
        known, once, freed, twice = (parts.Key() for _ in range(4))
        self.bed.must("officer", uploaded(a, known))
        taken = uploaded(a, parts.Key())
        self.bed.must("officer", taken)
        places = self.published(
            uploaded(b, once),
            uploaded(c, freed, contract__months=6),
            uploaded(d, freed),
            uploaded(e, twice, contract__months=6),
            uploaded(e, twice),
            uploaded(b, known),
            # its key is free, the id of its request is not
            uploaded(b, parts.Key(), request_id=taken["submission"][
                "request_id"]),
            uploaded(c, twice),
            uploaded(d, once))
        self.watch()
        self.start()
        self.assertEqual(self.codes(places), [
            "ADMITTED", "CONTRACT_MISMATCH", "ADMITTED", "CONTRACT_MISMATCH",
            "ADMITTED", "KEY_USED", "DUPLICATE_ID", "KEY_USED", "KEY_USED"])
        # 4 keys that nobody had, and the ids of all but one request
        self.assertEqual(self.claimed()[0], 4 + 8)
        self.nothing_reserved()
        self.assertEqual([self.has(key) for key in (known, once, freed,
                                                    twice)],
                         [f"{owner}|t" for owner in (a, b, d, e)])
        # the key and the id of each that was admitted, nothing else
        self.assertEqual(self.ids(b, c, d, e), 2 * 3)

    def test_15_killed_with_keys_claimed(self):
        """What the claims were for is judged again, exactly once."""
        a, b = tax_codes(2)
        refused, admitted = parts.Key(), parts.Key()
        places = self.published(uploaded(a, refused, contract__months=6),
                                uploaded(b, admitted))
        self.watch(released="PERFORM pg_sleep(CASE nextval('registrar."
                            "releases') WHEN 2 THEN 3 ELSE 0 END);")
        self.start()  # a fold releases, too
        self.until(lambda: self.claimed() == [4], "claimed")
        self.bed.registrar.kill()
        self.assertEqual((self.has(refused), self.has(admitted)),
                         (f"{a}|f", f"{b}|f"))
        self.start()
        self.assertEqual(self.codes(places), ["CONTRACT_MISMATCH",
                                              "ADMITTED"])
        self.assertEqual(self.claimed(), [4, 4])
        self.nothing_reserved()
        self.assertEqual((self.has(refused), self.has(admitted)),
                         ("", f"{b}|t"))
        self.assertEqual([self.bed.sequences(code) for code in (a, b)],
                         [[1], [1]])

    def test_16_a_release_fails(self):
        """Then all of it is undone, and the fold gives back."""
        a, b = tax_codes(2)
        refused = parts.Key()
        places = self.published(uploaded(a, refused, contract__months=6),
                                uploaded(b, parts.Key()))
        self.watch(released="IF nextval('registrar.releases') = 2 THEN "
                            f"{FAILS}; END IF;")
        self.start()
        self.assertEqual(self.codes(places), ["CONTRACT_MISMATCH",
                                              "ADMITTED"])
        self.assertEqual(self.claimed(), [4, 4])
        self.assertEqual(self.bed.registrar.metric(
            "certflow_registrar_aborts_total"), 1)
        self.nothing_reserved()
        self.assertEqual(self.has(refused), "")
        self.assertEqual([self.bed.sequences(code) for code in (a, b)],
                         [[1], [1]])

    def test_17_a_claim_of_many_fails(self):
        """Each is then claimed in its turn, as if it had come alone."""
        a, b = tax_codes(2)
        key = parts.Key()
        places = self.published(uploaded(a, key), uploaded(b, key))
        self.watch(claimed=f"IF (SELECT count(*) FROM fresh) > 1 THEN {FAILS}"
                           "; END IF;")
        self.start()
        self.assertEqual(self.codes(places), ["ADMITTED", "KEY_USED"])
        self.assertEqual(set(self.claimed()), {1})
        self.assertEqual(self.bed.registrar.metric(
            "certflow_registrar_aborts_total"), 0)
        self.nothing_reserved()
        self.assertEqual(self.has(key), f"{a}|t")
