"""A report to read: a web page, a PDF, a table.

`html_page.render_html`, `pdf_file.render_pdf` and `csv_file.render_csv` take any written report; each
module needs its own library, so that an image installs only what it renders.
"""
