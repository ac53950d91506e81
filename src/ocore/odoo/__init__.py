"""What one must know about Odoo to deploy it. Reads files and text; runs nothing."""
