"""The analytics page: five figures with sentences, drawings, tables and files."""
