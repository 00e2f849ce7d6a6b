// Shows what a tool gave back, for reading.
import { h } from "./dom.js";
import { pretty } from "./format.js";
import { copyBlock } from "./parts.js";

const PICTURES = /^image\/(png|jpeg|gif|webp|bmp|avif)$/;

/** The result of a call. */
export function resultView(result) {
  if (!result || typeof result !== "object" || !Array.isArray(result.content)) return copyBlock(pretty(result ?? null));
  const parts = result.content.map(part);
  // Structured content repeats the text most of the time; it is shown where it says something else.
  const texts = new Set(result.content.map((one) => compact(one.text)));
  const structured = result.structuredContent !== undefined && !texts.has(JSON.stringify(result.structuredContent)) ? [h("h3", null, "Structured"), copyBlock(pretty(result.structuredContent))] : null;
  return h("div", { class: "stack" }, parts.length > 0 ? parts : h("p", { class: "muted" }, "It has succeeded and says nothing."), structured);
}

function compact(text) {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

function part(content) {
  switch (content?.type) {
    case "text":
      return copyBlock(pretty(content.text));
    case "image":
      return PICTURES.test(content.mimeType) ? h("img", { class: "picture", alt: "Picture that the tool gave", src: `data:${content.mimeType};base64,${content.data}` }) : binary("A picture", content);
    case "audio":
      return binary("A sound", content);
    case "resource":
      return h("div", { class: "stack-small" }, h("p", { class: "mono small" }, content.resource?.uri), content.resource?.text !== undefined ? copyBlock(pretty(content.resource.text)) : binary("A resource", { data: content.resource?.blob ?? "", mimeType: content.resource?.mimeType }));
    case "resource_link":
      return h("p", null, "Resource: ", h("span", { class: "mono" }, content.uri), content.description ? ` (${content.description})` : "");
    default:
      return copyBlock(pretty(content));
  }
}

function binary(what, { data = "", mimeType = "unknown kind" }) {
  return h("p", { class: "muted" }, `${what} (${mimeType}, about ${Math.round((data.length * 3) / 4 / 1024)} KiB), which this page does not play.`);
}
