// Asks the admin's HTTP interface: CSRF token, JSON, errors as exceptions, and what to do when the login has ended.

const BASE = "/api/v1";
let csrf = "";
let signedOut = () => {};

const sentence = (text) => (text ? text[0].toUpperCase() + text.slice(1) : undefined);

/** What an answer other than 2xx said. `status` is 0 where nothing answered. */
export class ApiError extends Error {
  constructor(status, body) {
    super(sentence(body?.error) ?? (status === 0 ? "The hub does not answer. Is it running?" : `The hub answered with ${status}.`));
    this.name = "ApiError";
    this.status = status;
    this.body = body ?? {};
    this.details = this.body.details ?? [];
  }
}

/** The token that every write has to carry; the login and the session give it. */
export function setCsrf(token) {
  csrf = token;
}

/** Whom to tell when an answer says that nobody is logged in. */
export function onSignedOut(listener) {
  signedOut = listener;
}

/** A path of the interface, each part of it encoded: `path("servers", name)`. */
export function path(...parts) {
  return parts.map((part) => `/${encodeURIComponent(part)}`).join("");
}

async function send(method, where, body, { etag, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (etag) headers["If-Match"] = etag;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(BASE + where, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0);
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text === "" ? null : JSON.parse(text);
  } catch {
    value = { error: `The hub answered with ${answer.status}, and not with JSON.` };
  }
  if (answer.ok) return value;
  if (answer.status === 401 && where !== "/login" && where !== "/session") signedOut();
  throw new ApiError(answer.status, value);
}

export const get = (where, options) => send("GET", where, undefined, options);
export const post = (where, body, options) => send("POST", where, body, options);
export const put = (where, body, options) => send("PUT", where, body, options);
export const del = (where, options) => send("DELETE", where, undefined, options);

/** The address of a stream of events. */
export const stream = (where) => BASE + where;
