"""Which addresses strangers may send us to."""

from ipaddress import ip_network

import pytest

from tradepost.foundation.outgoing import AddressRules, OutgoingError, OutgoingProblem

STRICT = AddressRules()
DEVELOPMENT = AddressRules(development=True)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.254",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.1.1",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.0.192",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0:7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "100::1",
        "2001::1",
        "2001:0:53aa:64c:0:7fff:f7f7:f7f7",
        "2001:10::1",
        "2001:db8::1",
        "2002:7f00:1::1",
        "2002:c0a8:101::1",
        "2a00:1450::5efe:a00:1",
        "3fff::1",
        "4000::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "no address",
        "fe80::1%eth0",
    ],
)
def test_a_special_address_is_refused(address):
    with pytest.raises(OutgoingError) as refusal:
        STRICT.check("app.example.com", address)

    assert refusal.value.kind is OutgoingProblem.REFUSED_ADDRESS
    assert "app.example.com" in refusal.value.text


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.0.1",
        "172.32.0.1",
        "198.20.0.1",
        "223.255.255.254",
        "2606:4700:4700::1111",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
        "2002:101:101::1",
    ],
)
def test_a_public_address_is_allowed(address):
    assert STRICT.refusal(address) is None


@pytest.mark.parametrize("address", ["127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"])
def test_development_allows_loopback(address):
    assert DEVELOPMENT.refusal(address) is None


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "192.168.1.1", "0.0.0.0", "169.254.169.254", "fd00:ec2::254", "fe80::1"]
)
def test_development_allows_nothing_else_that_is_special(address):
    assert DEVELOPMENT.refusal(address) is not None


def test_the_operator_can_allow_a_network_of_their_own():
    rules = AddressRules(allowed_networks=(ip_network("10.1.0.0/16"),))

    assert rules.refusal("10.1.2.3") is None
    assert rules.refusal("::ffff:10.1.2.3") is None
    assert rules.refusal("10.2.2.3") == "a private address"


def test_a_metadata_address_is_allowed_only_by_name():
    wide = AddressRules(allowed_networks=(ip_network("169.254.0.0/16"),), development=True)
    narrow = AddressRules(allowed_networks=(ip_network("169.254.169.254/32"),))

    assert wide.refusal("169.254.1.1") is None
    assert wide.refusal("169.254.169.254") == "a metadata address"
    assert narrow.refusal("169.254.169.254") is None


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://app.example.com/", OutgoingProblem.FORBIDDEN_SCHEME),
        ("ftp://app.example.com/", OutgoingProblem.FORBIDDEN_SCHEME),
        ("file:///etc/passwd", OutgoingProblem.FORBIDDEN_SCHEME),
        ("//app.example.com/", OutgoingProblem.FORBIDDEN_SCHEME),
        ("", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com:22/", OutgoingProblem.FORBIDDEN_PORT),
        ("https://app.example.com:80/", OutgoingProblem.FORBIDDEN_PORT),
        ("https://app.example.com:8443/", OutgoingProblem.FORBIDDEN_PORT),
        ("https://app.example.com:0/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com:99999/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com:/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://", OutgoingProblem.MALFORMED_ADDRESS),
        ("https:///path", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://user:word@app.example.com/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com\\@evil.example/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com/a b", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com/\r\nX: y", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com/\x00", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://bücher.example/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app%2eexample.com/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app..example.com/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://-app.example.com/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://[::1/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://[fe80::1%25eth0]/", OutgoingProblem.MALFORMED_ADDRESS),
        ("https://app.example.com/" + "a" * 2000, OutgoingProblem.MALFORMED_ADDRESS),
        ("https://localhost/", OutgoingProblem.REFUSED_ADDRESS),
        ("https://LOCALHOST./", OutgoingProblem.REFUSED_ADDRESS),
        ("https://app.localhost/", OutgoingProblem.REFUSED_ADDRESS),
        ("https://2130706433/", OutgoingProblem.REFUSED_ADDRESS),
        ("https://0x7f000001/", OutgoingProblem.REFUSED_ADDRESS),
        ("https://0x7f.1/", OutgoingProblem.REFUSED_ADDRESS),
        ("https://0177.0.0.1/", OutgoingProblem.REFUSED_ADDRESS),
        ("https://127.1/", OutgoingProblem.REFUSED_ADDRESS),
        ("https://app.example.0x7f/", OutgoingProblem.REFUSED_ADDRESS),
    ],
)
def test_an_address_that_cannot_be_called_is_refused_before_anything_is_resolved(url, problem):
    with pytest.raises(OutgoingError) as refusal:
        STRICT.destination(url)

    assert refusal.value.kind is problem
    assert "word" not in refusal.value.text


@pytest.mark.parametrize("url", ["https://app.example.com/d.json", "https://app.example.com:8080/"])
def test_https_on_the_usual_ports_is_allowed(url):
    assert STRICT.destination(url).url == url


def test_development_allows_http_any_port_and_localhost():
    assert DEVELOPMENT.destination("http://localhost:3000/d").name == "localhost:3000"


@pytest.mark.parametrize("target", ["/a%2fb//c/../d?x=%zz&y=+", "/it's;v=1?", "/?a=b?c"])
def test_what_is_asked_for_stays_as_it_was_written(target):
    assert STRICT.destination("https://App.Example.COM" + target).url in {
        "https://app.example.com" + target,
        "https://app.example.com" + target.removesuffix("?"),
    }
