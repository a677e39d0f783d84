"""Where things are drawn: from a trace, a window and a budget of marks to positions; no colours, no Plotly."""
