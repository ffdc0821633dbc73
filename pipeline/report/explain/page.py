"""The page of explained scores; it loads nothing from elsewhere.

Tested by tests/models/explaining/test_explain_scores.py.
"""

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipeline.plots.style import SHADES
from pipeline.report.candidates import DIFFERENCE, pictures
from pipeline.report.explain.data import ExplainedMember, ExplainedRows
from pipeline.report.html_templates import html_template
from pipeline.report.page import flat
from pipeline.report.wording import number, significant


def explained_page(
    numbers: Mapping[str, Any],
    rows: ExplainedRows,
    members: Sequence[ExplainedMember],
    figures: Sequence[Sequence[Mapping[str, object]]],
) -> str:
    """Return the page as HTML; what comes from data is escaped.

    Parameters
    ----------
    numbers : mapping
        The content of ``explained.json``.
    rows : ExplainedRows
        The rows that are explained.
    members : sequence of ExplainedMember
        What each network or classifier says of them.
    figures : sequence of sequence of mapping
        The figures of each.
    """
    shown = [
        {
            "numbers": told,
            "entries": list(_entries(member, rows)),
            "figures": drawn,
            "dimensions": member.vectors.shape[1],
        }
        for told, member, drawn in zip(numbers["members"], members, figures, strict=True)
    ]
    return html_template("explain/page.html").render(
        numbers=numbers, members=shown, n=len(rows.table), provenance=list(flat(numbers["provenance"]))
    )


def heat_picture(heat: NDArray[np.float32], side: int) -> bytes:
    """Return a heat map ``(y, x)`` as a PNG file of ``side`` pixels a side, its first row at the bottom.

    It is interpolated between the places of the layer, and scaled to its own largest value; a map of zeros stays pale.
    """
    top = float(heat.max())
    scaled = heat / top if top > 0 else np.zeros_like(heat)
    large = Image.fromarray(scaled.astype(np.float32), mode="F").resize((side, side), Image.Resampling.BILINEAR)
    colours = np.round(255 * SHADES(np.flipud(np.clip(np.asarray(large), 0.0, 1.0)))[..., :3]).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours, mode="RGB").save(file, format="png", optimize=True)
    return file.getvalue()


def _entries(member: ExplainedMember, rows: ExplainedRows) -> Iterator[dict[str, object]]:
    """Yield what the page says of each row with pictures."""
    agreement, names = member.agreement(rows), dict(enumerate(rows.class_names))
    table = rows.table.to_dict("records")
    for order, place in enumerate(rows.pictured.tolist()):
        row = table[place]
        heat = "" if member.maps is None else _address(heat_picture(member.maps[order], max(rows.pixels.shape[1], 64)))
        yield {
            "group": row["group"],
            "candidate_id": row["candidate_id"],
            "label": names.get(row["label"], "none"),
            "called": names.get(row["label_predicted"], "not scored"),
            "score": number(float(row["score"])),
            "images": _images(rows.channels, rows.pixels[place]),
            "heat": heat,
            "agreement": f"{agreement[place] * member.neighbours.shape[1]:.0f} of {member.neighbours.shape[1]}",
            "neighbours": list(_neighbours(member, rows, place, names)),
        }


def _neighbours(
    member: ExplainedMember, rows: ExplainedRows, place: int, names: Mapping[int, str]
) -> Iterator[dict[str, object]]:
    for near, distance in zip(member.neighbours[place].tolist(), member.distances[place].tolist(), strict=True):
        known = rows.known.iloc[near]
        yield {
            "candidate_id": known["candidate_id"],
            "label": names.get(int(known["label"]), "none"),
            "distance": significant(distance, 3),
            "images": _images(rows.channels, rows.known_pixels[near])[-1:],
        }


def _images(channels: Sequence[str], pixels: NDArray[np.float32]) -> list[dict[str, str]]:
    """Return the pictures of a cutout, the difference last; of a table none."""
    if pixels.shape[0] == 1:
        return []
    return sorted(pictures(channels, pixels), key=lambda image: image["channel"] == DIFFERENCE)


def _address(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
