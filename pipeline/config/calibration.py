"""`gate: {calibration: FILE}`: thresholds that `warmline calibrate` wrote, under those of the run file itself."""

from pathlib import Path

from pipeline.config.source import Document, Fault, as_mapping, read_document

KEY = "calibration"
_TABLES = ("emotions", "lifts", "second_emotions")


def put_in_calibration(document: Document, folder: Path) -> None:
    """Replace the key by the file's tables; what the run file says itself goes before. Faults go to the document."""
    if not isinstance(document.data, dict) or not isinstance(gate := document.data.get("gate"), dict):
        return
    name = gate.get(KEY)
    if name is None:
        return
    mark = document.mark(("gate", KEY))
    if not isinstance(name, str):
        document.faults.append(
            Fault(mark, "gate.calibration must be the name of a file that `warmline calibrate` wrote")
        )
        return
    part = read_document(folder / name, str(folder / name))
    document.faults += part.faults
    gate = {key: value for key, value in gate.items() if key != KEY}
    for table, limits in as_mapping(part).items():
        if table not in _TABLES or not isinstance(limits, dict):
            message = f"{table} is no table of thresholds: there is {', '.join(_TABLES)}"
            document.faults.append(Fault(part.mark((table,)), message))
            continue
        own = gate.get(table)
        gate[table] = limits | (own if isinstance(own, dict) else {})
        document.marks |= {("gate", *path): place for path, place in part.marks.items() if path[:1] == (table,)}
    document.data = document.data | {"gate": gate}
