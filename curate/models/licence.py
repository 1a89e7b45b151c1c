"""The licence of a model, where its files say one; no network is used."""

from __future__ import annotations

from pathlib import Path

from curate.errors import CurateError
from curate.models.gguf import read_metadata
from curate.models.locate import locate


def licence_of(model: str) -> str | None:
    """What the model's own card, or the metadata of its GGUF file, calls its licence; None where that is not known.

    Of a model on the hub, the card is looked for in the local cache.
    """
    from huggingface_hub import ModelCard, try_to_load_from_cache

    try:
        place = locate(model)
    except CurateError:
        return None
    if isinstance(place, Path) and place.is_file():
        licence = read_metadata(place).get("general.license")
    else:
        card = place / "README.md" if isinstance(place, Path) else try_to_load_from_cache(place, "README.md")
        if not isinstance(card, str | Path) or not Path(card).is_file():
            return None
        try:
            licence = ModelCard.load(card, ignore_metadata_errors=True).data.license
        except Exception:  # a card that is not YAML raises what its parser raises
            return None
    return str(licence) if licence else None
