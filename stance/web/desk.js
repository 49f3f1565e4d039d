"use strict";
// Every press is kept here, in order, until the server says that it is on its disk. What the page
// shows is what the server said last, with the presses that wait applied to it.
const byId = (id) => document.getElementById(id);
const all = (selector) => [...document.querySelectorAll(selector)];
const { desk, who, codebook, view } = JSON.parse(byId("state").textContent);
const form = byId("desk"), note = byId("note"), unit = byId("unit"), help = byId("help");
const drawer = `stance ${location.pathname} ${who}`;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let said = view; // by the server
let waiting = kept(drawer, []); // presses that it has not confirmed
let drafts = kept(`${drawer} notes`, {}); // by card: notes that no press has taken along yet
let refusals = kept(`${drawer} refused`, []); // presses that were not taken, until that is seen
let now, shown, onScreen = ""; // what there is to judge; the card that is shown; its key, or "done"
let after = view.after, held = [], busy = false, down = false, trouble = "", delay = 0;

function kept(name, otherwise) {
  try { return JSON.parse(sessionStorage.getItem(name)) ?? otherwise; } catch { return otherwise; }
}

function keep() {
  try {
    sessionStorage.setItem(drawer, JSON.stringify(waiting));
    sessionStorage.setItem(`${drawer} notes`, JSON.stringify(drafts));
    sessionStorage.setItem(`${drawer} refused`, JSON.stringify(refusals));
  } catch { /* storage is full or forbidden: presses then live as long as the page */ }
}

// What there will be once every press that waits has arrived.
function look() {
  const cards = new Map();
  for (const card of [...said.cards, ...(said.back ? [said.back.card] : [])]) {
    cards.set(card.key, { ...card, labels: { ...card.labels } });
  }
  let line = said.cards.map((card) => card.key);
  let trail = said.back ? [{ key: said.back.card.key, task: said.back.task }] : [];
  let blind = false; // an undo leads to where only the server knows
  for (const press of waiting) {
    const card = cards.get(press.card);
    const task = taskOf(press);
    if ("undo" in press) {
      let step = trail.pop();
      if (step?.task === null && step.key === press.card) step = trail.pop();
      blind = !step;
      if (!step) break;
      if (step.task !== null) {
        delete cards.get(step.key).labels[step.task];
        trail = trail.filter((earlier) => earlier.task !== null);
      }
      line = [step.key, ...line.filter((key) => key !== step.key)];
    } else if (card && "skip" in press) {
      line = [...line.filter((key) => key !== card.key), card.key];
      if (desk === "label") {
        trail.push({ key: card.key, task: null });
        card.note = press.note || card.note;
      }
    } else if (card && task) {
      card.labels[task] = press[`label:${task}`];
      card.note = press.note;
      trail = trail.filter((step) => step.key !== card.key || step.task !== task);
      trail.push({ key: card.key, task });
      if (card.tasks.every((name) => name in card.labels)) {
        line = line.filter((key) => key !== card.key);
      }
    } else if (card) {
      card.note = press.note;
    }
  }
  const card = cards.get(line[0]);
  const stuck = blind || (!card && waiting.length > 0); // until the server answers
  return { card, blind, stuck, canUndo: trail.length > 0 || said.back !== null };
}

function taskOf(press) {
  return Object.keys(press).find((name) => name.startsWith("label:"))?.slice(6);
}

function show() {
  const next = look();
  // What is on the screen stays there until the server says where an undo leads.
  now = next.blind && now ? { ...now, blind: true, stuck: true } : next;
  const { card, blind } = now;
  const isDone = !card && !waiting.length;
  if (isBehind()) return tell();
  form.hidden = !card && (isDone || down);
  byId("done").hidden = !isDone;
  for (const button of all(".while")) button.hidden = isDone;
  for (const button of all("[form=desk], #desk button")) button.disabled = blind && down;
  byId("bar").max = Math.max(said.n_cards, 1);
  byId("bar").value = said.n_done;
  byId("words").textContent = said.words;
  if (card) fill(card);
  if (card || isDone) arrive(card ? unit : byId("done"), card?.key ?? "done");
  tell();
}

// Nobody is taken out of a note that they write: the rest of it would be read as keys.
function isBehind() {
  return onScreen && document.activeElement === note && shown?.key !== now.card?.key;
}

