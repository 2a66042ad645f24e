"""`tunesmith prices`: do the prices that Tunesmith reckons with still hold?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli.errors import NO
from cli.options import JSON
from cli.voice import CommandError, answers, print_json, say, tell_error
from tunesmith.aws.price_list import bedrock_products
from tunesmith.catalogue import find_model, load_catalogue
from tunesmith.cost import OVERRIDE_KEY, Price, PriceTable, load_prices, models_without_price, read_override
from tunesmith.cost.price_list import Change, Listing, changes, override_file, read_listing

app = typer.Typer(
    name="prices", help="Prices that Tunesmith reckons with.", no_args_is_help=True, rich_markup_mode=None
)


@app.callback()
def _prices() -> None:
    """Keep `refresh` a command of its own."""


@app.command()
def refresh(
    region: Annotated[
        str,
        typer.Option(
            envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], metavar="REGION", help="Region whose prices count."
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Override file to write; its own lines are kept."),
    ] = None,
    json: JSON = False,
) -> None:
    """Hold the price table against the AWS Price List, and write what differs into an override file.

    Needs credentials with `pricing:GetProducts`. Exit code 1 where a rate could not be read for certain.
    """
    own = out.read_bytes() if out is not None and out.is_file() else None
    table = load_prices(own)
    say(f"reading the Price List for {region}")
    listing = read_listing(bedrock_products(region), table, datetime.now(UTC).date())
    if not listing.prices and not listing.problems:
        raise CommandError(
            f"the Price List names no model of the catalogue in {region}",
            "name a Region in which Bedrock customizes models, such as --region us-east-1",
        )
    found = changes(listing, table)
    text, kept = override_file(read_override(own) if own is not None else [], found)
    if json:
        print_json(_document(listing, found, kept))
    else:
        _show(listing, found, table)
    _write(out, text, found, kept)
    for problem in listing.problems:
        tell_error(f"not taken: {problem}")
    if listing.problems:
        raise typer.Exit(NO)


def _document(listing: Listing, found: Sequence[Change], kept: Sequence[Price]) -> dict[str, object]:
    held = {(price.model, price.item) for price in kept}
    return {
        "changes": [
            {
                "model": change.after.model,
                "item": change.after.item,
                "before": None if change.before is None else change.before.usd,
                "before_per": None if change.before is None else change.before.per,
                "after": change.after.usd,
                "after_per": change.after.per,
                "source": change.after.source,
                "kept": (change.after.model, change.after.item) in held,
            }
            for change in found
        ],
        "agreed": len(listing.prices) - len(found),
        "problems": listing.problems,
        "unknown": listing.unknown,
    }


def _show(listing: Listing, found: Sequence[Change], known: PriceTable) -> None:
    if found:
        table = Table(box=None, pad_edge=False)
        for name in ("model", "item", "so far", "listed", "source"):
            table.add_column(name, no_wrap=name != "source", overflow="fold")
        for change in found:
            table.add_row(
                find_model(change.after.model).name,
                str(change.after.item),
                "not known" if change.before is None else _rate(change.before),
                _rate(change.after),
                change.after.source,
            )
        answers().print(table)
    agreed = len(listing.prices) - len(found)
    say(f"{agreed} of {len(listing.prices)} listed prices are the ones that are known")
    if listing.unknown:
        say(f"not in the catalogue, left out: {', '.join(listing.unknown)}")
    missing = models_without_price(load_catalogue(), known)
    listed = {(price.model, price.item) for price in listing.prices}
    for name, items in missing.items():
        left = [item for item in items if (find_model(name).id, item) not in listed]
        if left:
            say(f"still without a price, in the Price List too: {name}, {' and '.join(left)}")


def _write(out: Path | None, text: str, found: Sequence[Change], kept: Sequence[Price]) -> None:
    for price in kept:
        say(f"kept your own price: {price.item} of {price.model}, {_rate(price)} ({price.source})")
    if out is None:
        if found:
            say("write them into an override file with --out prices.yaml")
    elif len(found) == len(kept):
        say("nothing to write")
    else:
        out.write_text(text, encoding="utf-8")
        say(f"wrote {out}; runs take it from {OVERRIDE_KEY} of the dataset bucket (`aws s3 cp`)")


def _rate(price: Price) -> str:
    return f"${format(price.usd, 'f')}/{price.per}"
