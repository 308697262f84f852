"""ops/demo: plays the journeys of the sample enterprises on the running
stack and says whether everything came out as it should."""

import argparse
import json
import os
import sys
import tempfile

import certificates
import journey
import measure
import report
from publisher import Publisher, PublisherError
from readmodel import ReadModel
from scenarios import SCENARIOS

REPO = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
INBOXES = ("einvoice", "officer", "manager", "personal")


def _enterprises():
    path = os.path.join(REPO, "tests", "data", "enterprises.json")
    with open(path, encoding="utf-8") as stream:
        return {each["id"]: each
                for each in json.load(stream)["enterprises"]}


def _signing(stage, tax_code):
    row = stage.model.row(
        "SELECT * FROM read_model.signing_certificate("
        f"'{tax_code}', now())")
    if row:
        print(f"\nE10 has several active certificates; rule {row['rule']} "
              f"picks {row['serial_number'][:8]}…, the latest not_before.")


def _play_all(stage, enterprises):
    plays = []
    for scenario in SCENARIOS:
        play = journey.play_scenario(stage, scenario,
                                     enterprises[scenario.enterprise])
        report.timeline(stage, play)
        plays.append(play)
    verdicts = certificates.verify(
        stage, os.environ["CERTFLOW_CA_DIR"],
        [play.serial for play in plays if play.serial])
    good = report.table(plays, verdicts)
    for serial, verdict in verdicts.items():
        if verdict != "OK":
            print(report.colour("bad", f"{serial}: {verdict}"))
    seconds = [play.visible - play.pressed for play in plays if play.visible]
    if seconds:
        middle, high = report.percentiles(seconds)
        print(f"\nCấp CTS → tra cứu thấy chứng thư số: "
              f"p50 {middle:.0f} ms, p99 {high:.0f} ms "
              f"({len(seconds)} certificates; objective: 20 s)")
    _signing(stage, enterprises["E10"]["tax_code"])
    measure.print_memory(os.environ["CERTFLOW_HOME"])
    return good


def main():
    parser = argparse.ArgumentParser(prog="ops/demo", description=__doc__)
    parser.add_argument("--measure", type=int, metavar="N", default=0,
                        help="no journeys: N requests one at a time, times")
    parser.add_argument("--publish", required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    enterprises = _enterprises()
    publishers = {role: Publisher(arguments.publish, role)
                  for role in INBOXES}
    model = ReadModel(os.environ["CERTFLOW_PG"])
    try:
        with tempfile.TemporaryDirectory(prefix="certflow-demo-") as folder:
            stage = journey.Stage(publishers, model, folder)
            if arguments.measure:
                good = measure.run(stage, enterprises,
                                   os.environ["CERTFLOW_HOME"],
                                   arguments.measure)
            else:
                good = _play_all(stage, enterprises)
    except PublisherError as error:
        print(f"ops/demo: {error}", file=sys.stderr)
        good = False
    finally:
        for publisher in publishers.values():
            publisher.close()
        model.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
