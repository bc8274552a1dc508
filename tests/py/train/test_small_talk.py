"""Small talk is polite, short, on the words of the question, and the same every time."""

import re

from scripts.train import small_talk


def test_every_exchange_is_complete_and_takes_up_the_words_of_the_question():
    drawn = [turns for turns in small_talk.conversations(2000) for turns in turns]
    text = " ".join(f"{said} {reply}" for said, reply in drawn)
    assert not re.search(r"[{}]|  ", text)
    assert all(reply[0].isupper() and reply[-1] in ".?!" and len(reply) < 130 for _, reply in drawn)
    questions = ("Do you like", "Why are", "Tell me about")
    asked = [(said, reply) for said, reply in drawn if said.startswith(questions)]
    for said, reply in asked:
        words = {*re.findall(r"\w+", said)[3:]} - {"yourself"}
        assert not words or words & {*re.findall(r"\w+", reply)}, (said, reply)
    assert len(asked) > 100


def test_the_texts_are_the_same_every_time_and_each_only_once():
    texts = small_talk.texts(300)
    assert texts == small_talk.texts(300)
    assert len(set(texts)) == len(texts) > 250
    assert all(re.fullmatch(r"(User: .+\n\nAssistant: .+(\n\n)?)+", text) for text in texts)


def test_every_country_has_a_capital_and_a_continent():
    assert all(len(country) == 3 and all(country) for country in small_talk.COUNTRIES)
    assert len({country for country, _, _ in small_talk.COUNTRIES}) == len(small_talk.COUNTRIES) >= 30
    replies = {reply for turns in small_talk.conversations(2000) for _, reply in turns}
    assert "The capital of France is Paris." in replies
    assert "Nairobi is the capital of Kenya." in replies
