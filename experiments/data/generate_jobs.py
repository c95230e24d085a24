"""`rare traces generate`: a synthetic workload by a published model, written to a file."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from traces.jobs.workload import Workload

MODELS = ("lublin", "gpu")
ESTIMATES = ("exact", "tsafrir")


def generate_workload(
    model: str,
    out: str | os.PathLike[str],
    *,
    jobs: int | None = None,
    days: float | None = None,
    processors: int | None = None,
    gpus: int | None = None,
    load: float | None = None,
    seed: int = 0,
    variant: str | None = None,
    estimates: str = "exact",
    max_estimate_s: int | None = None,
    force: bool = False,
) -> Workload:
    """Generate a workload, write it to `out` whole or not at all, and return it.

    model     : 'lublin' (needs processors; takes variant) or 'gpu' (needs gpus and load)
    estimates : 'exact' (the run times) or 'tsafrir' (takes max_estimate_s)
    out       : .csv, .csv.gz or .parquet; an existing file is replaced only with `force`
    Other arguments as of `traces.synthetic.lublin`, `gpu_mix` and `with_estimates`. InputError.
    """
    from experiments.runs.output_targets import check_target
    from traces.documents import user_path
    from traces.errors import InputError
    from traces.jobs.job_files import write_workload
    from traces.synthetic import with_estimates

    _one_of("model", model, MODELS)
    _one_of("estimates", estimates, ESTIMATES)
    check_target(out, (".csv", ".csv.gz", ".parquet"), force)
    if max_estimate_s is not None and estimates != "tsafrir":
        raise InputError(f"max_estimate_s is {max_estimate_s}: exact estimates have no maximum; use tsafrir")
    length = {"jobs": jobs, "days": days}
    if model == "lublin":
        made = _lublin(processors, gpus, variant, load=load, seed=seed, **length)
    else:
        made = _gpu(processors, gpus, variant, load=load, seed=seed, **length)
    if estimates == "tsafrir":
        made = with_estimates(made, seed=seed, max_estimate_s=max_estimate_s)
    write_workload(made, str(user_path(os.fspath(out))))
    return made


def _lublin(processors: int | None, gpus: int | None, variant: str | None, **others: Any) -> Workload:
    from traces.errors import InputError
    from traces.synthetic import lublin

    if processors is None or gpus is not None:
        raise InputError("the lublin model needs processors, and takes no gpus")
    return lublin(processors=processors, variant=variant or "typeless", **others)


def _gpu(processors: int | None, gpus: int | None, variant: str | None, **others: Any) -> Workload:
    from traces.errors import InputError
    from traces.synthetic import gpu_mix

    if gpus is None or others["load"] is None:
        raise InputError("the gpu model needs gpus and load: its trace is of one cluster of 6,212 GPUs")
    if processors is not None or variant is not None:
        raise InputError("the gpu model takes no processors and no variant: they follow from the gpus")
    return gpu_mix(gpus=gpus, **others)


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    from traces.errors import InputError, quoted

    if value not in known:
        raise InputError(f"unknown {name} {quoted(value)}; known: {', '.join(known)}")


def summary(jobs: Workload, out: str | os.PathLike[str]) -> str:
    """One line on what was generated and where it is."""
    from experiments.results.number_formats import duration, printable

    span_s = int(jobs.submit_s[-1])
    core_h = float((jobs.cores * jobs.work_s).sum(dtype=float)) / 3600
    said = [f"{len(jobs):,} jobs over {duration(span_s)}", f"{core_h:,.0f} core-hours"]
    if jobs.processors and span_s:
        said.append(f"{core_h * 3600 / jobs.processors / span_s:.3f} of {jobs.processors:,} processors")
    if jobs.gpus_milli.any():
        said.append(f"{float((jobs.gpus_milli * jobs.work_s).sum(dtype=float)) / 3.6e6:,.0f} GPU-hours")
    said.append(f"estimates: {jobs.estimates}")
    cut = jobs.report.repairs.get("cut_to_max_estimate")
    return printable(f"{os.fspath(out)}: " + ", ".join(said) + (f", {cut.count} {cut.text}" if cut else ""))


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.argument("model", metavar="|".join(MODELS)),
        click.option("--jobs", type=int, metavar="N", help="How many jobs; or --days."),
        click.option("--days", type=float, metavar="D", help="For how many days, from local midnight."),
        click.option("--processors", type=int, metavar="P", help="lublin: processors of the machine."),
        click.option("--gpus", type=int, metavar="G", help="gpu: GPUs of the cluster, in nodes of 8."),
        click.option("--load", type=float, metavar="L",
                     help="Work per capacity, such as 0.7. [lublin default: the published arrivals]"),
        click.option("--variant", metavar="NAME",
                     help="lublin: typeless (default), batch, interactive, or both merged."),
        click.option("--estimates", default="exact", show_default=True, metavar="|".join(ESTIMATES),
                     help="The run times, or round values as users give them."),
        click.option("--max-estimate", "max_estimate_s", type=int, metavar="SECONDS",
                     help="tsafrir: the machine's time limit; longer jobs are cut to it."),
        click.option("--seed", type=int, default=0, show_default=True),
        click.option("--out", required=True, metavar="FILE", help=".csv, .csv.gz or .parquet."),
        click.option("--force", is_flag=True, help="Replace FILE if it exists."),
        click.option("--quiet", is_flag=True, help="Nothing on stderr but errors."),
    ]  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


@click.command("generate")
@_options
def generate(model: str, out: str, quiet: bool, **settings: Any) -> None:
    """Write a synthetic workload by a published model.

    lublin: jobs of a parallel computer (Lublin and Feitelson 2003). gpu: a mix fitted to the Alibaba GPU
    trace of 2023.
    """
    jobs = generate_workload(model, out, **settings)
    if not quiet:
        click.echo(summary(jobs, out), err=True)
