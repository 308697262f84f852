"""What a person reads: the timeline of each request and the table at the
end. Colours only on a terminal."""

import datetime
import os
import sys
import unicodedata

from readmodel import quoted

COLOURS = {"good": "32", "bad": "31", "wait": "33", "dim": "2", "bold": "1"}
VIETNAM = datetime.timezone(datetime.timedelta(hours=7))

STEPS = {
    "KeyPairRequested": "Sinh cặp khoá",
    "CsrGenerated": "Đã sinh cặp khoá trong HSM, có CSR",
    "EnrolmentSaved": "Lưu lại",
    "RequestSubmitted": "Ghi lại và Gửi",
    "RequestReturned": "Trả lại bổ sung hồ sơ",
    "RequestApproved": "Phê duyệt",
    "IssuanceRequested": "Cấp CTS (bấm nút)",
    "IssuanceOrdered": "Lệnh cấp: nội dung sẽ ký đã ghi vào nhật ký",
    "ActivationRequested": "Kích hoạt",
    "ActivationOrdered": "Lệnh kích hoạt",
}
# The guide's literal messages are printed as the read model has them.
LITERAL = ("CertificateIssued", "CertificateActivated")
ACTORS = {
    "SUBSCRIBER": "khách hàng", "OFFICER": "giao dịch viên",
    "MANAGER": "quản lý", "KEYGEN": "keygen", "ISSUER": "issuer",
    "ACTIVATOR": "activator", "REGISTRAR": "registrar",
}


def colour(name, text):
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return f"\033[{COLOURS[name]}m{text}\033[0m"


def width(text):
    """Columns on a terminal: combining marks take none."""
    return sum(not unicodedata.combining(c) for c in text)


def pad(text, columns):
    """Exactly so many columns; cut with … if need be."""
    if width(text) > columns:
        while width(text) >= columns:
            text = text[:-1]
        text += "…"
    return text + " " * (columns - width(text))


def moment(text):
    return datetime.datetime.fromisoformat(text)


def _lines(stage, play):
    """Rows of the timeline of a request, refusals included, in the order
    of the log."""
    keys = [f"request_id = {quoted(play.request_id)}"]
    if play.enrolment_id:
        keys.append(f"enrolment_id = {quoted(play.enrolment_id)}")
    if play.serial:
        keys.append(f"serial_number = {quoted(play.serial)}")
    refused = ", ".join(quoted(answer["event_id"])
                        for _, _, answer in play.refusals) or "NULL"
    return stage.model.rows(
        "SELECT sequence, event_name, recorded_at, actor_id, actor_role,"
        " message_vi, detail, causation_id FROM read_model.request_event"
        f" WHERE tax_code = {quoted(play.tax_code)} AND ("
        f"({' OR '.join(keys)}) AND event_name <> 'EventRefused'"
        f" OR event_name = 'EventRefused' AND causation_id IN"
        f" (SELECT x::uuid FROM unnest(ARRAY[{refused}]::text[]) AS x))"
        " ORDER BY sequence")


def _refusal_text(play, line):
    for kind, actor, answer in play.refusals:
        if answer["event_id"] == line["causation_id"]:
            return (f"{STEPS.get(kind, kind)}: từ chối {answer['code']}, "
                    f"{line['message_vi']}", actor)
    return line["message_vi"], line["actor_id"]


def timeline(stage, play):
    scenario, enterprise = play.scenario, play.enterprise
    print()
    print(colour("bold", f"{enterprise['id']}  {enterprise['legal_name']}"))
    print(colour("dim", f"     MST {play.tax_code} · {scenario.title} · "
                 f"{scenario.product.device} "
                 f"{scenario.product.scheme} {scenario.product.months} tháng"))
    for line in _lines(stage, play):
        at = moment(line["recorded_at"])
        name = line["event_name"]
        actor = f"{ACTORS.get(line['actor_role'], '')} {line['actor_id']}"
        tint = None
        if name == "EventRefused":
            step, who = _refusal_text(play, line)
            actor, tint = f"registrar (với {who})", "wait"
        elif name in LITERAL:
            step, tint = line["message_vi"], "good"
        else:
            step = STEPS.get(name, line["message_vi"])
        since = ""
        if play.pressed and at.timestamp() >= play.pressed:
            since = f"+{at.timestamp() - play.pressed:6.3f} s"
        text = pad(step, 66)
        print(f"     {at.astimezone(VIETNAM):%H:%M:%S}.{at.microsecond // 1000:03d}"
              f"  {colour(tint, text) if tint else text}  "
              f"{pad(actor, 30)} {since}")
    if play.visible:
        print(f"     {'':12}  {pad('Tra cứu thấy chứng thư số', 66)}  "
              f"{pad('read model', 30)} "
              f"+{play.visible - play.pressed:6.3f} s")
    if play.problem:
        print("     " + colour("bad", f"✗ {play.problem}"))


def _cells(play, verified):
    if play.scenario.refused:
        expected, certificate = f"từ chối {play.scenario.refused}", "–"
    else:
        expected = ("GOOD" if play.scenario.product.device == "USB_TOKEN"
                    else "ACTIVE")
        certificate = verified.get(play.serial, "–")
    got = play.outcome or "lỗi"
    time_taken = (f"{(play.visible - play.pressed) * 1000:.0f} ms"
                  if play.visible else "–")
    good = not play.problem and certificate in ("–", "OK")
    return [play.enterprise["id"], play.tax_code,
            play.certificate_name if not play.scenario.refused
            else play.scenario.title,
            got if not play.scenario.refused or not play.outcome
            else f"từ chối {got}",
            (play.serial or "–")[:8], certificate, time_taken,
            "✓" if good else "✗ " + expected], good


def table(plays, verified):
    columns = (4, 15, 58, 30, 9, 8, 8, 10)
    heads = ("", "MST", "Tên trên chứng thư / trường hợp", "Kết quả",
             "Serial", "Kiểm tra", "Cấp CTS", "Đúng?")
    print()
    print(colour("bold", "  ".join(pad(head, size) for head, size
                                   in zip(heads, columns))))
    every = True
    for play in plays:
        cells, good = _cells(play, verified)
        every = every and good
        text = "  ".join(pad(cell, size) for cell, size
                         in zip(cells, columns))
        print(text if good else colour("bad", text))
    return every


def percentiles(seconds):
    ordered = sorted(seconds)

    def at(share):
        return ordered[min(len(ordered) - 1,
                           int(share * len(ordered)))] * 1000

    return at(0.5), at(0.99)