function fill(card) {
  if (card.key !== onScreen) {
    for (const name of ["heading", "lead_in"]) {
      byId(name).textContent = card[name];
      byId(name).hidden = !card[name];
    }
    list(byId("before"), "p", card.before);
    unit.textContent = card.text;
    unit.scrollTop = 0;
    if (desk === "adjudicate") {
      list(byId("said"), "span", card.said);
      list(byId("notes"), "li", card.notes);
      byId("notes").hidden = !card.notes.length;
      for (const rules of all(".task")) rules.open = card.tasks.includes(rules.dataset.rules);
    }
  }
  for (const group of all("fieldset")) {
    const task = group.dataset.task;
    group.hidden = !card.tasks.includes(task);
    for (const button of group.querySelectorAll("button")) {
      button.setAttribute("aria-pressed", card.labels[task] === button.value);
      button.querySelector(".guess").hidden = card.guess[task] !== button.value;
    }
  }
  if (document.activeElement !== note || shown?.key !== card.key) {
    note.value = drafts[card.key] ?? card.note;
  }
  shown = card;
  unit.tabIndex = unit.scrollHeight > unit.clientHeight + 1 ? 0 : -1; // long ones scroll by key
}

function list(parent, tag, texts) {
  parent.replaceChildren(...texts.map((text) => {
    const item = document.createElement(tag);
    item.textContent = text;
    return item;
  }));
}

// A screen reader reads what gets the focus, and the next Tab goes on from there.
function arrive(place, key) {
  if (key === onScreen) return;
  if (onScreen) {
    window.scrollTo(0, 0);
    if (!calm.matches) place.animate([{ opacity: 0.25 }, { opacity: 1 }], 160);
  }
  onScreen = key;
  place.focus({ preventScroll: true });
}

function tell() {
  const n = waiting.length;
  let words = trouble;
  if (down) {
    words += n === 1 ? " 1 press is kept here and" : ` ${n} presses are kept here and`;
    words += " sent as soon as it is back.";
    words += now.blind ? " What the undo leads to is known then."
      : now.card ? " You can go on." : " No further unit is loaded until then.";
  }
  byId("trouble").textContent = words;
  byId("trouble").hidden = !words;
  byId("refusals").textContent = refusalsInWords();
  byId("refused").hidden = !refusals.length;
  if (n) settle("open", down ? `${n} not saved yet` : "Saving");
}

// One reason often holds for several presses, as after a start with another draw.
function refusalsInWords() {
  const reasons = new Map();
  for (const { words, reason } of refusals) {
    reasons.set(reason, [...(reasons.get(reason) ?? []), words]);
  }
  const told = [...reasons].map(([reason, all]) => `Not taken: ${all.join(", ")}. ${reason}`);
  return (refusals.length > 1 ? `${refusals.length} presses were not taken. ` : "") + told.join(" ");
}

function settle(how, words) {
  byId("saved").className = how;
  byId("saved").textContent = words;
}

function press(fields, card = now.card) {
  if (now.stuck && !("keep" in fields)) {
    if (!down) held.push(fields); // for some milliseconds
    return;
  }
  if ("undo" in fields && !now.canUndo) {
    return settle("", "There is nothing to take back");
  }
  if (!card && !("undo" in fields)) return;
  if ("skip" in fields) after = card.key;
  const text = card?.key === shown?.key ? note.value : drafts[card?.key] ?? card?.note ?? "";
  const task = taskOf(fields);
  if (desk === "label" && task && card.labels[task] === fields[`label:${task}`] && text.trim() === card.note) {
    return settle("", "That stands already"); // no event comes of it: an undo must not count it
  }
  const takesNote = task || "keep" in fields || ("skip" in fields && desk === "label");
  if (takesNote) delete drafts[card.key];
  const guess = task && card.guess[task] ? { [`guess:${task}`]: card.guess[task] } : {};
  waiting.push({ ...fields, ...guess, card: card?.key ?? "", note: text.trim(), codebook, after });
  keep();
  show();
  send();
}

async function send() {
  if (busy || !waiting.length) return;
  busy = true;
  const first = waiting[0];
  first.version ??= said.version; // the same at each attempt, so that none counts twice
  keep();
  try {
    let answer = await ask({ method: "POST", body: new URLSearchParams(first) });
    let refused = [];
    if (answer.status === 400 || answer.status === 409) {
      refused = [{ words: wordsOf(first), reason: (await answer.text()).trim() }];
      if ("undo" in first) { // what came after was meant for where it would have led
        held = [];
        waiting = waiting.filter((later) => later === first || !("undo" in later));
      }
      if (first.note && first.card) drafts[first.card] ??= first.note; // it went with the press
      answer = await ask({}, `&after=${after}`);
    }
    if (!answer.ok) throw new Error(await answer.text());
    said = await answer.json();
    waiting.shift();
    delay = 0;
    down = false;
    trouble = "";
    refusals.push(...refused);
    if (!waiting.length) {
      settle("kept", refusals.length ? "All else is saved" : `Saved: ${wordsOf(first)}`);
    }
  } catch (error) {
    down = true;
    trouble = error.name === "Error" ? error.message.trim() : "The server does not answer.";
    delay = Math.min(8000, Math.max(250, delay * 2));
  }
  busy = false;
  keep();
  show();
  while (held.length && !now.stuck) press(held.shift());
  if (waiting.length) setTimeout(send, delay);
}

