// The lines of a plain terminal: a cursor that moves, and what shells write to edit a line. Colours are left out.

const KEPT = 2000;
// A control sequence, a title, another escape, or the beginning of one that goes on in the next piece.
const ESCAPE = /\x1b(?:\[([<-?]?)([\d;:]*)[ -/]*([@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~]|(?:\[[\d;:<-?]*[ -/]*|\][^\x07]*|[ -/]*)$)/y;

/** Whatever a program writes moves the cursor within the screen, and a line is no longer than that is wide. `write(text)`, `text(cursor)`, `resize(size)`, `reset()`. */
export function plainScreen() {
  let lines = [""];
  let row = 0;
  let col = 0;
  let rest = "";
  let size = { cols: 80, rows: 24 };
  const top = () => Math.max(0, lines.length - size.rows);
  const go = (to) => {
    row = Math.max(0, to);
    while (lines.length <= row) lines.push("");
  };
  const within = (at, length) => Math.max(0, Math.min(length - 1, at));
  // `taken` signs at the cursor make room for `text`.
  const replace = (text, taken) => {
    const line = lines[row].padEnd(col);
    lines[row] = (line.slice(0, col) + text + line.slice(col + taken)).slice(0, Math.max(col + text.length, size.cols));
  };
  const put = (text) => {
    for (const sign of text) {
      if (col >= size.cols) {
        go(row + 1);
        col = 0;
      }
      replace(sign, 1);
      col += 1;
    }
  };
  const clear = (from, to) => { for (let at = from; at < to; at += 1) lines[at] = ""; };
  const control = (command, numbers) => {
    const [first = 0, second = 0] = numbers;
    const count = first || 1;
    const signs = Math.min(count, size.cols);
    const line = (at) => go(top() + within(at, size.rows));
    if (command === "A") line(row - top() - count);
    else if (command === "B") line(row - top() + count);
    else if (command === "C") col = within(col + count, size.cols);
    else if (command === "D") col = within(col - count, size.cols);
    else if (command === "G") col = within(count - 1, size.cols);
    else if (command === "d") line(count - 1);
    else if (command === "H" || command === "f") {
      line(count - 1);
      col = within((second || 1) - 1, size.cols);
    } else if (command === "J") {
      if (first === 0) replace("", lines[row].length);
      clear(first === 0 ? row + 1 : first === 3 ? 0 : top(), first === 1 ? row : lines.length);
    } else if (command === "K") {
      if (first === 0) replace("", lines[row].length);
      else lines[row] = first === 2 ? "" : " ".repeat(col + 1) + lines[row].slice(col + 1);
    } else if (command === "P") replace("", signs);
    else if (command === "X") replace(" ".repeat(signs), signs);
    else if (command === "@") replace(" ".repeat(signs), 0);
  };
  const plain = (sign) => {
    if (sign === "\r") col = 0;
    else if (sign === "\n") go(row + 1);
    else if (sign === "\b") col = Math.max(0, col - 1);
    else if (sign === "\t") col = Math.min(size.cols - 1, (col | 7) + 1);
    else if (sign >= " " && sign !== "\x7f") put(sign);
  };
  const write = (added) => {
    const text = rest + added;
    rest = "";
    for (let at = 0; at < text.length;) {
      ESCAPE.lastIndex = at;
      const found = text[at] === "\x1b" ? ESCAPE.exec(text) : null;
      if (found && ESCAPE.lastIndex === text.length && !found[3] && !/^\x1b(\].*(\x07|\x1b\\)|[ -/]*[0-Z\\^-~])$/s.test(found[0])) {
        // A title that never ends is none.
        rest = found[0].length < 2000 ? found[0] : "";
        break;
      }
      if (found) {
        if (found[3] && !found[1]) control(found[3], found[2].split(/[;:]/).map(Number));
        at += found[0].length;
      } else {
        const sign = String.fromCodePoint(text.codePointAt(at));
        plain(sign);
        at += sign.length;
      }
    }
    const over = lines.length - KEPT;
    if (over > 0) {
      lines.splice(0, over);
      row = Math.max(0, row - over);
    }
  };
  const shown = (cursor) => {
    if (cursor === "") return lines.join("\n");
    const line = lines[row].padEnd(col);
    return [...lines.slice(0, row), line.slice(0, col) + cursor + line.slice(col), ...lines.slice(row + 1)].join("\n");
  };
  return {
    write,
    text: (cursor = "") => shown(cursor),
    resize: (now) => { size = now; return now; },
    reset: () => { [lines, row, col, rest] = [[""], 0, 0, ""]; },
  };
}
