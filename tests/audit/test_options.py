"""The list of options that packages know, and names against it."""

from __future__ import annotations

from fournines.audit.knowledge.options import listed_services, login, named, options_of, releases


def test_the_list_is_of_real_packages() -> None:
    assert releases() == ("Victoria", "Zed", "Epoxy")
    assert {"cinder", "glance", "keystone", "neutron", "nova"} <= listed_services()
    assert {"username", "project_domain_name", "auth_url"} <= login()


def test_an_option_is_known_to_its_service_in_its_section_and_to_the_releases_that_list_it() -> None:
    nova = options_of("nova")
    every = (1 << len(releases())) - 1
    assert nova.known["DEFAULT"]["transport_url"] == every        # of oslo.messaging, which all have
    assert nova.known["database"]["max_retries"] == every
    assert "bind_host" not in nova.known["DEFAULT"]
    assert "bind_host" in options_of("glance").known["DEFAULT"]
    assert "rabbit_quorum_queue" in nova.known["oslo_messaging_rabbit"]
    assert named(nova.known["oslo_messaging_rabbit"]["rabbit_quorum_queue"]) == "Zed and Epoxy"


def test_an_old_name_leads_to_the_new_one() -> None:
    moved = options_of("nova").moved["DEFAULT"]["sql_connection"]
    assert (moved.section, moved.name) == ("database", "connection")
