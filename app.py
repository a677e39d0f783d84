"""`streamlit run app.py`: the dashboard."""

from __future__ import annotations

from nestviz.dashboard.main import main

main()
