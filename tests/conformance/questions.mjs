// The tools and the prompt that need the client. Each returns `inputRequired(…)`: a modern client gets that as it is, and
// for a legacy one the SDK sends real `elicitation/create`, `sampling/createMessage` and `roots/list` requests.
import {
  CLIENT_CAPABILITIES_META_KEY,
  acceptedContent,
  createRequestStateCodec,
  inputRequired,
  inputResponse,
} from "@modelcontextprotocol/server";
import { z } from "zod";
import { elicitations } from "./elicitations.mjs";

// The same in every process: a retry may reach another one.
export const state = createRequestStateCodec({ key: "a key that only the conformance tests have" });

const text = (value) => ({ content: [{ type: "text", text: value }] });
const user = (content) => ({ role: "user", content });

const nameForm = (message) => ({
  message,
  requestedSchema: { type: "object", properties: { name: { type: "string" } }, required: ["name"] },
});
const okForm = (message) => ({
  message,
  requestedSchema: { type: "object", properties: { ok: { type: "boolean" } }, required: ["ok"] },
});
const question = (prompt, maxTokens = 100) =>
  inputRequired.createMessage({ messages: [user({ type: "text", text: prompt })], maxTokens });

/** Registers them. */
export function questions(server) {
  const tool = (name, description, handler) => server.registerTool(name, { description }, handler);
  const toolWith = (name, description, argument, handler) =>
    server.registerTool(name, { description, inputSchema: z.object({ [argument]: z.string() }) }, handler);

  // Asks all that `requests` has and was not answered yet; then `done` makes the result.
  const ask = (ctx, requests, done) => {
    const views = {};
    const missing = {};
    for (const [key, request] of Object.entries(requests)) {
      views[key] = inputResponse(ctx.mcpReq.inputResponses, key);
      if (views[key].kind === "missing") missing[key] = request;
    }
    return Object.keys(missing).length > 0 ? inputRequired({ inputRequests: missing }) : done(views);
  };
  const sampled = (view) => [view.result.content].flat().map((part) => part.text).join("");
  const form = (view) => `action=${view.action}, content=${JSON.stringify(view.content ?? {})}`;

  toolWith("test_sampling", "Asks the client's model", "prompt", ({ prompt }, ctx) =>
    ask(ctx, { answer: question(prompt) }, ({ answer }) => text(`LLM response: ${sampled(answer)}`)));
  toolWith("test_elicitation", "Asks the user", "message", ({ message }, ctx) =>
    ask(ctx, { answer: inputRequired.elicit(elicitations.user(message)) }, ({ answer }) =>
      text(`User response: ${form(answer)}`)));
  for (const [name, params] of [
    ["test_elicitation_sep1034_defaults", elicitations.defaults],
    ["test_elicitation_sep1330_enums", elicitations.enums],
  ])
    tool(name, "Asks the user with a long form", (ctx) =>
      ask(ctx, { answer: inputRequired.elicit(params) }, ({ answer }) => text(`Elicitation completed: ${form(answer)}`)));

  tool("test_missing_capability", "Cannot run without sampling", (ctx) =>
    ask(ctx, { answer: question("Are you there?") }, ({ answer }) => text(sampled(answer))));
  tool("test_streaming_elicitation", "Asks the user in the middle of a call", (ctx) =>
    ask(ctx, { answer: inputRequired.elicit(okForm("Go on?")) }, ({ answer }) => text(form(answer))));

  tool("test_input_required_result_elicitation", "Asks the user's name", (ctx) =>
    ask(ctx, { user_name: inputRequired.elicit(nameForm("What is your name?")) }, ({ user_name }) =>
      text(`Hello, ${user_name.content?.name ?? "stranger"}!`)));
  tool("test_input_required_result_sampling", "Asks the client's model for a capital", (ctx) =>
    ask(ctx, { capital_question: question("What is the capital of France?") }, ({ capital_question }) =>
      text(sampled(capital_question))));
  tool("test_input_required_result_list_roots", "Asks for the client's roots", (ctx) =>
    ask(ctx, { client_roots: inputRequired.listRoots() }, ({ client_roots }) =>
      text(client_roots.roots.map((root) => root.uri).join("\n"))));
  tool("test_input_required_result_capabilities", "Asks for all that the client can do", (ctx) => {
    const can = ctx.mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? server.server.getClientCapabilities() ?? {};
    return ask(
      ctx,
      {
        ...(can.sampling && { sampling: question("Are you there?") }),
        ...(can.elicitation && { elicitation: inputRequired.elicit(okForm("Are you there?")) }),
        ...(can.roots && { roots: inputRequired.listRoots() }),
      },
      (views) => text(`Asked for: ${Object.keys(views).join(", ") || "nothing"}`),
    );
  });
  rounds(tool);
  promptWithQuestion(server);
}

