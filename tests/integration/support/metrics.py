"""What a server says of itself on the operators' listener, read as Prometheus reads it."""

from prometheus_client import parser

from support import raw_http, wait

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SOON_SECONDS = 10


class Scrape:
    def __init__(self, text):
        self.families = {}
        self.samples = []
        for family in parser.text_string_to_metric_families(text):
            # The parser takes the ending off counters, which is part of the name for everybody else.
            name = family.name + ("_total" if family.type == "counter" else "")
            assert name not in self.families, f"{name} came twice"
            self.families[name] = family
            self.samples += family.samples

    def values(self, name, **labels):
        """Of every series of that name with these labels."""
        return [
            sample.value
            for sample in self.samples
            if sample.name == name and all(sample.labels.get(key) == value for key, value in labels.items())
        ]

    def total(self, name, **labels):
        return sum(self.values(name, **labels))

    def series(self):
        """Every series that there is, without its value."""
        return {(sample.name, *sorted(sample.labels.items())) for sample in self.samples}


def answer(api):
    found = raw_http.request(api.admin_port, "GET", "/metrics")
    assert found is not None, "the connection was closed without an answer"
    return found


def scrape(api):
    found = answer(api)
    assert found.status == 200, found
    assert found.header("content-type") == CONTENT_TYPE
    return Scrape(found.body.decode())


def wait_in_hand(api, count):
    """The server serves so many requests of clients."""
    wait_value(api, lambda value: value == count, "veil_http_requests_in_hand", listener="api")


def wait_value(api, matches, name, seconds=SOON_SECONDS, **labels):
    """The one series of this name and labels fulfils `matches` soon."""

    def fulfilled():
        (value,) = scrape(api).values(name, **labels)
        return matches(value)

    wait.until(fulfilled, seconds, f"{name} {labels}")
