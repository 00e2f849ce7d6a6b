// The login. Nothing of the hub is shown before it.
import { post, setCsrf } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";

/** Shows the login and waits until somebody is logged in. */
export function login(app, message) {
  return new Promise((resolve) => {
    const error = h("p", { class: "field-error", role: "alert" });
    const name = h("input", { id: "username", name: "username", autocomplete: "username", required: true, value: "admin", autocapitalize: "none", spellcheck: "false" });
    const password = h("input", { id: "password", name: "password", type: "password", autocomplete: "current-password", required: true });
    const button = h("button", { class: "primary", type: "submit" }, "Log in");
    const submit = async (event) => {
      event.preventDefault();
      button.disabled = true;
      fill(error);
      try {
        const answer = await post("/login", { username: name.value, password: password.value });
        setCsrf(answer.csrfToken);
        resolve(answer);
      } catch (problem) {
        fill(error, icon("error"), problem.message);
        button.disabled = false;
        password.select();
        password.focus();
      }
    };
    fill(
      app,
      h("main", { class: "login" },
        h("form", { class: "card login-card", on: { submit } },
          h("img", { src: "/icon.svg", alt: "", width: "44", height: "44" }),
          h("h1", null, "MCP hub"),
          h("p", { class: "muted" }, "Log in to see and change what this hub offers."),
          message ? h("p", { class: "notice", role: "status" }, icon("info"), message) : null,
          h("label", { for: "username" }, "Name"), name,
          h("label", { for: "password" }, "Password"), password,
          error,
          button,
          h("details", { class: "small" },
            h("summary", null, "Where do I find the password?"),
            h("p", null, "It is what the variable ", h("code", null, "ADMIN_PASSWORD"), " said when the hub was started. Without that variable the hub made one at its first start and printed it once, on its standard error output."),
          ),
        ),
      ),
    );
    password.focus();
  });
}
