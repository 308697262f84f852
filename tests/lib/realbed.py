"""A testbed whose programs are all real: the portals' side of it, on a
World (tests/faults)."""

import parts
import testbed
from world import World

LONG = 90  # seconds: longer than any time-out between


class RealBed(testbed.Testbed):
    """Publishes and follows; keygen, issuer and the others do the rest."""

    def __init__(self, **options):
        self.registrar = None
        self.world = World(build=testbed.BUILD, **{"ca_key": "p256",
                                                  **options}).start()
        self.home = self.world.root
        self.env = self.world.env
        self.clean = {**self.world.clean_environment(), **self.env}
        self.encode = testbed.Lines("encode", self.clean)
        self.produce = testbed.Lines("produce", self.clean)
        self.outcomes = testbed.Follower("certflow.outcomes", self.clean)
        self.log = testbed.Follower("certflow.events", self.clean)

    def close(self):
        for each in (self.encode, self.produce, self.outcomes, self.log):
            each.close()
        self.world.close()

    # ---- stretches of the journey ----------------------------------------

    def requested(self, tax_code):
        enrolment_id = parts.new_id()
        self.must("einvoice", parts.key_pair_requested(
            tax_code, enrolment_id, key_algorithm="EC_P256"))
        return enrolment_id

    def approved(self, tax_code):
        """All up to an approved request; its id."""
        enrolment_id = self.requested(tax_code)
        csr = self.logged(tax_code, "CsrGenerated", LONG,
                          enrolment_id=enrolment_id)
        self.must("einvoice", parts.saved(tax_code, enrolment_id))
        request_id, digest = self.submit(tax_code)
        self.must("manager", parts.approved(tax_code, request_id, digest,
                                            csr["spki_sha256"]))
        return request_id

    def ordered(self, tax_code):
        request_id = self.approved(tax_code)
        self.must("officer", parts.issuance_requested(tax_code, request_id))
        return self.logged(tax_code, "IssuanceOrdered", LONG,
                           request_id=request_id)

    def issued(self, tax_code):
        return self.logged(tax_code, "CertificateIssued", LONG)

    def events(self, tax_code, kind=None):
        self.log.settle()
        found = [record["event"] for record in self.log.records
                 if record["event"]["meta"]["tax_code"] == tax_code]
        return [event for event in found if kind in (None, event["type"])]
