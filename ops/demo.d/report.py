"""What a person reads: the timeline of each request and the table at the
end. Colours only on a terminal."""

import datetime
import math
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
    "IssuanceOrdered": "Lệnh cấp (nội dung sẽ ký đã vào nhật ký)",
    "ActivationRequested": "Kích hoạt",
    "ActivationOrdered": "Lệnh kích hoạt",
}
LABELS = {"ACTIVE": "Hoạt động", "GOOD": "Còn hiệu lực"}
SEEN = "Tra cứu thấy chứng thư số"
STEP_COLUMNS, ACTOR_COLUMNS = 46, 30
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


def _lines(stage, play):
    """Rows of the timeline of a request, refusals included, in the order
    of the log."""
    refused = [answer["event_id"] for _, _, answer in play.refusals]
    for event_id in refused:
        stage.model.wait("SELECT 1 AS found FROM read_model.request_event"
                         f" WHERE causation_id = {quoted(event_id)}"
                         " AND event_name = 'EventRefused'", "the refusal")
    keys = [f"request_id = {quoted(play.request_id)}"]
    if play.enrolment_id:
        keys.append(f"enrolment_id = {quoted(play.enrolment_id)}")
    if play.serial:
        keys.append(f"serial_number = {quoted(play.serial)}")
    causes = ", ".join(f"{quoted(each)}::uuid" for each in refused) or "NULL"
    return stage.model.rows(
        "SELECT sequence, event_name, recorded_at, actor_id, actor_role,"
        " message_vi, causation_id FROM read_model.request_event"
        f" WHERE tax_code = {quoted(play.tax_code)} AND ("
        f"({' OR '.join(keys)}) AND event_name <> 'EventRefused'"
        f" OR event_name = 'EventRefused' AND causation_id IN ({causes}))"
        " ORDER BY sequence")


def _describe(play, line):
    """(step, actor, colour, second line) of one row."""
    name = line["event_name"]
    actor = f"{ACTORS.get(line['actor_role'], '')} {line['actor_id']}"
    if name in LITERAL:
        return line["message_vi"], actor, "good", ""
    if name != "EventRefused":
        return STEPS.get(name, line["message_vi"]), actor, None, ""
    for kind, who, answer in play.refusals:
        if answer["event_id"] == line["causation_id"]:
            step = f"✗ {STEPS.get(kind, kind)}: {answer['code']}"
            return step, f"registrar → {who}", "wait", line["message_vi"]
    return line["message_vi"], actor, "wait", ""


def _print_step(play, at, step, actor, tint):
    since = ""
    if play.pressed and at.timestamp() >= play.pressed:
        since = f"{f'+{at.timestamp() - play.pressed:.3f}':>8} s"
    text = pad(step, STEP_COLUMNS)
    local = at.astimezone(VIETNAM)
    print(f"     {local:%H:%M:%S}.{local.microsecond // 1000:03d}  "
          f"{colour(tint, text) if tint else text}  "
          f"{pad(actor, ACTOR_COLUMNS)} {since}".rstrip())


def timeline(stage, play):
    scenario, enterprise = play.scenario, play.enterprise
    print()
    print(colour("bold", f"{enterprise['id']}  {enterprise['legal_name']}"))
    print(colour("dim", f"     MST {play.tax_code} · "
                 f"{scenario.product.device} · {scenario.product.scheme} · "
                 f"{scenario.product.months} tháng · {scenario.title}"))
    seen = play.visible and datetime.datetime.fromtimestamp(play.visible,
                                                            VIETNAM)
    for line in _lines(stage, play):
        at = datetime.datetime.fromisoformat(line["recorded_at"])
        if seen and at > seen:
            _print_step(play, seen, SEEN, "read model", None)
            seen = None
        step, actor, tint, more = _describe(play, line)
        _print_step(play, at, step, actor, tint)
        if more:
            print(f"     {'':12}    {colour('wait', more)}")
    if seen:
        _print_step(play, seen, SEEN, "read model", None)
    if play.problem:
        print("     " + colour("bad", f"✗ {play.problem}"))


def _cells(play, verified):
    """The cells of one row of the table, and whether all is well."""
    scenario = play.scenario
    good = not play.problem and bool(play.outcome)
    certificate = "–"
    if scenario.refused:
        what, result = scenario.title, f"từ chối {play.outcome}"
    else:
        what = play.certificate_name
        result = f"{play.outcome} {LABELS.get(play.outcome, '')}"
        certificate = verified.get(play.serial, "–")
        good = good and certificate == "OK"
    taken = "–"
    if play.visible:
        taken = f"{(play.visible - play.pressed) * 1000:.0f} ms"
    return [play.enterprise["id"], play.tax_code, what,
            result if play.outcome else "lỗi", (play.serial or "–")[:8],
            "OK" if certificate == "OK" else certificate[:6], taken,
            "✓" if good else "✗"], good


def table(plays, verified):
    columns = (3, 14, 46, 26, 8, 8, 7, 1)
    heads = ("", "MST", "Tên trên chứng thư / trường hợp", "Kết quả",
             "Số sê-ri", "openssl", "Cấp CTS", "")
    print()
    print(colour("bold", "  ".join(pad(head, size) for head, size
                                   in zip(heads, columns)).rstrip()))
    every = True
    for play in plays:
        cells, good = _cells(play, verified)
        every = every and good
        text = "  ".join(pad(cell, size) for cell, size
                         in zip(cells, columns))
        print(text if good else colour("bad", text))
    return every


def percentiles(seconds):
    """Median and 99th percentile (nearest rank), in milliseconds."""
    ordered = sorted(seconds)
    return tuple(ordered[math.ceil(share * len(ordered)) - 1] * 1000
                 for share in (0.5, 0.99))