// In another window, more may have been judged under the same name than this one shows.
async function lookAgain() {
  if (desk !== "label" || busy || waiting.length) return;
  busy = true;
  try {
    const answer = await ask({});
    const news = answer.ok ? await answer.json() : said;
    // A press that came meanwhile is sent with what was on the screen, so that the server can refuse.
    if (!waiting.length && news.version !== said.version) said = news;
  } catch { /* the next press will tell */ }
  busy = false;
  show();
  send();
}

function ask(options, more = "") {
  const headers = { Accept: "application/json" };
  return fetch(form.action + more, { ...options, headers, signal: AbortSignal.timeout(40000) });
}

function wordsOf(press) {
  const task = taskOf(press);
  if (task) return `${task} ${press[`label:${task}`]}`;
  if ("undo" in press) return "the last press is taken back";
  return "skip" in press ? (desk === "label" ? "put off" : "passed on") : "note";
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (isBehind()) return note.blur(); // it was meant for the card that is shown
  if (event.submitter?.name) press({ [event.submitter.name]: event.submitter.value });
});
// The second click of a double click would judge the next unit, and so would one that ends a note.
let pointedAt = "";
document.addEventListener("pointerdown", () => { pointedAt = onScreen; });
document.addEventListener("click", (event) => {
  const isAstray = event.detail > 1 || (pointedAt && pointedAt !== onScreen);
  if (isAstray && event.target.closest("[form=desk], #desk button")) event.preventDefault();
  pointedAt = "";
});

note.addEventListener("input", () => {
  drafts[shown.key] = note.value;
  if (note.value.trim() === shown.note) delete drafts[shown.key];
  keep();
});
note.addEventListener("change", () => {
  const isGone = !said.cards.some((card) => card.key === shown.key); // judged in another window
  const isKept = isGone || Object.keys(shown.labels).length > 0;
  if (desk === "label" && isKept && note.value.trim() !== shown.note) {
    press({ keep: "1" }, shown);
  }
});
note.addEventListener("blur", show);
byId("dismiss").addEventListener("click", () => {
  refusals = [];
  keep();
  tell();
  (form.hidden ? byId("done") : unit).focus({ preventScroll: true });
});
byId("to-note").addEventListener("click", () => note.focus());
byId("to-help").addEventListener("click", () => help.showModal());

const singleKeys = byId("single-keys");
try { singleKeys.checked = localStorage.getItem("stance keys") !== "off"; } catch { /* forbidden */ }
singleKeys.addEventListener("change", () => {
  try { localStorage.setItem("stance keys", singleKeys.checked ? "on" : "off"); } catch { /* same */ }
});

document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.target === note) {
    if (event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey))) {
      event.preventDefault();
      note.blur();
      unit.focus();
    }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.repeat) { // a key held down is one press, on a button too
    if (event.target.matches("button")) event.preventDefault();
    return;
  }
  const button = singleKeys.checked && all("[data-key]").find(
    (one) => one.dataset.key && one.dataset.key === keyOf(event) && one.getClientRects().length
  );
  if (button) {
    event.preventDefault();
    button.click();
  }
});

// Keyboards that write no Latin letters, or digits only with Shift, go by the place of the key.
function keyOf(event) {
  if (/^(Digit|Numpad)[1-9]$/.test(event.code)) return event.code.at(-1);
  const key = event.key.toLowerCase();
  return /^[ -~]$/.test(key) || !/^Key[A-Z]$/.test(event.code) ? key : event.code.at(-1).toLowerCase();
}

addEventListener("focus", lookAgain);
addEventListener("beforeunload", (event) => {
  // They outlast a reload, not the end of the tab; a draft counts while its card can be shown.
  const cards = [...said.cards, ...(said.back ? [said.back.card] : [])];
  if (waiting.length || cards.some((card) => card.key in drafts)) event.preventDefault();
});

for (const button of all(".scripted")) button.hidden = false;
if (matchMedia("(max-width: 64rem)").matches) all("aside details")[0].open = false;
show();
send();
