"""Answers to a server that asks who is there, against the RFCs' own examples."""

from edge_worker.camera.rtsp.account import authorization, best_challenge

RFC_2617 = (
    'Digest realm="testrealm@host.com", qop="auth,auth-int", '
    'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)
RFC_7616 = (
    'Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={}, '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def answered(header: str, account: tuple[str, str], url: str, cnonce: str) -> str:
    challenge = best_challenge([header])
    assert challenge is not None
    return authorization(challenge, account, "GET", url, cnonce=cnonce)


def test_digest_when_the_example_of_rfc_2617_is_answered_then_the_response_is_its() -> None:
    told = answered(RFC_2617, ("Mufasa", "Circle Of Life"), "/dir/index.html", "0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in told
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in told
    assert "qop=auth, nc=00000001" in told


def test_digest_when_the_examples_of_rfc_7616_are_answered_then_the_responses_are_theirs() -> None:
    account = ("Mufasa", "Circle of Life")
    told = answered(RFC_7616.format("SHA-256"), account, "/dir/index.html", CNONCE)
    assert 'response="753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"' in told
    assert "algorithm=SHA-256" in told
    told = answered(RFC_7616.format("MD5"), account, "/dir/index.html", CNONCE)
    assert 'response="8ca523f5e9506fed4657c9700eebdbec"' in told


def test_digest_when_there_is_no_qop_then_it_is_the_old_form() -> None:
    challenge = best_challenge(['Digest realm="r", nonce="n"'])
    assert challenge is not None
    told = authorization(challenge, ('a"b', "p"), "DESCRIBE", "rtsp://x/")
    assert "cnonce" not in told
    assert r'username="a\"b"' in told


def test_challenges_when_there_are_several_then_the_safest_that_is_known_is_taken() -> None:
    basic, md5 = 'Basic realm="r"', 'Digest realm="r", nonce="n"'
    sha = 'Digest realm="r", nonce="n", algorithm=SHA-256'
    unknown = 'Digest realm="r", nonce="n", algorithm=SHA-512-256'
    chosen = best_challenge([basic, md5, sha, unknown])
    assert chosen is not None
    assert chosen.algorithm == "SHA-256"
    chosen = best_challenge([unknown, basic])
    assert chosen is not None
    assert chosen.scheme == "basic"
    assert best_challenge([unknown, "Negotiate", ""]) is None
    assert best_challenge([]) is None
