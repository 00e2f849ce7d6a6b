"""What the grid tries with its own servers (tests/grid), for both majors of the Python client.

The names are those of the grid. `--revision` is what this client has to speak, `--behind` what the server does; a line
`await WHAT` asks the grid for something that only the server's record knows, and the answer is a line on stdin.
"""

import sys

import anyio

SAMPLE, ROOTS, FORM = "sampling/createMessage", "roots/list", "elicitation/create"
URI = "grid://items/0"
UPDATED = "notifications/resources/updated"
CHANGED = [f"notifications/{kind}/list_changed" for kind in ("tools", "prompts", "resources")]


def of(model, name):
    """A field by its name in the 2.x line, where the 1.x line has it in camel case."""
    head, *rest = name.split("_")
    return getattr(model, name) if hasattr(model, name) else getattr(model, head + "".join(map(str.capitalize, rest)))


class Grid:
    def __init__(self, options, peer):
        self.options, self.peer, self.client, self.prefix = options, peer, peer.client, ""

    def checks(self):
        """Those that were asked for, by their names in the grid."""
        names = self.options.behaviours.split(";")
        own = {"call": self.call_a_tool}

        def in_turn(check):
            async def run():
                await self.recorded("its turn")
                await check()

            return run

        as_method = lambda name: name.replace(" ", "_").replace(",", "").replace("'", "")
        return [(name, in_turn(own.get(name) or getattr(self, as_method(name)))) for name in names]

    def both_know(self, since):
        return self.options.revision >= since and self.options.behind >= since

    async def call(self, name, args=None, **options):
        return await self.peer.call(self.prefix + name, args or {}, **options)

    async def text(self, name, args=None, **options):
        result = await self.call(name, args, **options)
        assert not self.peer.is_error(result), result
        return result.content[0].text

    async def all(self, method, key):
        found, cursor = [], None
        while True:
            page = await self.peer.page(method, cursor)
            found += of(page, key)
            cursor = of(page, "next_cursor")
            if cursor is None:
                return found

    async def tools(self):
        return [tool.name for tool in await self.all("list_tools", "tools")]

    async def code(self, call, expected):
        try:
            value = await call
        except self.peer.Error as error:
            assert error.error.code == expected, error.error
        else:
            raise AssertionError(value)

    async def asks(self, tool, methods, parts):
        self.peer.asked.clear()
        said = await self.text(tool)
        assert sorted(method for method, _ in self.peer.asked) == sorted(methods), self.peer.asked
        for part in parts:
            assert part in said, said

    async def refused(self, tool):
        """Nobody is asked, and the call has an end that says so."""
        self.peer.asked.clear()
        try:
            result = await self.call(tool)
        except self.peer.Error:
            pass
        else:
            assert self.peer.is_error(result), result
        assert not self.peer.asked, self.peer.asked

    async def until(self, holds):
        while not holds():
            await anyio.sleep(0.005)

    async def recorded(self, what):
        """The grid looks into the server's record."""
        print(f"await {what}", flush=True)
        answer = await anyio.to_thread.run_sync(sys.stdin.readline)
        assert answer.strip() == "", answer

    async def handshake(self):
        assert self.peer.revision() == self.options.revision, self.peer.revision()
        has = self.peer.capabilities()
        assert has.tools and has.prompts and has.resources and has.logging is not None, has
        self.prefix = next(name for name in await self.tools() if name.endswith("sample_tools")).removesuffix("sample_tools")

    async def list(self):
        names = await self.tools()
        for name in ["echo", "structured", "polled"]:
            assert names.count(self.prefix + name) == 1, (name, names)
        templates = await self.all("list_resource_templates", "resource_templates")
        assert "grid://items/{at}" in [of(template, "uri_template") for template in templates], templates
        prompts = await self.all("list_prompts", "prompts")
        assert len([prompt for prompt in prompts if prompt.name.startswith(self.prefix + "prompt-")]) == 3, prompts

    async def paginate(self):
        uris = [str(resource.uri) for resource in await self.all("list_resources", "resources")]
        assert [uri for uri in uris if uri.startswith("grid:")] == [f"grid://items/{at}" for at in range(5)], uris
        await self.code(self.peer.page("list_resources", "nobody's"), -32602)

    async def read_a_resource(self):
        read = await self.client.read_resource(self.peer.uri("grid://items/1"))
        assert (str(read.contents[0].uri), read.contents[0].text) == ("grid://items/1", "an item"), read

    async def get_a_prompt(self):
        prompt = await self.client.get_prompt(self.prefix + "prompt-0", {"topic": "cats"})
        assert prompt.messages[0].content.text == "prompt-0 on cats", prompt

    async def complete(self):
        done = await self.peer.complete(self.prefix + "prompt-0", {"name": "topic", "value": "c"}, None)
        assert done.completion.values == ["ca", "cb"], done

    async def call_a_tool(self):
        assert await self.text("echo", {"text": "é \u2028 𝄞"}) == "é \u2028 𝄞"

    async def structured_output(self):
        result = await self.call("structured")
        assert '"sum":42' in result.content[0].text, result
        if self.both_know("2025-06-18"):
            # Python's integers have no bound.
            assert of(result, "structured_content") == {"sum": 42, "exact": 9_007_199_254_740_993}, result

    async def a_tools_error(self):
        result = await self.call("fail")
        assert self.peer.is_error(result) and result.content[0].text == "it does not work", result

    async def unknown_tool(self):
        await self.code(self.call("no_such_tool"), -32602)

    async def unknown_resource(self):
        code = -32602 if self.peer.is_modern() else -32002
        await self.code(self.client.read_resource(self.peer.uri("grid://items/none")), code)

    async def big_payload(self):
        # Over HTTP+SSE, the 2.x line takes no event of more than 1 MiB.
        text = "0123456789abcdef" * (1 << 14)
        assert len(await self.text("big", {"text": text})) == len(text) * 2

    async def ping(self):
        if self.peer.is_modern():
            await self.code(self.client.send_ping(), -32601)
        else:
            await self.client.send_ping()

    async def progress(self):
        seen = []

        async def progress(done, total, _message):
            seen.append((done, total))

        await self.text("progress", {"pause": 60}, progress_callback=progress)
        # A client may drop what arrives in one read with the answer.
        assert seen and seen == [(1, 3), (2, 3), (3, 3)][: len(seen)], seen

    async def log(self):
        for level, expected in [("warning", ["large"]), ("debug", ["small", "large"])]:
            meta = {"io.modelcontextprotocol/logLevel": level} if self.peer.is_modern() else None
            if not self.peer.is_modern():
                await self.client.set_logging_level(level)
            self.peer.logs.seen.clear()
            await self.text("log", meta=meta)
            await self.until(lambda: len(self.peer.logs.seen) >= len(expected))
            assert [log.data for log in self.peer.logs.seen] == expected, self.peer.logs.seen

    async def subscribe(self):
        uri = self.peer.uri(URI)
        if self.peer.is_modern():
            async with self.client.listen(resource_subscriptions=[uri]) as changes:
                await self.text("touch")
                async for change in changes:
                    assert change.uri == URI, change
                    return
        self.peer.notes.clear()
        await self.client.subscribe_resource(uri)
        await self.text("touch")
        await self.until(lambda: UPDATED in self.peer.notes)
        assert URI in self.peer.updates.seen, self.peer.updates.seen
        await self.client.unsubscribe_resource(uri)

    async def list_changed(self):
        if not self.peer.is_modern():
            for more in [True, False]:
                self.peer.notes.clear()
                await self.text("change")
                await self.until(lambda: all(method in self.peer.notes for method in CHANGED))
                assert (self.prefix + "more" in await self.tools()) == more
            return
        kinds = {"tools_list_changed": True, "prompts_list_changed": True, "resources_list_changed": True}
        async with self.client.listen(**kinds) as changes:
            for more in [True, False]:
                await self.text("change")
                seen = set()
                async for change in changes:
                    seen.add(type(change).__name__)
                    if len(seen) == 3:
                        break
                assert (self.prefix + "more" in await self.tools()) == more

    async def sampling(self):
        await self.asks("sample", [SAMPLE], ["sampled <Hello?>"])

    async def sampling_with_tools(self):
        if not self.both_know("2025-11-25"):
            return await self.refused("sample_tools")
        await self.asks("sample_tools", [SAMPLE], ["sampled <"])
        assert self.peer.asked[0][1].tools[0].name == "clock"

    async def elicitation_form(self):
        if not self.both_know("2025-06-18"):
            return await self.refused("form")
        await self.asks("form", [FORM], ["Ada Lovelace"])

    async def elicitation_URL(self):
        if not self.both_know("2025-11-25"):
            return await self.refused("url")
        await self.asks("url", [FORM], ["accept"])
        assert str(self.peer.asked[0][1].url) == "https://example.com/in"

    async def roots(self):
        await self.asks("roots", [ROOTS], ["peer-root"])

    async def rounds_of_input(self):
        await self.asks("rounds", [SAMPLE, ROOTS], ["sampled <One?>", "peer-root"])

    async def two_inputs_at_once(self):
        await self.asks("both", [SAMPLE, ROOTS], ["sampled <A?>", "peer-root"])

    async def roots_changed(self):
        await self.client.send_roots_list_changed()
        await self.recorded("roots changed")

    async def cancel(self):
        request_id = self.peer.next_id()
        async with anyio.create_task_group() as group:
            scope = anyio.CancelScope()

            async def hang():
                with scope:
                    await self.call("hang")

            group.start_soon(hang)
            await self.recorded("hangs")
            await self.peer.give_up(scope, request_id)
        assert scope.cancelled_caught, "the call ended before it was cancelled"
        await self.recorded("cancelled")
        assert await self.text("echo", {"text": "still here"}) == "still here"
