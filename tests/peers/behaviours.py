"""One whole session with a server, behaviour by behaviour, for both majors of the Python client.

    python py1.py --transport http|sse --url URL --server everything|filesystem|time|echo|survivor|grid [--session shared] [--root DIR]
    python py1.py --transport stdio --server … -- COMMAND ARGS…      the same without anything in between

With `survivor`, the server's process is ended when the driver prints `ready`; a line on stdin says when it is done.

Prints `ok NAME` or `fail NAME: why` per behaviour; the exit code is the number of failures. `--session shared` says
that other clients use the same server process, so the server cannot know this client's roots.
"""

import argparse
import os
import sys
import tempfile
import traceback
from pathlib import Path

import anyio

from grid import Grid

# For one behaviour: a hang is a failure with a name. The grid runs several sessions at once, and waits longer.
LIMIT_S, GRID_LIMIT_S = 20, 60


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--url")
    parser.add_argument("--transport", choices=["http", "sse", "stdio"], default="http")
    parser.add_argument("--server", choices=["everything", "filesystem", "time", "echo", "survivor", "grid"], default="everything")
    parser.add_argument("--session", choices=["dedicated", "shared"], default="dedicated")
    parser.add_argument("--root")
    parser.add_argument("--era", choices=["legacy", "auto"], default="legacy")
    # What stands before the names of the server's tools and prompts, where it is one of many.
    parser.add_argument("--prefix", default="")
    # Of the grid alone.
    for name in ["revision", "behind", "behaviours"]:
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()
    options.root = options.root or tempfile.mkdtemp(prefix="mcp-peer-")
    return options


class Inbox:
    """Collects what a handler got, so that a check can wait for it."""

    def __init__(self):
        self.seen = []
        self._news = anyio.Event()

    def push(self, item):
        self.seen.append(item)
        self._news.set()
        self._news = anyio.Event()

    async def first(self, matches=lambda _: True):
        while True:
            for item in self.seen:
                if matches(item):
                    return item
            await self._news.wait()


