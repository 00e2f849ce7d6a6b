"""The official Python client of the 2.x line; see behaviours.py. `--era auto` asks for the modern era first."""

from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import mcp_types as types
from mcp import MCPError
from mcp.client import Client
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client

from behaviours import Inbox, main


class Peer:
    Error = MCPError
    uri = str

    def __init__(self, options, transport):
        self.logs, self.updates, self.roots = Inbox(), Inbox(), Inbox()
        self.asked, self.notes = [], []
        self.root = Path(options.root).as_uri()
        self.client = Client(
            transport,
            mode=options.era,
            sampling_callback=self.on_sampling,
            elicitation_callback=self.on_elicitation,
            list_roots_callback=self.on_roots,
            logging_callback=self.on_log,
            message_handler=self.on_message,
            sampling_capabilities=types.SamplingCapability(tools=types.SamplingToolsCapability()),
        )

    async def initialize(self):
        # Connecting did the handshake.
        assert self.client.server_info.name and self.client.server_capabilities.tools

    async def call(self, name, args, **options):
        return await self.client.call_tool(name, args, **options)

    async def tools(self):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def templates(self):
        return [t.uri_template for t in (await self.client.list_resource_templates()).resource_templates]

    async def complete(self, prompt, argument, context):
        return await self.client.complete(types.PromptReference(name=prompt), argument, context)

    async def page(self, method, cursor):
        return await getattr(self.client, method)(cursor=cursor)

    def revision(self):
        return self.client.protocol_version

    def capabilities(self):
        return self.client.server_capabilities

    def next_id(self):
        """It needs none to give a call up."""

    async def give_up(self, scope, _id):
        scope.cancel()

    def is_modern(self):
        return self.client.protocol_version >= "2026"

    def is_error(self, result):
        return result.is_error

    async def cancelled(self, call):
        """Leaving the scope of a call is this client's way to cancel it."""
        with anyio.CancelScope() as scope:

            async def progress(_done, _total, _message):
                scope.cancel()

            await call(progress)
        assert scope.cancelled_caught, "the call ended before it was cancelled"

    async def on_sampling(self, _context, params):
        self.asked.append(("sampling/createMessage", params))
        content = types.TextContent(text=f"sampled <{params.messages[0].content.text}>")
        return types.CreateMessageResult(role="assistant", model="peer-model", content=content)

    async def on_elicitation(self, _context, params):
        self.asked.append(("elicitation/create", params))
        if params.mode == "url":
            return types.ElicitResult(action="accept")
        return types.ElicitResult(action="accept", content={"name": "Ada Lovelace"})

    async def on_roots(self, _context):
        self.asked.append(("roots/list", None))
        self.roots.push(self.root)
        return types.ListRootsResult(roots=[types.Root(uri=self.root, name="peer-root")])

    async def on_log(self, params):
        self.logs.push(params)

    async def on_message(self, message):
        if method := getattr(message, "method", None):
            self.notes.append(method)
        if isinstance(message, types.ResourceUpdatedNotification):
            self.updates.push(str(message.params.uri))


@asynccontextmanager
async def connect(options):
    transport = {
        "http": lambda: streamable_http_client(options.url),
        "sse": lambda: sse_client(options.url),
        "stdio": lambda: stdio_client(StdioServerParameters(command=options.command[0], args=options.command[1:])),
    }
    peer = Peer(options, transport[options.transport]())
    async with peer.client:
        yield peer


if __name__ == "__main__":
    main(connect)
