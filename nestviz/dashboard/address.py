"""What the page's address says: the recording, its section, the selected task and the view. A copied link shows the same."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

import streamlit as st

__all__ = ["Address", "View", "open_at", "read_address", "write_address"]

View = Literal["worker", "task"]


@dataclass(frozen=True)
class Address:
    """Every text may be anything: an address is typed by people. Empty: not said."""

    recording: str = ""
    section: str = ""
    task: str = ""
    view: View = "worker"

    def parameters(self) -> dict[str, str]:
        """The address as query parameters, without what is not said."""
        texts = {field.name: str(getattr(self, field.name)) for field in fields(self)}
        return {name: text for name, text in texts.items() if text and (name, text) != ("view", "worker")}


def read_address() -> Address:
    """The address as it stands."""
    said = st.query_params
    return Address(
        recording=said.get("recording", ""),
        section=said.get("section", ""),
        task=said.get("task", ""),
        view="task" if said.get("view") == "task" else "worker",
    )


def write_address(address: Address) -> None:
    """Change the address in the browser, without loading the page anew."""
    if address != read_address() or set(st.query_params) - set(address.parameters()):
        st.query_params.from_dict(address.parameters())


def open_at(recording: str) -> None:
    """Go to another recording: nothing of the former one stays in the address."""
    write_address(replace(Address(), recording=recording, view=read_address().view))
