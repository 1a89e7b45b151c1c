"""Uploads an export to the Hugging Face Hub: the data and the card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from curate.errors import CurateError, first_line

NAME = re.compile(r"[\w.-]+/[\w.-]+")


def check_name(name: str) -> None:
    """Raises CurateError unless `name` is one that a dataset on the hub can have."""
    if not NAME.fullmatch(name):
        raise CurateError(f"export: push: a dataset on the hub is named owner/name, found {name!r}")


def push(directory: Path, files: Sequence[str], name: str, *, public: bool = False) -> str:
    """Uploads these files of `directory` as the dataset `name`, and returns its address.

    A new dataset is private unless `public` is set. Raises CurateError when the hub refuses, and when the dataset is
    there already and public without `public`.
    """
    from huggingface_hub import HfApi

    hub = HfApi()
    try:
        address = hub.create_repo(name, repo_type="dataset", private=not public, exist_ok=True)
        if not public and not hub.dataset_info(name).private:
            raise CurateError(
                f"export: push: {name} is there already and anyone can read it; add --public to upload to it"
            )
        hub.upload_folder(
            repo_id=name,
            repo_type="dataset",
            folder_path=directory,
            allow_patterns=list(files),
            commit_message="Upload with curate export",
        )
    except CurateError:
        raise
    except Exception as error:  # its client raises the errors of whichever HTTP library it uses
        hint = "log in with `hf auth login`, or set HF_TOKEN; offline nothing can be uploaded"
        raise CurateError(f"export: push: the hub did not take {name}: {first_line(error)} ({hint})") from error
    return str(address)
