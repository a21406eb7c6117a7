"""What a study, a comparison or the store shows: gathered, drawn, and put on a page.

`content` gathers it as plain data, `charts` draws that as figures (JSON of Plotly), and `page`
puts both on one HTML file that needs no network. Each may be used without those after it.
"""
