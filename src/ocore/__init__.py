"""oCore: puts a git ref of Odoo modules live, and takes code and data back in one call."""
