// Starts the pages: who is logged in, the shell around every page, and the page of the current path.
import { ApiError, get, onSignedOut, post, setCsrf } from "./lib/api.js";
import { fill, h } from "./lib/dom.js";
import { match, start } from "./lib/router.js";
import { drawShell, mark } from "./lib/shell.js";
import { follow, unfollow } from "./lib/status.js";
import { fail } from "./lib/toast.js";
import { login } from "./pages/login.js";

const app = document.getElementById("app");
let session = null;
let page = null;
let main = null;
let moved = false;

async function signIn(message) {
  page?.abort();
  page = null;
  main = null;
  session = null;
  remember(false);
  unfollow();
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  document.title = "Log in · MCP hub";
  const answer = await login(app, message);
  await enter(answer);
}

async function signOut() {
  try {
    await post("/logout");
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401)) return fail(error);
  }
  return signIn("You have signed out.");
}

/** What the first thing on the screen will be, the next time. */
function remember(loggedIn) {
  try {
    if (loggedIn) localStorage.setItem("loggedIn", "1");
    else localStorage.removeItem("loggedIn");
  } catch {
    // A browser that keeps nothing shows the login first.
  }
}

async function enter() {
  // The page is fetched while the hub is asked who this is.
  match(location.pathname)?.load().catch(() => {});
  session = await get("/session");
  remember(true);
  setCsrf(session.csrfToken);
  follow();
  main = drawShell(app, session, signOut);
  await render();
}

async function render() {
  if (!session) return;
  page?.abort();
  page = new AbortController();
  const { signal } = page;
  const found = match(location.pathname);
  mark(found?.place);
  window.scrollTo(0, 0);
  // A page that takes a moment leaves the old one standing instead of a flash of nothing.
  const view = h("div", { class: "page" });
  const show = async () => {
    if (!found) return missing(view);
    const module = await found.load();
    if (signal.aborted) return;
    await module.show(view, { params: found.params, query: new URLSearchParams(location.search), signal, session });
  };
  try {
    await show();
  } catch (error) {
    if (signal.aborted || error?.name === "AbortError") return;
    broken(view, error);
  }
  if (signal.aborted) return;
  fill(main, view);
  const heading = view.querySelector("h1");
  document.title = `${heading?.textContent ?? "MCP hub"} · MCP hub`;
  // After a move within the pages, a screen reader goes on at the new heading; at the first one it begins at the top.
  const isFirst = !moved;
  moved = true;
  if (heading && !isFirst && document.activeElement === document.body) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
}

function missing(view) {
  fill(view, h("h1", null, "There is no such page"), h("p", null, "The address may be mistyped. ", h("a", { href: "/" }, "Go to the overview"), "."));
}

function broken(view, error) {
  fill(
    view,
    h("h1", null, error.status === 404 ? "Not found" : "This page could not be shown"),
    h("p", null, error.message),
    h("div", { class: "row" }, h("button", { type: "button", on: { click: render } }, "Try again"), h("a", { class: "button", href: "/" }, "Overview")),
  );
}

onSignedOut(() => {
  if (session) signIn("Your login has ended. Log in again to go on where you were.");
});
start(render);
try {
  await enter();
} catch (error) {
  await signIn(error.status === 401 ? null : error.message).catch(fail);
}
