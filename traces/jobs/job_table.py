"""From chunks of named text cells to a Workload: what CSV and Parquet have in common."""

from __future__ import annotations

from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from traces.errors import InputError, Parameter, Phrase, quoted
from traces.files.text import place
from traces.jobs.columns import handed_over, repeat, repeats_one
from traces.jobs.dependencies.precedence import array_of_tuples, is_number_id
from traces.jobs.dependencies.predecessors import known_predecessors
from traces.jobs.job_cells import (
    QUANTITIES,
    CellError,
    Cells,
    ColumnParts,
    booleans,
    decimals,
    difference,
    id_lists,
    id_texts,
    integers_if_plain,
    kinds,
    product,
    scaled_if_whole,
    scaled_integers,
    texts_of,
)
from traces.jobs.job_mapping import OF_AFTER, Mapping, Source
from traces.jobs.job_metadata import Metadata
from traces.jobs.job_texts import JobTexts
from traces.jobs.read_options import ReadOptions
from traces.jobs.repairs import Check, Findings, plain
from traces.jobs.submit_shift import shift_to_zero
from traces.jobs.text_columns import repeated_ids
from traces.jobs.workload import (
    FULLY_SENSITIVE,
    LARGEST_COUNT,
    LARGEST_NICE,
    LARGEST_S,
    NO_CANCEL_S,
    NO_DEADLINE_S,
    NO_POWER,
    NO_VALUE,
    Workload,
)
from traces.read_report import Finding, ReadReport

#: Value of an absent cell or column. Required fields have none; an absent estimate is marked first.
_UNKNOWN = -1
_ABSENT = {
    "gpus": 0,
    "memory_gib": 0,
    "estimate_s": _UNKNOWN,
    "power_w": NO_POWER,
    "value": NO_VALUE,
    "deadline_s": NO_DEADLINE_S,
}
#: The same of columns that stay None where the table has none.
_RARE_ABSENT = {"sensitivity": FULLY_SENSITIVE, "cancel_s": NO_CANCEL_S, "think_s": 0, "nice": 0}
_EMPTY = _ABSENT | _RARE_ABSENT
_NAMES = ("user", "group", "account", "qos")
_RARE_SILENT = _RARE_ABSENT | {"after_kind": True} | dict.fromkeys(_NAMES, "")
_MOST = {
    "submit_s": LARGEST_S,
    "work_s": LARGEST_S,
    "estimate_s": LARGEST_S,
    "deadline_s": NO_DEADLINE_S,
    "power_w": 10**15,
    "value": NO_DEADLINE_S - 1,
    "sensitivity": FULLY_SENSITIVE,
    "cancel_s": NO_CANCEL_S,
    "think_s": LARGEST_S,
    "nice": LARGEST_NICE,
}
#: A trace may begin before second 0 (traces.jobs.submit_shift); everything else is 0 or more.
_MAY_BE_NEGATIVE = ("submit_s", "deadline_s", "cancel_s", "nice")
#: Instants that a job need not have, and the value for none: they move with the trace, and follow its submit.
_INSTANTS = {"deadline_s": NO_DEADLINE_S, "cancel_s": NO_CANCEL_S}


