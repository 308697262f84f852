"""The real programs of a World, and customers who go through all steps at
once: for tests of what happens behind the portals."""

import parts
import testbed


class Customer:
    """What is known of one by and by."""

    def __init__(self):
        self.tax_code = parts.new_tax_code()
        self.enrolment_id = parts.new_id()
        self.csr = self.request_id = self.certificate = None


class Bed(testbed.Testbed):
    """Publishes and follows topics of a World."""

    def __init__(self, world):  # pylint: disable=super-init-not-called
        self.world, self.registrar = world, None
        self.clean = world.clean_environment(**{
            key: world.env[key] for key in ("CERTFLOW_KAFKA",
                                            "CERTFLOW_REGISTRY")})
        self.encode = testbed.Lines("encode", self.clean)
        self.produce = testbed.Lines("produce", self.clean)
        self.outcomes = testbed.Follower("certflow.outcomes", self.clean)
        self.log = testbed.Follower("certflow.events", self.clean)

    def close(self):
        for each in (self.encode, self.produce, self.outcomes, self.log):
            each.close()

    def ask(self, inbox, events):
        """Publish all, then see all admitted."""
        places = [self.publish(inbox, event) for event in events]
        for place in places:
            self.outcome(place, "ADMITTED")

    # ---- one step for several customers at once ---------------------------

    def request_keys(self, customers):
        for each in customers:
            self.publish("einvoice", parts.key_pair_requested(
                each.tax_code, each.enrolment_id))

    def keys_made(self, customers):
        for each in customers:
            each.csr = self.logged(each.tax_code, "CsrGenerated",
                                   enrolment_id=each.enrolment_id)

    def approve(self, customers):
        """Everything between the CSR and the button."""
        contents = [parts.submission() for _ in customers]
        events = [parts.submitted(each.tax_code, content)
                  for each, content in zip(customers, contents)]
        self.ask("einvoice", [parts.saved(each.tax_code, each.enrolment_id)
                              for each in customers])
        self.ask("officer", events)
        for each, content in zip(customers, contents):
            each.request_id = content["request_id"]
        self.ask("manager", [
            parts.approved(each.tax_code, each.request_id,
                           self.digest(event), each.csr["spki_sha256"])
            for each, event in zip(customers, events)])

    def press(self, customers):
        for each in customers:
            self.publish("officer", parts.issuance_requested(
                each.tax_code, each.request_id))

    def certified(self, customers):
        for each in customers:
            each.certificate = self.logged(each.tax_code,
                                           "CertificateIssued",
                                           request_id=each.request_id)

    def ask_activation(self, customers):
        for each in customers:
            self.publish("einvoice", parts.event(
                "ActivationRequested", "einvoice", each.tax_code, "kh-1",
                serial_number=each.certificate["serial_number"]))

    def activated(self, customers):
        for each in customers:
            self.logged(each.tax_code, "CertificateActivated")

    def new_customers(self, count=2):
        return [Customer() for _ in range(count)]

    def approved_customers(self, count=2):
        """Ready for the button."""
        customers = self.new_customers(count)
        self.request_keys(customers)
        self.keys_made(customers)
        self.approve(customers)
        return customers

    def events(self, kind):
        return [record["event"] for record in self.log.settle()
                if record["event"]["type"] == kind]
