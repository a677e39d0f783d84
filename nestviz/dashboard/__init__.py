"""The dashboard: what Streamlit shows. `main.py` is the script it runs; nothing here computes what an earlier room can."""