/** Tools whose questions come with a state that the client gives back. */
function rounds(tool) {
  for (const name of ["test_input_required_result_request_state", "test_input_required_result_tampered_state"])
    tool(name, "Asks for a confirmation and expects its own state with it", async (ctx) => {
      const known = ctx.mcpReq.requestState();
      const confirmed = acceptedContent(ctx.mcpReq.inputResponses, "confirm");
      if (known?.asked === name && confirmed !== undefined) return text(`state-ok: ${confirmed.ok}`);
      return inputRequired({
        inputRequests: { confirm: inputRequired.elicit(okForm("Please confirm")) },
        requestState: await state.mint({ asked: name }),
      });
    });

  tool("test_input_required_result_multiple_inputs", "Asks for three things at once", async (ctx) => {
    const { inputResponses } = ctx.mcpReq;
    const name = acceptedContent(inputResponses, "user_name");
    const greeting = inputResponse(inputResponses, "greeting");
    const roots = inputResponse(inputResponses, "client_roots");
    if (name !== undefined && greeting.kind === "sampling" && roots.kind === "roots")
      return text(`${name.name}: ${JSON.stringify(greeting.result.content)} in ${roots.roots.length} roots`);
    return inputRequired({
      inputRequests: {
        user_name: inputRequired.elicit(nameForm("What is your name?")),
        greeting: question("Generate a greeting", 50),
        client_roots: inputRequired.listRoots(),
      },
      requestState: await state.mint({ asked: "all" }),
    });
  });

  tool("test_input_required_result_multi_round", "Asks for a name, then for a color", async (ctx) => {
    const known = ctx.mcpReq.requestState();
    const first = acceptedContent(ctx.mcpReq.inputResponses, "step1");
    const second = acceptedContent(ctx.mcpReq.inputResponses, "step2");
    const name = known?.name ?? (known?.round === 1 ? first?.name : undefined);
    if (name !== undefined && second !== undefined) return text(`${name} likes ${second.color}`);
    if (name !== undefined)
      return inputRequired({
        inputRequests: {
          step2: inputRequired.elicit({
            message: "Step 2: What is your favorite color?",
            requestedSchema: { type: "object", properties: { color: { type: "string" } }, required: ["color"] },
          }),
        },
        requestState: await state.mint({ round: 2, name }),
      });
    return inputRequired({
      inputRequests: { step1: inputRequired.elicit(nameForm("Step 1: What is your name?")) },
      requestState: await state.mint({ round: 1 }),
    });
  });
}

/** A prompt that asks for its context first. */
function promptWithQuestion(server) {
  server.registerPrompt("test_input_required_result_prompt", { description: "Asks for its context first" }, (ctx) => {
    const given = acceptedContent(ctx.mcpReq.inputResponses, "user_context");
    if (given !== undefined) return { messages: [user({ type: "text", text: `With context: ${given.context}` })] };
    return inputRequired({
      inputRequests: {
        user_context: inputRequired.elicit({
          message: "What context should the prompt use?",
          requestedSchema: { type: "object", properties: { context: { type: "string" } }, required: ["context"] },
        }),
      },
    });
  });
}
