// What the pages of `stance serve` share: asking the API, showing how far it is, showing texts.
export const byId = (id) => document.getElementById(id);
export const state = JSON.parse(byId("state").textContent);
const token = location.pathname.split("/")[1];
let asking = null; // what can be stopped

// What could turn a line round or hide in it is shown as its escape, as the commands do.
const HIDDEN = new RegExp(
  "[\\p{Cc}\\p{Cs}\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u200e\\u200f" +
  "\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufe00-\\ufe0d\\ufeff\\uffa0\\ufff0-\\ufffb" +
  "\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]", "gu",
);

export function shown(text) {
  return String(text).replace(/\s+/gu, " ").trim().replace(HIDDEN, (mark) => {
    const code = mark.codePointAt(0);
    if (code < 256) return `\\x${code.toString(16).padStart(2, "0")}`;
    return code < 65536 ? `\\u${code.toString(16).padStart(4, "0")}`
      : `\\U${code.toString(16).padStart(8, "0")}`;
  });
}

export function make(tag, name, text) {
  const element = document.createElement(tag);
  if (name) element.className = name;
  if (text !== undefined) element.textContent = shown(text);
  return element;
}

export const percent = (share) => `${Math.round(share * 100)}%`;
export const some = (n, word) => `${n.toLocaleString("en")} ${n === 1 ? word : `${word}s`}`;

// Yields what the API says, line by line, as it comes.
async function* lines(path, body, signal) {
  const answer = await fetch(path, {
    method: "POST",
    headers: {
      Authorization: `Bearer ${token}`,
      "Content-Type": "application/json",
      Accept: "application/x-ndjson",
    },
    body: JSON.stringify(body),
    signal,
  });
  if (!answer.ok) throw new Error((await answer.json()).error);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
  if (rest) yield JSON.parse(rest);
}

// Asks the API; gives each event to `onEvent`, and shows how far it is or what went wrong.
// Returns the last event, or null if there is none to show.
export async function ask(path, body, onEvent) {
  asking?.abort();
  const mine = asking = new AbortController();
  let nDone = 0, nAll = 0, last = null;
  tell("");
  byId("bar").removeAttribute("value");
  byId("words").textContent = "Sent";
  byId("going").hidden = false;
  byId("said").textContent = "Sent. The answer comes below.";
  byId("notices").replaceChildren();
  byId("notices").hidden = true;
  try {
    for await (const event of lines(path, body, mine.signal)) {
      if (event.event === "error") throw new Error(event.error);
      if (event.event === "start") {
        nAll = event.n_units;
        byId("bar").max = Math.max(nAll, 1);
        byId("notices").replaceChildren(...event.notices.map((notice) => make("li", "", notice)));
        byId("notices").hidden = !event.notices.length;
      }
      nDone += onEvent(event);
      byId("bar").value = nDone;
      byId("words").textContent = `${nDone.toLocaleString("en")} of ${some(nAll, "unit")}`;
      if (nDone === nAll && path.endsWith("compare")) { // how long this takes nobody knows
        byId("bar").removeAttribute("value");
        byId("words").textContent = `${some(nAll, "unit")} labeled; comparing`;
      }
      last = event;
    }
    if (last?.event !== "end") throw new Error("The answer broke off; ask again.");
    byId("said").textContent = `Done: ${some(last.n_units, "unit")}.`;
    return last;
  } catch (error) {
    if (mine.signal.aborted) {
      if (mine === asking) byId("said").textContent = "Stopped.";
    } else {
      const lost = error instanceof TypeError; // what fetch throws when nobody answers
      tell(lost ? "The server does not answer. Is stance still running?" : error.message);
    }
    return null;
  } finally {
    if (mine === asking) byId("going").hidden = true;
  }
}

export function tell(words) {
  byId("trouble").textContent = words && shown(words[0].toUpperCase() + words.slice(1));
  byId("trouble").hidden = !words;
}

export async function base64(file) {
  const reader = new FileReader();
  const done = new Promise((resolve, reject) => {
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
  });
  reader.readAsDataURL(file);
  return file.size ? done : "";
}

// Returns files as the API takes them; says so if they are more than it takes.
export async function packed(files, sources = []) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const most = state.limits.n_bytes * 0.7; // base64 makes four bytes of three
  if (size > most) {
    throw new Error(`the files hold ${size.toLocaleString("en")} bytes, and at most ` +
      `${most.toLocaleString("en")} are taken at a time. Choose fewer, or use the command.`);
  }
  return Promise.all(files.map(async (file, i) => ({
    name: file.webkitRelativePath || file.name,
    base64: await base64(file),
    ...(sources[i] ? { source: sources[i] } : {}),
  })));
}

// Takes files that are dropped anywhere on the page, or chosen.
export function onFiles(take) {
  for (const input of document.querySelectorAll("input[type=file]")) {
    input.addEventListener("change", () => {
      if (input.files.length) take([...input.files]);
      input.value = ""; // so that the same file can be chosen again
    });
  }
  const form = byId("form");
  addEventListener("dragover", (event) => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    event.preventDefault();
    form.classList.add("over");
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) form.classList.remove("over");
  });
  addEventListener("drop", (event) => {
    form.classList.remove("over");
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    take([...event.dataTransfer.files]);
  });
}

byId("stop").addEventListener("click", () => asking?.abort());