class Session:
    """The behaviours. `peer` hides what the two majors write differently, see py1.py and py2.py."""

    def __init__(self, options, peer):
        self.options, self.peer, self.failures = options, peer, 0

    async def behaviour(self, name, check):
        limit = GRID_LIMIT_S if self.options.server == "grid" else LIMIT_S
        try:
            with anyio.fail_after(limit):
                await check()
            print(f"ok {name}", flush=True)
        except Exception as error:
            self.failures += 1
            line = traceback.extract_tb(error.__traceback__)[-1].line
            why = f"no result within {limit} s" if isinstance(error, TimeoutError) else f"{error!r} at `{line}`"
            print(f"fail {name}: {why}"[:2000].replace("\n", " | "), flush=True)

    async def text(self, name, args, **options):
        return (await self.call(name, args, **options)).content[0].text

    def named(self, name):
        return self.options.prefix + name

    async def call(self, name, args, **options):
        return await self.peer.call(self.named(name), args, **options)

    async def tools(self):
        """The server's own names of its tools."""
        prefix = self.options.prefix
        return [name.removeprefix(prefix) for name in await self.peer.tools() if name.startswith(prefix)]

    async def run(self):
        await self.behaviour("initialize", self.peer.initialize)
        if self.failures == 0 and self.options.server == "grid":
            for name, check in Grid(self.options, self.peer).checks():
                await self.behaviour(name, check)
        elif self.failures == 0:
            prefix = self.options.server + "_"
            for name in vars(Session):
                if name.startswith(prefix):
                    await self.behaviour(name.removeprefix(prefix), getattr(self, name))
        return self.failures

    # everything

    async def everything_list(self):
        tools = await self.tools()
        for name in ["echo", "get-sum", "trigger-sampling-request", "trigger-elicitation-request", "get-roots-list"]:
            assert name in tools, f"{name} is missing among {tools}"

    async def everything_call(self):
        assert await self.text("get-sum", {"a": 2, "b": 40}) == "The sum of 2 and 40 is 42."
        long = "grüße 🦀 \u2028" * 20_000
        assert await self.text("echo", {"message": long}) == f"Echo: {long}", "a long text came back changed"
        image = await self.call("get-tiny-image", {})
        assert any(part.type == "image" and len(part.data) > 1000 for part in image.content)

    async def everything_errors(self):
        # A tool that does not exist: an error result or an error answer, by the server's SDK, and the session lives on.
        await self.refused(lambda: self.call("no-such-tool", {}))
        await self.refused(lambda: self.peer.client.get_prompt(self.named("no-such-prompt")))

    async def refused(self, call):
        try:
            result = await call()
        except self.peer.Error:
            return
        assert self.peer.is_error(result), f"expected an error, got {result}"

    async def everything_concurrency(self):
        async def one(i):
            assert await self.text("echo", {"message": f"call {i}"}) == f"Echo: call {i}"

        async with anyio.create_task_group() as group:
            for i in range(20):
                group.start_soon(one, i)

    async def everything_progress(self):
        seen = []

        async def progress(done, total, _message):
            seen.append((done, total))

        args = {"duration": 0.6, "steps": 3}
        answer = await self.text("trigger-long-running-operation", args, progress_callback=progress)
        assert "completed" in answer
        # The server sends the third together with the answer; a client may drop it when both arrive in one read.
        assert seen[:2] == [(1, 3), (2, 3)], seen

    async def everything_cancellation(self):
        args = {"duration": 2, "steps": 8}
        await self.peer.cancelled(lambda progress: self.call("trigger-long-running-operation", args, progress_callback=progress))
        assert await self.text("echo", {"message": "still here"}) == "Echo: still here"

    async def everything_logging(self):
        # In the modern era each request says what it wants to hear.
        if self.peer.is_modern():
            return
        await self.peer.client.set_logging_level("debug")
        # What this server logs belongs to no call, so in a shared process it is nobody's.
        if self.options.session == "shared":
            return
        await self.text("toggle-simulated-logging", {})
        log = await self.peer.logs.first(lambda params: "level" in str(params.data) and "message" in str(params.data))
        assert log.level
        await self.text("toggle-simulated-logging", {})

    async def everything_resources(self):
        uri = (await self.peer.client.list_resources()).resources[0].uri
        read = await self.peer.client.read_resource(uri)
        assert str(read.contents[0].uri) == str(uri)
        assert any(t.startswith("demo://resource/dynamic/text/") for t in await self.peer.templates())

    async def everything_subscription(self):
        uri = self.peer.uri("demo://resource/dynamic/text/1")
        if self.peer.is_modern():
            # A cancelled call may still ask for half a second, and until then modern calls may run on another instance
            # of the server, which does not know what was switched on here.
            await anyio.sleep(1)
            async with self.peer.client.listen(resource_subscriptions=[uri]) as changes:
                await self.call("toggle-subscriber-updates", {})
                async for change in changes:
                    if getattr(change, "uri", None) == uri:
                        break
                await self.call("toggle-subscriber-updates", {})
            return
        await self.peer.client.subscribe_resource(uri)
        await self.text("toggle-subscriber-updates", {})
        await self.peer.updates.first(lambda updated: updated == str(uri))
        await self.text("toggle-subscriber-updates", {})
        await self.peer.client.unsubscribe_resource(uri)

    async def everything_prompts(self):
        prompts = (await self.peer.client.list_prompts()).prompts
        assert self.named("args-prompt") in [prompt.name for prompt in prompts]
        prompt = await self.peer.client.get_prompt(self.named("args-prompt"), {"city": "Ulm"})
        assert prompt.messages[0].content.text == "What's weather in Ulm?"

    async def everything_completion(self):
        done = await self.peer.complete(self.named("completable-prompt"), {"name": "name", "value": "A"}, {"department": "Engineering"})
        assert done.completion.values == ["Alice"], done

    async def everything_sampling(self):
        answer = await self.text("trigger-sampling-request", {"prompt": "who?"})
        assert "sampled <" in answer and "who?>" in answer, answer

    async def everything_elicitation(self):
        answer = await self.call("trigger-elicitation-request", {})
        assert any("Ada Lovelace" in part.text for part in answer.content), answer

    async def everything_roots(self):
        if self.options.session == "shared":
            # It asks a moment after its start: during a call of ours it gets our roots, else none.
            answer = await self.text("get-roots-list", {})
            assert "no roots are currently configured" in answer or "peer-root" in answer, answer
            return
        await self.peer.roots.first()
        answer = await self.text("get-roots-list", {})
        assert "peer-root" in answer and Path(self.options.root).as_uri() in answer, answer

    # filesystem

    async def filesystem_list(self):
        tools = await self.tools()
        assert "write_file" in tools and "read_text_file" in tools, tools

    async def filesystem_roots(self):
        # The server takes the client's roots as its directories; in a shared process it keeps those it was started with.
        if self.options.session != "shared":
            await self.peer.roots.first()
        assert self.options.root in await self.text("list_allowed_directories", {})

    async def filesystem_call(self):
        path = Path(self.options.root) / f"peer-{os.getpid()}.txt"
        await self.text("write_file", {"path": str(path), "content": "one\ntwo\n"})
        assert "one\ntwo" in await self.text("read_text_file", {"path": str(path)})
        assert path.name in await self.text("list_directory", {"path": self.options.root})

    async def filesystem_errors(self):
        await self.refused(lambda: self.call("read_text_file", {"path": "/etc/hostname"}))

    # time

    async def time_list(self):
        assert sorted(await self.tools()) == ["convert_time", "get_current_time"]

    async def time_call(self):
        assert '"timezone": "Europe/Berlin"' in await self.text("get_current_time", {"timezone": "Europe/Berlin"})
        args = {"source_timezone": "UTC", "time": "12:00", "target_timezone": "Asia/Tokyo"}
        assert "T21:00:00+09:00" in await self.text("convert_time", args)

    async def time_errors(self):
        await self.refused(lambda: self.call("get_current_time", {"timezone": "Mars/Olympus"}))

    # echo

    async def echo_list(self):
        tools = await self.tools()
        assert "echo" in tools, tools

    async def echo_call(self):
        assert await self.text("echo", {"text": "hello"}) == "hello"

    # survivor

    async def survivor_before(self):
        assert await self.text("echo", {"text": "before"}) == "before"

    async def survivor_meanwhile(self):
        print("ready", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline)

    async def survivor_after(self):
        assert await self.text("echo", {"text": "after"}) == "after"
        assert await self.tools()

    async def survivor_end(self):
        await self.survivor_meanwhile()


def main(connect):
    """`connect(options)` is an async context manager that gives the peer."""
    options = arguments()
    failures, at = 0, "connect"

    async def whole():
        nonlocal failures, at
        async with connect(options) as peer:
            failures = await Session(options, peer).run()
            at = "close"

    try:
        anyio.run(whole)
        print("ok close", flush=True)
    except BaseException as error:
        failures += 1
        print(f"fail {at}: {error!r}"[:2000].replace("\n", " | "), flush=True)
    sys.exit(failures)
