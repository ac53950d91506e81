"""Data files and views that Odoo cannot load."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

VIEWS: Final = (
    Signature(
        pattern=known_by(
            r"Field [\"'`“]?(?P<field>[\w.]+)[\"'`”]? does not exist in model "
            r"[\"'`“]?(?P<model>[\w.]*\w)"
        ),
        title="A view uses a field that does not exist",
        cause='Field "{field}" does not exist in model "{model}"',
        explanation="No module that is loaded at this point defines {field} on {model}.",
        suggested_fix=(
            "Correct the name in the view, add the field to the model, or add the module that "
            "defines it to 'depends'."
        ),
    ),
    Signature(
        pattern=known_by(r"(?P<element>Element '[^\n]+' cannot be located in parent view)"),
        title="A view does not fit the view it inherits from",
        cause="{element}",
        explanation=(
            "The parent view has no element that this expression finds: it changed, another "
            "module removed it, or the expression is wrong."
        ),
        suggested_fix="Compare the expression with the parent view in this version of Odoo.",
    ),
    Signature(
        pattern=known_by(r"External ID not found in the system: (?P<xmlid>[\w.-]+)"),
        title="An external id does not exist",
        cause="External ID not found in the system: {xmlid}",
        explanation=(
            "Nothing has created {xmlid} at this point. Data files are loaded in the order of "
            "'data' in the manifest, after those of all modules in 'depends'."
        ),
        suggested_fix=(
            "Correct the id, load the file that creates it earlier, or add its module to 'depends'."
        ),
    ),
    Signature(
        pattern=known_by(
            r"(?P<cause>No matching record found for external id '(?P<xmlid>[^']+)'"
            r" in field '[^']+')"
        ),
        title="An external id does not exist",
        cause="{cause}",
        explanation="A line of the CSV file refers to {xmlid}, which nothing has created.",
        suggested_fix="Correct the id. The id of a model is model_ and its name with underscores.",
    ),
    Signature(
        pattern=known_by(r"Invalid field '(?P<field>\w+)' (?:in|on model) '(?P<model>[\w.]+)'"),
        title="Data sets a field that does not exist",
        cause="Invalid field '{field}' in '{model}'",
        explanation="No module that is loaded at this point defines {field} on {model}.",
        suggested_fix="Correct the name, or add the module that defines it to 'depends'.",
    ),
    Signature(
        pattern=known_by(r"XMLSyntaxError: (?P<reason>[^\n]+)"),
        title="An XML file is not well-formed",
        cause="{reason}",
        explanation="The file cannot be read as XML at all.",
        suggested_fix="Correct the file at this line; any XML editor shows the place.",
    ),
    Signature(
        pattern=known_by(r"FileNotFoundError: .*?(?P<file>[\w.-]+/[\w.-]+\.(?:xml|csv|sql))'?"),
        title="A file that the manifest names does not exist",
        cause="the file does not exist",
        explanation="Each file in 'data' of the manifest must exist.",
        suggested_fix="Add the file to the repository, or take it out of the manifest.",
    ),
    Signature(
        pattern=known_by(r"ValueError: (?P<reason>\w+\(.*?\)) while evaluating\n(?P<code>[^\n]*)"),
        title="An expression in a data file cannot be evaluated",
        cause="{reason} while evaluating {code}",
        explanation="`eval` attributes know ref(), time, datetime and little else.",
        suggested_fix="Correct the expression.",
    ),
    Signature(
        pattern=known_by(r"ParseError: while parsing [^\n]+\n(?P<reason>[^<\s][^\n]*)"),
        title="A data file could not be loaded",
        cause="{reason}",
        explanation="Odoo refused a record of this file.",
        suggested_fix="Correct the record that is shown.",
    ),
    Signature(
        pattern=known_by(r"could not be processed:\s*(?P<reason>[^\n]+)"),
        title="A CSV file could not be loaded",
        cause="{reason}",
        explanation="Odoo refused a line of this file.",
        suggested_fix="Correct the line that is shown.",
    ),
)
