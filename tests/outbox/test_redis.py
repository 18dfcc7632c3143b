"""Beyond one machine: Redis carries wake-ups to workers elsewhere, and limits hold across web processes."""

from __future__ import annotations

import subprocess
import sys
from threading import Event

import pytest
from aiosmtpd.controller import Controller

from core import jobs, mail
from core.i18n import ROOT
from core.instance import Instance
from core.mail import Mail
from core.plugin_api.text import T
from core.settings import load
from tests import servers


@pytest.fixture
def redis():
    with servers.redis() as url:
        yield url


class Letterbox:
    """An SMTP server's hand: tells when a letter came, and for whom."""

    def __init__(self) -> None:
        self.came, self.recipients = Event(), []

    async def handle_DATA(self, _server, _session, envelope):
        self.recipients += envelope.rcpt_tos
        self.came.set()
        return "250 taken"


@pytest.fixture
def letterbox():
    return Letterbox()


@pytest.fixture
def smtp(letterbox):
    server = Controller(letterbox, hostname="127.0.0.1", port=servers.free_port())
    server.start()
    yield f"smtp://127.0.0.1:{server.port}"
    server.stop()


def environment(instance, redis, **more):
    """The environment of a real process of this installation."""
    url = instance.database.engine.url.render_as_string(hide_password=False)
    return {
        "SAMVERK_INSTANCE": str(instance.settings.instance),
        "SAMVERK_DATABASE_URL": url,
        "SAMVERK_REDIS_URL": redis,
        **more,
    }


def test_a_worker_of_its_own_is_woken_over_redis(instance, committed, redis, smtp, letterbox):
    env = environment(instance, redis, SAMVERK_SMTP_URL=smtp)
    command = [sys.executable, "-c", "from wsgi import cli; cli()", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=env | {"PATH": "/usr/bin:/bin"}) as worker:
        try:
            web = Instance(load(env))
            jobs.carry(web)
            with web.database.write() as session:
                letter = Mail(kind="test", subject=T("Sign in"), paragraphs=(T("Saved."),))
                mail.send(session, letter, to="aino@example.com", name="Aino", locale="fi")
            jobs.wake()
            assert letterbox.came.wait(45), "the letter did not leave"
            assert letterbox.recipients == ["aino@example.com"]
            assert not (instance.settings.instance / "queue.db").exists(), "no second queue beside Redis"
        finally:
            worker.terminate()
            worker.wait(20)
            web.database.engine.dispose()


TRIES = """
from core.instance import Instance
from core.settings import load
from wsgi import make_app
app = make_app(Instance(load()))
app.config["WTF_CSRF_ENABLED"] = False
door = app.test_client()
wrong = {"email": "nobody@example.com", "password": "wrong"}
print(*(door.post("/sign-in", data=wrong).status_code for _ in range(40)))
"""


def test_two_web_processes_count_tries_together(instance, committed, redis):
    def process() -> list[str]:
        command = [sys.executable, "-c", TRIES]
        env = environment(instance, redis)
        return subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout.split()

    first, second = process(), process()
    assert first[0] == "200" and first[-1] == "429", first
    assert set(second) == {"429"}, "the second process knows what the first one counted"
