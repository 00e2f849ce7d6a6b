"""The official Python client of the 1.x line; see behaviours.py."""

from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from mcp import ClientSession, McpError, types
from mcp.client.sse import sse_client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamablehttp_client
from pydantic import AnyUrl

from behaviours import Inbox, main


class Peer:
    Error = McpError
    uri = AnyUrl

    def __init__(self, options, streams):
        self.logs, self.updates, self.roots = Inbox(), Inbox(), Inbox()
        self.asked, self.notes = [], []
        self.root = Path(options.root).as_uri()
        self.client = ClientSession(
            *streams,
            sampling_callback=self.on_sampling,
            elicitation_callback=self.on_elicitation,
            list_roots_callback=self.on_roots,
            logging_callback=self.on_log,
            message_handler=self.on_message,
            sampling_capabilities=types.SamplingCapability(tools=types.SamplingToolsCapability()),
        )

    async def initialize(self):
        self.answer = answer = await self.client.initialize()
        assert answer.serverInfo.name and answer.capabilities.tools

    async def call(self, name, args, **options):
        return await self.client.call_tool(name, args, **options)

    async def tools(self):
        return [tool.name for tool in (await self.client.list_tools()).tools]

    async def templates(self):
        return [t.uriTemplate for t in (await self.client.list_resource_templates()).resourceTemplates]

    async def complete(self, prompt, argument, context):
        ref = types.PromptReference(type="ref/prompt", name=prompt)
        return await self.client.complete(ref, argument, context)

    async def page(self, method, cursor):
        params = cursor and types.PaginatedRequestParams(cursor=cursor)
        return await getattr(self.client, method)(params=params)

    def revision(self):
        return self.answer.protocolVersion

    def capabilities(self):
        return self.answer.capabilities

    def next_id(self):
        """The id that the next request gets; there is no public way to it."""
        return self.client._request_id

    async def give_up(self, scope, request_id):
        """This client has no cancel of its own: an application sends the notification and leaves the call's scope."""
        params = types.CancelledNotificationParams(requestId=request_id, reason="enough")
        await self.client.send_notification(types.ClientNotification(types.CancelledNotification(params=params)))
        scope.cancel()

    def is_modern(self):
        return False

    def is_error(self, result):
        return result.isError

    async def cancelled(self, call):
        request_id = self.next_id()
        with anyio.CancelScope() as scope:

            async def progress(_done, _total, _message):
                await self.give_up(scope, request_id)

            await call(progress)
        assert scope.cancelled_caught, "the call ended before it was cancelled"

    async def on_sampling(self, _context, params):
        self.asked.append(("sampling/createMessage", params))
        content = types.TextContent(type="text", text=f"sampled <{params.messages[0].content.text}>")
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
        if isinstance(message, types.ServerNotification):
            self.notes.append(message.root.method)
        if isinstance(message, types.ServerNotification) and isinstance(message.root, types.ResourceUpdatedNotification):
            self.updates.push(str(message.root.params.uri))


@asynccontextmanager
async def connect(options):
    opened = {
        "http": lambda: streamablehttp_client(options.url),
        "sse": lambda: sse_client(options.url),
        "stdio": lambda: stdio_client(StdioServerParameters(command=options.command[0], args=options.command[1:])),
    }
    async with opened[options.transport]() as streams:
        peer = Peer(options, streams[:2])
        async with peer.client:
            yield peer


if __name__ == "__main__":
    main(connect)
