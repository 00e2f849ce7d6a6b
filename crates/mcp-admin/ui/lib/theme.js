// Light or dark, and with or without the frame, before the first paint: a classic script, so that nothing is drawn in the wrong colours first.
(() => {
  const root = document.documentElement;
  const kept = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  apply(kept());
  // Whether this browser was logged in when it was last here: what stands there first depends on it, and nothing else.
  try {
    if (localStorage.getItem("loggedIn")) root.dataset.loggedIn = "";
  } catch {
    // Then the login stands there first.
  }
  globalThis.theme = {
    get current() {
      return root.dataset.theme ?? "system";
    },
    set(theme) {
      apply(theme);
      try {
        localStorage.setItem("theme", theme);
      } catch {
        // A browser that keeps nothing still gets the theme until the page is left.
      }
    },
  };
})();
