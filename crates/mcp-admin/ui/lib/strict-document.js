// A document for code that writes styles as text, which the content security policy refuses.
//
// xterm.js fills <style> elements and sets style attributes. The policy of these pages allows neither, because markup of a stranger
// could do the same; it does allow style sheets and properties that a script sets as objects. This hands the texts over that way,
// so that the terminal page needs no weaker policy than the others.

/** `document`, except for the elements that it creates. */
export function strictDocument(real) {
  return new Proxy(real, {
    get(target, name) {
      if (name === "createElement") return (tag, options) => adapt(target.createElement(tag, options), tag, target);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

function adapt(element, tag, real) {
  if (tag.toLowerCase() === "style") return sheetElement(element, real);
  const setAttribute = element.setAttribute.bind(element);
  element.setAttribute = (name, value) => {
    if (name.toLowerCase() === "style") element.style.cssText = value;
    else setAttribute(name, value);
  };
  return element;
}

function sheetElement(element, real) {
  const sheet = new CSSStyleSheet();
  let text = "";
  real.adoptedStyleSheets = [...real.adoptedStyleSheets, sheet];
  Object.defineProperty(element, "textContent", {
    get: () => text,
    set: (value) => {
      text = value;
      sheet.replaceSync(value);
    },
  });
  const remove = element.remove.bind(element);
  element.remove = () => {
    real.adoptedStyleSheets = real.adoptedStyleSheets.filter((one) => one !== sheet);
    remove();
  };
  return element;
}
