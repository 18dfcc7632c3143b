"""`samverk plugin check`: the conformance kit for people; pytest has the same checks behind another door."""

from __future__ import annotations

import click


@click.command("check")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every plugin that is installed.")
@click.option("--examples", default=40, type=click.IntRange(1, 100_000), help="Made-up cases for each search.")
@click.option("--postgresql", default="", help="postgresql://... where a database for its tables may be made.")
@click.option("--quiet", is_flag=True, help="Only what is broken.")
def check(names: tuple[str, ...], everything: bool, examples: int, postgresql: str, quiet: bool) -> None:
    """Hold plugins to all that the plugin API promises; exit 1 when one promise is broken."""
    if not names and not everything:
        raise click.UsageError("Name a plugin, or say --all.")
    try:
        from core.plugin_kit import checks, report

        checks.known()
    except ModuleNotFoundError as error:
        if error.name not in ("hypothesis", "pytest"):
            raise
        sentence = f"The kit needs {error.name}: run pip install -e '.[kit]' in the folder of Samverk."
        raise click.ClickException(sentence) from None
    try:
        subjects = checks.subjects(names, everything=everything, examples=examples, postgresql=postgresql)
    except LookupError as error:
        missing = f"There is no plugin {error.args[0]}; `samverk plugin list` names those there are."
        raise click.ClickException(missing) from None
    failed = 0
    for subject in subjects:
        click.echo(report.heading(subject))
        results = []
        for result in checks.run_all(subject):
            results.append(result)
            if result.broken is not None or not quiet:
                click.echo(report.line(result))
        faults = [report.fault(result) for result in results if result.broken is not None]
        failed += len(faults)
        ends = [report.summary(results), *filter(None, [report.untried(subject, results)]), ""]
        click.echo("\n".join(["", *(f"{fault}\n" for fault in faults), *ends]))
    if failed:
        raise click.exceptions.Exit(1)
