import base64

from edge_worker.serving.tokens import Scope, Tokens


def test_of_when_made_then_a_token_has_128_bits_and_differs_by_stream_and_scope() -> None:
    tokens = Tokens()
    made = {tokens.of(stream, scope) for stream in ("door", "gate") for scope in Scope}
    assert len(made) == 5
    assert all(len(base64.urlsafe_b64decode(f"{token}==")) == 16 for token in made)


def test_scope_when_asked_then_each_token_opens_its_own_stream_and_no_more() -> None:
    tokens = Tokens()
    view, talk = tokens.of("door", Scope.VIEW), tokens.of("door", Scope.TALK)
    assert tokens.scope(view, "door") is Scope.VIEW
    assert tokens.scope(talk, "door") is Scope.TALK
    assert tokens.scope(view, "gate") is None
    assert tokens.scope(tokens.page, "gate") is Scope.PAGE
    assert tokens.scope(tokens.page) is Scope.PAGE
    assert tokens.scope("", "door") is None
    assert tokens.scope("\udcff", "door") is None


def test_tokens_when_the_worker_starts_again_then_all_are_new() -> None:
    before, after = Tokens(), Tokens()
    assert before.page != after.page
    assert after.scope(before.of("door", Scope.VIEW), "door") is None


def test_page_when_the_configuration_names_a_token_then_it_stays() -> None:
    assert Tokens("twenty-two-characters-x").page == Tokens("twenty-two-characters-x").page
