"""What a warning is about, and how much it matters.

    category       severity  what falls under it
    -------------  --------  ------------------------------------------------------------------
    modules        high      a module was skipped, is not installable, or was left half-way
    schema         high      the table does not match the model: a constraint is missing
    data           medium    a data file, an external id, or demo data could not be loaded
    views          medium    a view is invalid or refers to what is not there
    access         medium    a model has no access rules, or a rule is too wide
    fields         medium    a field or model is declared in a doubtful way
    cron           medium    a scheduled action failed or was skipped
    database       medium    PostgreSQL complained
    deprecation    low       works now, and will not in a later series or Python
    translations   low       a translation is missing or wrong
    configuration  low       an option is unknown, missing, or not recommended
    web            low       a request, an asset or a session had trouble
    mail           low       an e-mail could not be sent or read
    other          low       none of these

The first row that fits, from the top of RULES, is taken.
"""

import re
from typing import Final

LOW, MEDIUM, HIGH = "low", "medium", "high"

RULES: Final[tuple[tuple[str, str, re.Pattern[str]], ...]] = tuple(
    (category, severity, re.compile(pattern))
    for category, severity, pattern in (
        ("deprecation", LOW, r"^py\.warnings:|[Dd]eprecat"),
        (
            "modules",
            HIGH,
            (
                r"not installable, skipped|invalid module names|[Uu]nmet dependenc|dependency loop"
                r"|module states were reset|modules to install/upgrade/remove|incompatible version"
                r"|Invalid version for upgrade script|manifest not found"
            ),
        ),
        (
            "schema",
            HIGH,
            (
                r"^odoo\.schema:|not-null constraint|unable to (add|set)|has no table"
                r"|contains null values|Constraint type has changed"
            ),
        ),
        ("access", MEDIUM, r"no access rules|ir_model_access|ir_rule|[Aa]ccess [Dd]enied"),
        ("translations", LOW, r"^odoo\.tools\.translate:|\.po\b|[Tt]ranslation"),
        ("views", MEDIUM, r"ir_ui_view:|ir_qweb|custom view|[Vv]iew .*(invalid|error)"),
        ("cron", MEDIUM, r"ir_cron:|cron\d+|Skipping database"),
        ("mail", LOW, r"ir_mail_server|mail_thread|mail_mail|fetchmail|SMTP"),
        (
            "data",
            MEDIUM,
            (
                r"odoo\.tools\.convert|imported twice|demo data|[Ee]xternal [Ii][Dd]"
                r"|ir_model_data|init_xml"
            ),
        ),
        (
            "fields",
            MEDIUM,
            r"^odoo\.(fields|models|orm|api|registry)\b|same label|comodel|[Ff]ield ",
        ),
        ("configuration", LOW, r"^odoo\.tools\.config|option |extension|_dangerous|not officially"),
        ("database", MEDIUM, r"^odoo\.(sql_db|service\.db)|PostgreSQL"),
        ("web", LOW, r"^(werkzeug|odoo\.http|odoo\.addons\.(web|bus|http_routing))|asset"),
    )
)


def categorise(logger: str, message: str) -> tuple[str, str]:
    """Return category and severity of a warning."""
    text = f"{logger}: {message}"
    for category, severity, pattern in RULES:
        if pattern.search(text):
            return category, severity
    return "other", LOW
