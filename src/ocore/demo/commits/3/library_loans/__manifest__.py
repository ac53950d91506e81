{
    "name": "Library Loans",
    "summary": "Books, and who has them",
    "version": "19.0.1.2.0",
    "category": "Services",
    "author": "Ana Ruiz",
    "license": "LGPL-3",
    "depends": ["base", "web"],
    "data": [
        "security/ir.model.access.csv",
        "views/library_book_views.xml",
        "views/library_loan_views.xml",
        "views/library_menus.xml",
        "data/library_books.xml",
    ],
    "application": True,
}
