"""What the demo plays: which sample enterprise asks for what, what goes
wrong on the way, and what must come out."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Product:
    """One row of the catalogue, or a combination that is none."""

    device: str
    package: str
    months: int
    scheme: str
    months_free: int = 0


FREE_YEAR = Product("HSM", "ORG_HSM_CA4", 12, "CA4_HD_MP", 12)
YEAR = Product("HSM", "ORG_HSM_CA4", 12, "CA4_HD_12T")
TWO_YEARS = Product("HSM", "ORG_HSM_CA4", 24, "CA4_HD_24T")
THREE_YEARS = Product("HSM", "ORG_HSM_CA4", 36, "CA4_HD_36T")
USB_YEAR = Product("USB_TOKEN", "ORG_TOKEN_SAMPLE", 12, "TK_12T")
FREE_TWO_YEARS = Product("HSM", "ORG_HSM_CA4", 24, "CA4_HD_MP", 12)
FOUR_YEARS = Product("HSM", "ORG_HSM_CA4", 48, "CA4_HD_36T")


@dataclass(frozen=True)
class Scenario:
    """One request.

    detours: refusals that happen on the way to a certificate, by code.
    refused: the code with which the submission itself must be refused;
             None: a certificate must come out.
    """

    enterprise: str
    title: str
    product: Product
    algorithm: str = "RSA_2048"
    detours: tuple = ()
    returned_once: bool = False
    refused: str = None
    missing_documents: tuple = field(default=())


SCENARIOS = (
    Scenario("E01", "the guide's own example: first year free", FREE_YEAR),
    Scenario("E02", "a branch; its name must be abbreviated", YEAR,
             "RSA_3072", ("NAME_TOO_LONG",)),
    Scenario("E03", "98 characters; a stale approval is not enough", YEAR,
             detours=("NAME_TOO_LONG", "DIGEST_MISMATCH")),
    Scenario("E04", "officer mistakes whether the customer is known", YEAR,
             "EC_P256", ("CUSTOMER_SOURCE",)),
    Scenario("E05", "returned by the manager, corrected, revision 2",
             FREE_YEAR, returned_once=True),
    Scenario("E06", "the officer tries to approve his own request", YEAR,
             detours=("NAME_TOO_LONG", "FOUR_EYES")),
    Scenario("E07", "another officer tries to issue", TWO_YEARS, "EC_P256",
             ("NOT_CREATOR",)),
    Scenario("E08", "too long even when abbreviated", YEAR,
             refused="NAME_TOO_LONG"),
    Scenario("E09", "three years, RSA 4096", THREE_YEARS, "RSA_4096"),
    Scenario("E10", "first of two certificates", FREE_YEAR),
    Scenario("E10", "second certificate, elliptic curve", TWO_YEARS,
             "EC_P256"),
    Scenario("E11", "USB token: the CSR is uploaded", USB_YEAR),
    Scenario("E12", "the free scheme is for 12 months, not 24",
             FREE_TWO_YEARS, refused="PRODUCT_UNKNOWN"),
    Scenario("E12", "48 months", FOUR_YEARS, refused="MONTHS_RANGE"),
    Scenario("E12", "no identity document in the dossier", YEAR,
             refused="DOSSIER_INCOMPLETE",
             missing_documents=("LEGAL_REP_ID",)),
)
