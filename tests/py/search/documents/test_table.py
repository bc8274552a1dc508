"""CSV: which column is read, and files with too much in them."""

import csv

import pytest

from goosequill.errors import SearchError
from goosequill.search.documents.limits import MOST_CELL, MOST_ROWS, given_file
from goosequill.search.documents.page_jobs import table_columns
from goosequill.search.documents.table import read_table

FAQ = (
    'id,Question,Answer\n1,How warm?,Set the temperature.\n2,How long?,"Set length.\n\nIn tokens."\n3,Why?,\n'
)


def rows(data: str | bytes, column: str = "") -> list[tuple[str, str, str]]:
    found = read_table(
        given_file("faq.csv", data if isinstance(data, bytes) else data.encode()), column=column
    )
    return [(document.name, document.title, document.text) for document in found]


def refused(data: str, column: str = "") -> SearchError:
    with pytest.raises(SearchError) as caught:
        list(read_table(given_file("faq.csv", data.encode()), column=column))
    return caught.value


def test_each_row_is_a_document_from_the_widest_column_and_titled_by_its_question() -> None:
    assert rows(FAQ) == [
        ("faq.csv#2", "How warm?", "Set the temperature."),
        ("faq.csv#3", "How long?", "Set length.\n\nIn tokens."),
    ]


def test_a_column_is_chosen_by_name_or_number() -> None:
    assert [text for _, _, text in rows(FAQ, "question")] == ["How warm?", "How long?", "Why?"]
    assert [text for _, _, text in rows(FAQ, "2")] == ["How warm?", "How long?", "Why?"]
    assert rows(FAQ, "question")[0][1] == "faq.csv, row 2"


def test_a_row_says_which_column_it_is_from() -> None:
    assert {document.column for document in read_table(given_file("faq.csv", FAQ.encode()))} == {"Answer"}
    assert {document.column for document in read_table(given_file("faq.csv", FAQ.encode()), column="2")} == {
        "Question"
    }
    assert {document.column for document in read_table(given_file("faq.csv", b"1,A text\n2,B text"))} == {"2"}


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    data = f"1{delimiter}A first text\r\n2{delimiter}A second text\r\n"
    assert [text for _, _, text in rows(data)] == ["A first text", "A second text"]
    assert rows(data)[0][0] == "faq.csv#1"


def test_the_columns_to_choose_from_are_those_of_the_first_row() -> None:
    assert table_columns("faq.csv", FAQ.encode()) == ["id", "Question", "Answer"]
    assert table_columns("faq.csv", b"1;A text\n2;B text") == ["1", "2"]
    assert table_columns("faq.csv", "id,Größe\n1,ü".encode()[:-1]) == ["id", "Größe"]
    for other in (b"", bytes(100), b'"' + b"x" * (MOST_CELL + 200_000)):
        assert table_columns("faq.csv", other) in ([], ["1"])


def test_ragged_and_empty_files_are_read() -> None:
    assert [text for _, _, text in rows("a,b\n1\n2,long text,3\n\n4,other text")] == [
        "long text",
        "other text",
    ]
    assert rows("") == rows("\n\n") == []
    assert rows("title,text\n") == []


@pytest.mark.parametrize("column", ["price", "0", "4", "-1", "9" * 5000, "²"])
def test_an_unknown_column_is_refused_with_those_that_there_are(column: str) -> None:
    error = refused(FAQ, column)
    assert error.code == "csv-column" and "id, Question, Answer" in error.remedy


def test_a_hundred_thousand_columns_are_refused_with_figures() -> None:
    error = refused(",".join(["x"] * 100_000))
    assert error.code == "document-too-large" and "100,000 columns" in error.message


def test_too_many_rows_and_an_endless_cell_are_refused_and_the_limit_is_put_back() -> None:
    assert refused("a\n" * (MOST_ROWS + 1)).code == "document-too-large"
    before = csv.field_size_limit()
    error = refused('a,"' + "x" * (MOST_CELL + 1))
    assert error.code == "document-too-large" and "unclosed" in error.remedy
    assert csv.field_size_limit() == before
    assert refused('a,"never closed').code == "document-corrupt"
