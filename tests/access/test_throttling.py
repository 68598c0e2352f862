"""What is counted against RATE_LIMIT, and what is not."""

from __future__ import annotations

from access.conftest import Serve

AMQP = "amqp://nowhere"  # which cannot count: the limits are then counted here
ORIGIN = "https://app.example"


def test_machines_that_watch_the_server_are_not_counted(serve: Serve) -> None:
    client = serve(rate_limit="2/minute", broker_url=AMQP).client
    for path in ("/healthz", "/readyz", "/diagnostic", "/metrics") * 2:
        assert client.get(path).status_code != 429
    assert [client.get("/hello").status_code for _ in range(3)] == [200, 200, 429]
    assert client.get("/healthz").status_code == 200


def test_preflights_are_not_counted_and_other_origins_may_read_what_is_left(serve: Serve) -> None:
    client = serve(rate_limit="2/minute", broker_url=AMQP, cors_origins=ORIGIN).client
    asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    for _ in range(5):
        assert client.options("/kv/x", headers=asking).status_code == 200
    answer = client.get("/hello", headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    exposed = answer.headers["Access-Control-Expose-Headers"]
    sent = {name for name in dict(answer.headers) if name.lower().startswith("x-ratelimit")}
    assert sent
    assert {name.lower() for name in sent} <= {name.strip().lower() for name in exposed.split(",")}


def test_probes_may_call_the_server_by_any_name_and_learn_nothing_by_that(serve: Serve) -> None:
    client = serve().client
    foreign = {"Host": "10.1.2.3:5000"}
    assert client.get("/hello", headers=foreign).status_code == 403
    assert client.get("/healthz", headers=foreign).get_json() == {"message": "ok"}
    told = client.get("/readyz", headers=foreign).get_json()
    assert "checks" not in told
    assert "checks" in client.get("/readyz").get_json()
