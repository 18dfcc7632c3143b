"""`samverk import influencers`: the same import as in the browser, with a progress bar."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.cli.main import instance
from core.errors import SamverkError
from core.permissions import Actor, Role

if TYPE_CHECKING:
    from core.accounts.models import Brand
    from core.influencers.importing import Importer
    from core.influencers.models import ImportBatch
    from core.instance import Instance


@click.group("import")
def import_() -> None:
    """Bring what you have elsewhere."""


@import_.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--brand", required=True, help="The brand's name, or its id from an address.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def influencers(file: Path, brand: str, dry_run: bool) -> None:
    """Import influencers from a CSV; exit 1 when a row was left out."""
    from core.influencers.importing import Importer

    here = instance()
    importer = Importer(here.files, here.keyring)
    try:
        bad = _import(here, importer, file, brand, dry_run)
    except SamverkError as error:
        raise click.ClickException(str(error.message)) from None
    if bad:
        raise click.exceptions.Exit(1)


def _import(here: Instance, importer: Importer, file: Path, brand: str, dry_run: bool) -> int:
    from core.influencers.models import ImportBatch

    with here.database.write() as session:
        owner = find_brand(session, brand)
        actor = Actor(name="Command line", roles={owner.id: Role.OWNER})
        batch = importer.start(session, actor, brand=owner, name=file.name, raw=file.read_bytes())
        _tell_columns(batch)
        importer.check(session, actor, batch=batch, mapping=batch.mapping, by_worker=False)
    _stage(here, importer, batch.id)
    with here.database.session() as session:
        _report(session, session.get_one(ImportBatch, batch.id))
    with here.database.write() as session:
        batch = session.get_one(ImportBatch, batch.id)
        if dry_run or not batch.rows_new + batch.rows_changed:
            click.echo("Nothing was changed." if dry_run else "There is nothing to import.")
            importer.discard(session, actor, batch=batch)
        else:
            importer.apply(session, actor, batch=batch, by_worker=False)
            if batch.state != "done":
                raise click.ClickException("The list has changed meanwhile. Start the import again.")
            click.echo("Done.")
        return batch.rows_bad


def find_brand(session: Session, wanted: str) -> Brand:
    """The brand of a name or a public id; a plain sentence with the brands there are when it is not one."""
    from core.accounts.models import Brand

    found = session.scalars(select(Brand).where(or_(Brand.name == wanted, Brand.public_id == wanted))).all()
    if len(found) == 1:
        return found[0]
    names = ", ".join(f"{brand.name} ({brand.public_id})" for brand in session.scalars(select(Brand).limit(20)))
    problem = "There are several brands" if found else "There is no brand"
    raise click.ClickException(f"{problem} called {wanted}. Brands: {names or 'none yet'}")


def _tell_columns(batch: ImportBatch) -> None:
    for header in batch.columns:
        click.echo(f"  {header:<28} {batch.mapping.get(header, '(left out)')}")


def _stage(here: Instance, importer: Importer, batch_id: int) -> None:
    from core.influencers.models import ImportBatch

    with here.database.session() as session:
        batch = session.get_one(ImportBatch, batch_id)
        length, done, more = batch.rows_total, batch.rows_done, batch.state == "staging"
    with click.progressbar(length=length, label="Checking") as bar:
        bar.update(done)
        while more:
            with here.database.session() as session:
                write = importer.stage_next(session, session.get_one(ImportBatch, batch_id))
            with here.database.write() as session:
                more = write(session)
                now = session.get_one(ImportBatch, batch_id).rows_done
            bar.update(now - done)
            done = now


def _report(session: Session, batch: ImportBatch) -> None:
    from core.influencers.queries import batch_rows
    from core.plugin_api.text import Text

    for row in batch_rows(session, batch, "bad", limit=None):
        for error in row.errors:
            field = f"{error['field']}: " if error["field"] else ""
            click.echo(f"line {row.line}: {field}{Text.from_json(error)}", err=True)
    click.echo(
        f"{batch.rows_new} new, {batch.rows_changed} changed, {batch.rows_same} the same, {batch.rows_bad} left out"
    )


COMMANDS = {"import": import_}
