"""Settings are read once, and what cannot be one is said by its name."""

import pytest

from tradepost.foundation.configuration import ConfigurationError, read_configuration

ENOUGH = {"TRADEPOST_DEVELOPMENT": "1"}


def test_what_the_command_line_reads_from_the_environment_does_not_keep_a_service_from_starting():
    desk = {
        "TRADEPOST_MARKETPLACE": "https://m.example",
        "TRADEPOST_TOKEN": "tp_x",
        "TRADEPOST_IDENTITY_TOKEN": "e.y.J",
    }

    assert read_configuration(ENOUGH | desk).development


@pytest.mark.parametrize("name", ["TRADEPOST_MARKETPLACES", "TRADEPOST_IDENTITY", "TRADEPOST_POLICY_NOTHING"])
def test_a_name_that_is_no_setting_is_refused_by_its_name(name):
    with pytest.raises(ConfigurationError, match=name):
        read_configuration(ENOUGH | {name: "1"})


def test_issuers_of_identity_tokens_are_https_addresses_or_stand_on_this_machine():
    told = "https://issuer.example/builds, http://127.0.0.1:8080"

    assert read_configuration(ENOUGH | {"TRADEPOST_IDENTITY_ISSUERS": told}).identity_issuers == (
        "https://issuer.example/builds",
        "http://127.0.0.1:8080",
    )
    with pytest.raises(ConfigurationError, match="is not an https address"):
        read_configuration(ENOUGH | {"TRADEPOST_IDENTITY_ISSUERS": "http://issuer.example"})
