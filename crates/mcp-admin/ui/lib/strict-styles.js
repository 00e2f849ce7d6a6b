// Lets xterm.js have its styles under a content security policy that refuses styles written as text.
//
// It fills <style> elements and sets style attributes. The policy of these pages allows neither, because the markup of a stranger could
// do the same; it does allow sheets and properties that a script sets as objects. This hands the texts over in that way, so that the
// terminal needs no weaker policy than the rest. What a parser finds in markup stays refused.

let isOn = false;

export function strictStyles() {
  if (isOn) return;
  isOn = true;
  const { createElement } = Document.prototype;
  Document.prototype.createElement = function (tag, options) {
    return String(tag).toLowerCase() === "style" ? sheetElement(createElement.call(this, "template"), this) : createElement.call(this, tag, options);
  };
  const { setAttribute } = Element.prototype;
  Element.prototype.setAttribute = function (name, value) {
    if (String(name).toLowerCase() === "style") this.style.cssText = value;
    else setAttribute.call(this, name, value);
  };
}

/** Stands for a <style>: the text that is put into it becomes a sheet of the document. */
function sheetElement(element, owner) {
  const sheet = new CSSStyleSheet();
  owner.adoptedStyleSheets.push(sheet);
  let text = "";
  const content = {
    get: () => text,
    set: (value) => {
      text = value;
      sheet.replaceSync(value);
    },
  };
  Object.defineProperties(element, { textContent: content, innerText: content });
  const remove = element.remove.bind(element);
  element.remove = () => {
    owner.adoptedStyleSheets = owner.adoptedStyleSheets.filter((one) => one !== sheet);
    remove();
  };
  return element;
}