class JobTable:
    """Converts chunks of cells, added in file order, and builds the workload from them.

    unit : 'line' or 'row', what the places of records count.
    delimiter : between the cells of a text file, which may hold decimal commas and dates; None: no text
    """

    def __init__(
        self,
        path: Path | str,
        mapping: Mapping,
        metadata: Metadata,
        unit: str = "line",
        delimiter: str | None = None,
    ) -> None:
        self._path = path
        self._mapping = mapping
        self._metadata = mapping.metadata.over(metadata)
        self._unit = unit
        self._written = None
        if delimiter is not None:
            stated = self._metadata
            self._written = JobTexts(place(path), delimiter, mapping, stated.zone, stated.start_utc)
        self._columns = ColumnParts()
        self._records = 0
        self._skipped: set[str] = set()
        self._findings = Findings(path, np.zeros(0, dtype=np.int64), unit)
        if not mapping.native:
            text = f"columns read by mapping {mapping.name}"
            self._findings.put("notes", "mapping", Finding(1, None, mapping.name, text))
        for name in mapping.index:
            text = "the index of a data frame, column left out"
            self._findings.put("notes", "index_left_out", Finding(1, None, quoted(name), text))

    def add(self, places: Sequence[int] | np.ndarray, cells: Mapped[str, Cells]) -> None:
        """Convert one chunk: its lines and, by column, its stripped cells ('' where empty), or numbers."""
        lines = np.array(places, dtype=np.int64)
        numbers = np.arange(self._records + 1, self._records + 1 + len(lines))
        self._records += len(lines)
        self._findings.at(lines)
        keep = self._skip(cells, len(lines))
        if not keep.all():
            self._skipped.update(self._ids_of(cells, numbers, ~keep))
            rows = np.flatnonzero(keep)
            cells = {
                name: [column[row] for row in rows] if isinstance(column, list) else column[rows]
                for name, column in cells.items()
            }
            lines, numbers = lines[keep], numbers[keep]
        if len(lines) == 0:
            return
        self._findings.at(lines)
        if self._written is not None:
            texts = {name: texts_of(column) for name, column in cells.items()}
            cells = self._written.plain(texts, lines.tolist(), self._findings)
        failures: list[CellError] = []
        for name, source in self._mapping.sources.items():
            try:
                self._columns.add(name, self._convert(name, source, cells))
            except CellError as error:
                failures.append(error)
        if failures:
            first = min(failures, key=lambda failure: failure.row)
            raise InputError(f"{first.reason}", where=self._findings.where(first.row))
        if "job_id" not in self._mapping.sources:
            self._columns.add("job_id", numbers)
        self._columns.places.append(lines)

    def _ids_of(self, cells: Mapped[str, Cells], numbers: np.ndarray, rows: np.ndarray) -> list[str]:
        """Ids of these rows of a chunk, for jobs that wait for them."""
        source = self._mapping.sources.get("job_id")
        places = np.flatnonzero(rows).tolist()
        return [str(numbers[row] if source is None else cells[source.column][row]) for row in places]

    def _skip(self, cells: Mapped[str, Cells], count: int) -> np.ndarray:
        keep = np.ones(count, dtype=bool)
        for code, column in self._mapping.skip.items():
            if not isinstance(cells[column], list):
                continue  # no number is missing
            empty = np.fromiter((cell == "" for cell in cells[column]), bool, count) & keep
            self._findings.add("skips", code, empty, [""] * count, f"{column} is empty, record skipped")
            keep &= ~empty
        return keep

    def _convert(self, name: str, source: Source, cells: Mapped[str, Cells]) -> np.ndarray:
        given = cells[source.column]
        if not isinstance(given, list):
            if name == "job_id":
                return given
            if name in QUANTITIES and source.minus is None and source.times is None:
                numbers = scaled_if_whole(given, source.factor)
                if numbers is not None:
                    return numbers
        column = texts_of(given)
        if name == "preemptible":
            return booleans(source.column, column)
        if name == "after_kind":
            return kinds(source.column, column)
        if name == "after":
            return array_of_tuples(id_lists(source.column, column))
        if name not in QUANTITIES:
            return self._texts(source.column, column, required=name == "job_id")
        if source.minus is None and source.times is None:
            digits = integers_if_plain(column, source.factor)
            if digits is not None:
                return digits
        return self._whole(name, source, cells)

    @staticmethod
    def _texts(name: str, column: list[str], required: bool) -> np.ndarray:
        texts = np.empty(len(column), dtype=object)
        for row, cell in enumerate(column):
            if required and cell == "":
                raise CellError(row, f"{name} is empty; give each job an id")
            if not cell.isprintable():
                raise CellError(row, f"{name} is {ascii(cell)[:40]}, with characters that cannot be printed")
            texts[row] = cell
        return texts

    def _whole(self, name: str, source: Source, cells: Mapped[str, Cells]) -> np.ndarray:
        """One chunk of a numeric field as int64, in the unit of Workload. CellError for a bad cell."""
        column = texts_of(cells[source.column])
        empty = np.zeros(len(column), dtype=bool)
        if name in _EMPTY:
            empty = np.fromiter((cell == "" for cell in column), bool, len(column))
            column = ["0" if cell == "" else cell for cell in column]
        label, values = source.column, decimals(source.column, column, None)
        if source.minus is not None:
            values = difference(values, decimals(source.minus, texts_of(cells[source.minus]), None))
            label = f"{source.column} - {source.minus}"
        if source.times is not None:
            values = product(values, decimals(source.times, texts_of(cells[source.times]), None))
            label = f"{source.column} x {source.times}"
        for row, value in enumerate(values):
            if value < 0 and name not in _MAY_BE_NEGATIVE:
                raise CellError(row, f"{label} is {plain(value)}; it must be 0 or more")
        integers, rounded = scaled_integers(label, values, source.factor, source.rounding)
        if not source.quiet:
            direction = "down" if source.rounding == "floor" else "up"
            text = f"{label} is a decimal, rounded {direction} to a whole second"
            self._findings.add("repairs", "decimal", rounded, column, text)
        if name in _EMPTY:
            integers[empty] = _EMPTY[name]
        return integers

    def workload(self, options: ReadOptions) -> Workload:
        """The workload of all chunks. InputError for errors across chunks, such as repeated ids."""
        columns = self._complete()
        self._refuse_wrong(columns)
        columns = self._without_processors(columns)
        if options.cancellations == "skip" and "cancel_s" in columns:
            columns = self._without_cancelled(columns)
        work_s, unknown = columns["work_s"], columns["estimate_s"] == _UNKNOWN
        text = "no estimate, the run time stands in"
        self._findings.add("repairs", "estimate_from_run_time", unknown, work_s, text)
        if unknown.any():
            columns["estimate_s"] = np.where(unknown, work_s, columns["estimate_s"])
        submit_s = columns["submit_s"]
        late = submit_s < np.maximum.accumulate(submit_s)
        text = "submitted before the job above it, jobs sorted by submit time"
        self._findings.add("repairs", "out_of_order", late, submit_s, text)
        self._findings.note_jobs(
            ~unknown, columns["cores"], work_s, columns["estimate_s"], self._metadata.processors
        )
        self._chains(columns, options)
        start_utc = self._metadata.start_utc if self._written is None else self._written.start_utc
        shift_s, origin_utc = shift_to_zero(submit_s, start_utc, self._findings)
        if options.strict:
            self._findings.refuse_all()
        if shift_s:
            columns["submit_s"] = submit_s + shift_s
            for name in _INSTANTS.keys() & columns.keys():
                columns[name] = columns[name] + np.where(columns[name] < _INSTANTS[name], shift_s, 0)
        if late.any():
            order = np.argsort(submit_s, kind="stable")
            columns = {
                name: column if repeats_one(column) else column[order] for name, column in columns.items()
            }
        report = self._findings.report(self._records, shift_s)
        return self._build(columns, "run_time" if unknown.all() else "user", origin_utc, report)

    def _chains(self, columns: dict[str, np.ndarray], options: ReadOptions) -> None:
        """Check what jobs wait for; without these columns where that is ignored, or no job waits."""
        after = columns.get("after")
        if after is None:
            return
        waits = np.fromiter(map(bool, after), bool, len(after))
        values = [" ".join(ids) for ids in after] if waits.any() else []
        if options.dependencies == "wait":
            self._findings.add("notes", "dependencies", waits, values, "waits for other jobs (after)")
            after = columns["after"] = known_predecessors(
                columns["job_id"], after.tolist(), self._skipped, self._findings, repair_unknown=False
            )
            waits = np.fromiter(map(bool, after), bool, len(after))
            if "think_s" in columns:
                columns["think_s"] = np.where(waits, columns["think_s"], 0)
        else:
            text = Phrase("waits for other jobs (after), read with ", Parameter("dependencies", "wait"))
            self._findings.add("notes", "dependencies_ignored", waits, values, text)
        if options.dependencies != "wait" or not waits.any():
            for name in ("after", *OF_AFTER):
                columns.pop(name, None)

    def _complete(self) -> dict[str, np.ndarray]:
        if not self._columns.places:
            problem = f"none of its {self._records} records is a job" if self._records else "has no records"
            raise InputError(f"{problem}", where=place(self._path), remedy="give a file with jobs")
        columns = self._columns.joined()
        self._findings.at(np.concatenate(self._columns.places))
        count = len(columns["submit_s"])
        for name, value in _ABSENT.items():
            columns.setdefault(name, repeat(value, count))
        columns.setdefault("preemptible", repeat(True, count))
        return columns

    def _refuse_wrong(self, columns: dict[str, np.ndarray]) -> None:
        """InputError for the earliest record with an impossible value or a repeated id."""
        checks: list[Check] = []
        for name, quantity in QUANTITIES.items():
            column = columns.get(name)
            if column is None:
                continue
            most = _MOST.get(name, LARGEST_COUNT)
            text = f"{quantity.target} is {{}}, more than {most}; correct it"
            if name == "sensitivity":
                column, most, text = (
                    column / 1000,
                    1,
                    "sensitivity is {}, more than 1; give a share from 0 to 1",
                )
            checks.append((column > most, column, text))
        text = f"submit_s is {{}}, less than -{LARGEST_S}; correct it"
        checks.append((columns["submit_s"] < -LARGEST_S, columns["submit_s"], text))
        for name in _INSTANTS.keys() & columns.keys():
            text = f"{name} is {{}}, before the job's submit time; correct it, or leave it empty for none"
            checks.append((columns[name] < columns["submit_s"], columns[name], text))
        if "think_s" in columns:
            idle = (columns["think_s"] > 0) & ~np.fromiter(map(bool, columns["after"]), bool)
            text = "think_s is {} of a job that waits for no other; leave it empty, or give after"
            checks.append((idle, columns["think_s"], text))
        checks.append(self._duplicates(columns["job_id"]))
        if self._mapping.native:
            idle = (columns["cores"] == 0) & (columns["gpus"] == 0)
            checks.append((idle, columns["cores"], "cores is {} without GPUs; a job needs one of them"))
        self._findings.refuse(checks)

    def _duplicates(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, str]:
        again = repeated_ids(ids)
        where = ""
        if again.any():
            where = self._findings.where(int(np.argmax(ids == ids[int(np.argmax(again))])))
            ids = id_texts(ids)
        return again, ids, f"job_id {{}} was given before, by the record at {where}; give each its own"

    def _without_processors(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The columns without records that ask for neither cores nor GPUs, which are counted as skips."""
        keep = (columns["cores"] > 0) | (columns["gpus"] > 0)
        text = "asks for no cores and no GPUs, record skipped"
        self._findings.add("skips", "no_processors", ~keep, columns["cores"], text)
        return self._only(keep, columns, "no record asks for cores or GPUs", "give jobs")

    def _without_cancelled(self, columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The columns without jobs that their users gave up as they waited, which are counted as skips."""
        keep = columns["cancel_s"] == NO_CANCEL_S
        text = "given up by its user unless it has started by then (cancel_s), record skipped"
        self._findings.add("skips", "cancelled_while_waiting", ~keep, columns["cancel_s"], text)
        del columns["cancel_s"]
        remedy = Phrase("give ", Parameter("cancellations", "replay"))
        return self._only(keep, columns, "every job has a cancel_s", remedy)

    def _only(
        self, keep: np.ndarray, columns: dict[str, np.ndarray], problem: str, remedy: str
    ) -> dict[str, np.ndarray]:
        """The columns with these rows only, which `_findings` then refers to. InputError for no rows."""
        if keep.all():
            return columns
        if not keep.any():
            raise InputError(problem, where=place(self._path), remedy=remedy)
        self._skipped.update(columns["job_id"][~keep].tolist())
        self._findings.at(self._findings.lines[keep])
        return {name: column[keep] for name, column in columns.items()}

    def _build(
        self,
        columns: dict[str, np.ndarray],
        estimates: str,
        origin_utc: datetime | None,
        report: ReadReport,
    ) -> Workload:
        """The Workload from checked columns; ids that are whole numbers become int64."""
        for name, silent in _RARE_SILENT.items():
            if name in columns and (columns[name] == silent).all():
                del columns[name]
        numbers = {quantity.target: columns[name] for name, quantity in QUANTITIES.items() if name in columns}
        ids = columns["job_id"]
        if ids.dtype == object and all(map(is_number_id, ids)):
            ids = np.fromiter(map(int, ids), np.int64, len(ids))
        handed_over([ids, *columns.values()])
        texts: dict[str, Any] = {name: columns.get(name) for name in ("partition", "service_class", *_NAMES)}
        return Workload(
            name=self._metadata.name or place(Path(self._path).name),
            job_id=ids,
            **numbers,
            preemptible=columns["preemptible"],
            **texts,
            after=columns.get("after"),
            after_any=columns.get("after_kind"),
            origin_utc=origin_utc,
            zone=self._metadata.zone,
            processors=self._metadata.processors,
            estimates=self._metadata.estimates or estimates,
            report=report,
        )
