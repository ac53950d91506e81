"""Data files and views that Odoo cannot load."""

from typing import Final

from ocore.odoo.failures.known.signature import Signature, known_by

VIEWS: Final = (
    Signature(
        pattern=known_by(
            r"Error: (?P<reason>[^\n]+)(?:\n\s+on line [^\n]+)?(?:\n>> (?P<code>[^\n]*))?"
            r".*occurred while compiling the bundle '?(?P<bundle>[\w.]+)"
        ),
        title="A stylesheet cannot be compiled",
        cause="{reason} in bundle {bundle}: {code}",
        explanation=(
            "One wrong rule spoils the whole bundle: pages come without their styles, and Odoo "
            "logs no more than a warning."
        ),
        suggested_fix="Correct the rule that is shown; variables must come in an earlier file.",
    ),
    Signature(
        pattern=known_by(
            r"(?:QWebError: Error while rendering the template:\s+|QWebException: )"
            r"(?:Error while render the template\s+)?(?P<reason>[^\n]+)"
            r"\n\s*Template: (?P<view>[\w.-]+)(?:\n\s*Reference: [^\n]*)?"
            r"(?:\n\s*Path: (?P<path>[^\n]+))?(?:\n\s*(?:Element|Node): (?P<element>[^\n]+))?"
        ),
        title="A template cannot be rendered",
        cause="{reason} in template {view} {element}",
        explanation=(
            "The template uses a value that nobody passes, or an expression that is none. Whoever "
            "asks for the page gets an error instead."
        ),
        suggested_fix="Correct the element, or the values its controller or report passes.",
    ),
    Signature(
        pattern=known_by(r"(?P<method>\w+) is not a valid action on (?P<model>[\w.]*\w)"),
        title="A button calls a method that does not exist",
        cause="{method} is not a valid action on {model}",
        explanation="No module that is loaded at this point defines {method} on {model}.",
        suggested_fix="Correct the button's name, or add the method to the model.",
    ),
    Signature(
        pattern=known_by(r"(?P<reason>Unknown field \"(?P<field>[\w.]+)\" in domain of [^\n]+)"),
        title="A domain uses a field that does not exist",
        cause="{reason}",
        explanation="No module that is loaded at this point defines {field}.",
        suggested_fix="Correct the domain, or add the module that defines the field to 'depends'.",
    ),
    Signature(
        pattern=known_by(r"Invalid modifier '(?P<modifier>\w+)': (?P<expression>[^\n]+)"),
        title="An expression in a view is invalid",
        cause="{modifier}= is no expression: {expression}",
        explanation="Since Odoo 17 these attributes hold a Python expression over the fields.",
        suggested_fix="Correct the expression.",
    ),
    Signature(
        pattern=known_by(
            r"Error while validating view:\s+<class '\w+'>: \"(?P<reason>[^\n]+)\""
            r" while evaluating\n(?P<code>[^\n]*)"
        ),
        title="An expression in a view is invalid",
        cause="{reason} in {code}",
        explanation="Before Odoo 17 these attributes know no fields: conditions go into attrs.",
        suggested_fix="Correct the expression, or write it as attrs.",
    ),
    Signature(
        pattern=known_by(
            r"they depend on the field <b><tt>(?P<field>\w+)|[Ff]ield '?(?P<other>\w+)'? used in "
            r"[^\n]*must be present in view but is missing"
        ),
        title="A view depends on a field it does not have",
        cause="an expression uses the field {field}{other}, which the view does not have",
        explanation="An expression may only use fields that the view loads for the same users.",
        suggested_fix='Add the field to the view (invisible="1" will do), or correct its name.',
    ),
    Signature(
        pattern=known_by(r"Model not found: (?P<model>[\w.]+)"),
        title="A view is for a model that does not exist",
        cause="Model not found: {model}",
        explanation="No module that is loaded at this point defines {model}.",
        suggested_fix="Correct the name, or add the module that defines the model to 'depends'.",
    ),
    Signature(
        pattern=known_by(
            r"(?P<reason>The root node of a \w+ view should be a [^\n]+"
            r"|Invalid view type: '\w+'[^\n.]*|Wrong value for ir\.ui\.view\.type: '\w+')"
        ),
        title="A view has the wrong root element",
        cause="{reason}",
        explanation="The element says what kind of view it is; <tree> is called <list> since 18.",
        suggested_fix="Use the root element that this series of Odoo knows.",
    ),
    Signature(
        pattern=known_by(r"(?P<reason>Since 17\.0, the \"attrs\" and \"states\" attributes[^\n]*)"),
        title="A view is written for Odoo 16 or earlier",
        cause="{reason}",
        explanation="Since Odoo 17 invisible, readonly and required are expressions themselves.",
        suggested_fix=(
            "Write the condition into the attribute: "
            "attrs=\"{{'invisible': [('state', '=', 'out')]}}\" becomes "
            "invisible=\"state == 'out'\"."
        ),
    ),
    Signature(
        pattern=known_by(r"Wrong value for (?P<field>[\w.]+): (?P<value>[^\n]+)"),
        title="A value that its field does not allow",
        cause="Wrong value for {field}: {value}",
        explanation="The field is a selection, and {value} is not one of its values.",
        suggested_fix="Use a value of the selection, or add it with selection_add.",
    ),
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
        pattern=known_by(r"Invalid field name '(?P<field>[\w/:.]+)'"),
        title="A CSV file has a column that is no field",
        cause="Invalid field name '{field}'",
        explanation="The first line of the file names a field that the model does not have.",
        suggested_fix="Correct the column's name, or add the module that defines it to 'depends'.",
    ),
    Signature(
        pattern=known_by(r"XMLSyntaxError: (?P<reason>[^\n]+)"),
        title="An XML file is not well-formed",
        cause="{reason}",
        explanation="The file cannot be read as XML at all.",
        suggested_fix="Correct the file at this line; any XML editor shows the place.",
    ),
    Signature(
        pattern=known_by(r"Error reading file '[^']*': (?P<reason>Invalid bytes in [^\n]+)"),
        title="An XML file is not in the encoding it claims",
        cause="{reason}",
        explanation="Without a declaration XML is UTF-8, and this file holds other bytes.",
        suggested_fix="Save the file as UTF-8.",
    ),
    Signature(
        pattern=known_by(
            r"AssertionError: (?P<reason>Element [^\n]*?), line (?P<line>\d+)"
            r"|(?P<other>does not fit the required schema)"
        ),
        title="A data file does not fit Odoo's schema",
        cause="{reason}{other}",
        explanation="Odoo knows record, template, menuitem, function, delete and a few more.",
        suggested_fix="Correct the element; `xmllint --relaxng` with import_xml.rng shows all.",
    ),
    Signature(
        pattern=known_by(
            r"(?:FileNotFoundError|OSError: File not found): .*?"
            r"(?P<file>[\w.-]+/[\w.-]+\.(?:xml|csv|sql))'?"
        ),
        title="A file that the manifest names does not exist",
        cause="the file does not exist",
        explanation="Each file in 'data' of the manifest must exist.",
        suggested_fix="Add the file to the repository, or take it out of the manifest.",
    ),
    Signature(
        pattern=known_by(
            r"ValueError: (?P<reason>\w+\(.*?\)|<class '\w+'>: \"[^\n]*\") while evaluating\n"
            r"(?P<code>[^\n]*)"
        ),
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
        explanation="Odoo refused a row of this file, and does not say which.",
        suggested_fix="Look for the value that is named, and correct it.",
    ),
)
