// One article, or several, tinted sentence by sentence as the labels come.
import { ask, byId, make, onFiles, packed, percent, shown, some, state, tell } from "./talk.js";

const [first] = state.tasks; // the one that tints
const rows = new WeakMap(); // a sentence's element -> its row
let isPasted = false, counts = {}, current = null, article = null, paragraph = null;

function begin() {
  counts = Object.fromEntries(first.labels.map((label) => [label, 0]));
  current = article = paragraph = null;
  byId("articles").replaceChildren();
  byId("facts").replaceChildren();
  byId("panel-hint").hidden = false;
  byId("result").hidden = false;
  byId("about").textContent = "";
  count();
}

function take(event) {
  if (event.event === "start") {
    begin();
    byId("about").textContent = shown(`Toward ${event.target}, by ${event.model}.`);
  } else if (event.event === "article") {
    article = make("article");
    const named = [event.title, event.source, event.date].filter(Boolean).join(" · ");
    if (named || !isPasted) article.append(make("h3", "", named || event.article_id));
    if (!event.n_units) article.append(make("p", "hint", "No unit in it."));
    byId("articles").append(article);
    paragraph = null;
  } else if (event.event === "unit") {
    if (event.new_paragraph || !paragraph) {
      paragraph = make("p", `of ${event.kind}`);
      article.append(paragraph);
    }
    paragraph.append(sentence(event), " ");
    if (event[first.name] in counts) counts[event[first.name]] += 1;
    count();
    return 1;
  }
  return 0;
}

function sentence(row) {
  const label = row[first.name];
  const chance = row[`${first.name}_${label}`] ?? 1;
  const span = make("span", `unit ${first.tones[label] ?? "plain"}`, row.text);
  span.classList.add(chance > 0.75 ? "sure" : chance > 0.5 ? "likely" : "unsure");
  if (isOther(row)) span.classList.add("other");
  span.append(make("span", "unseen", ` (${inWords(row)})`));
  span.tabIndex = current ? -1 : 0; // one stop for Tab; the arrow keys go on from there
  current ??= span;
  rows.set(span, row);
  return span;
}

// Whether the words are not the author's own: a label that is not the first of an unordered task.
function isOther(row) {
  return state.tasks.some((task) => isPlain(task) && task.labels.indexOf(row[task.name]) > 0);
}

const isPlain = (task) => Object.values(task.tones).every((tone) => tone === "plain");

function inWords(row) {
  return state.tasks.filter((task) => row[task.name] !== null).map((task) => {
    const chances = task.labels.map((label) => `${label} ${percent(row[`${task.name}_${label}`])}`);
    const open = task === first && row.abstained ? ", left open" : "";
    return `${task.name} ${row[task.name]}${open}: ${chances.join(", ")}`;
  }).join("; ");
}

function show(span) {
  const row = rows.get(span);
  byId("panel-hint").hidden = true;
  byId("facts").replaceChildren(...state.tasks.flatMap((task) => {
    if (row[task.name] === null) return [];
    const facts = make("dd");
    for (const label of task.labels) {
      const chance = row[`${task.name}_${label}`];
      const line = make("span", `chance${label === row[task.name] ? " most" : ""}`);
      const meter = make("meter");
      meter.value = chance;
      meter.setAttribute("aria-hidden", "true"); // the number beside says it
      line.append(make("span", `tag ${task.tones[label]}`, label), meter, percent(chance));
      facts.append(line);
    }
    const group = make("div"); // a list may hold its pairs in groups
    group.append(make("dt", "", task.name), facts);
    return [group];
  }));
  for (const shown of document.querySelectorAll(".unit.shown")) shown.classList.remove("shown");
  span.classList.add("shown");
}

function count() {
  const n = Object.values(counts).reduce((sum, k) => sum + k, 0);
  byId("counts").replaceChildren(...first.labels.map((label) => {
    const item = make("li");
    item.append(make("b", `tag ${first.tones[label]}`, label));
    item.append(` ${counts[label]}${n ? ` (${percent(counts[label] / n)})` : ""}`);
    return item;
  }));
}

const units = () => [...document.querySelectorAll(".unit")];

byId("articles").addEventListener("focusin", ({ target }) => {
  if (!rows.has(target)) return;
  if (current) current.tabIndex = -1;
  current = target;
  current.tabIndex = 0;
  show(target);
});
byId("articles").addEventListener("pointerover", ({ target }) => {
  const span = target.closest(".unit");
  if (span) show(span);
});
byId("articles").addEventListener("pointerleave", () => {
  if (document.activeElement === current) show(current);
});
byId("articles").addEventListener("click", ({ target }) => target.closest(".unit")?.focus());
byId("articles").addEventListener("keydown", (event) => {
  if (!rows.has(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = units(), at = all.indexOf(event.target);
  const to = {
    ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1,
    Home: 0, End: all.length - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  all[to]?.focus();
});

async function classify(body) {
  isPasted = "text" in body;
  byId("result").hidden = true;
  const end = await ask("/api/classify", body, take);
  if (end) {
    byId("about").textContent += ` ${some(end.n_units, "unit")} in ${end.seconds.toFixed(1)} s.`;
    byId("result-title").focus({ preventScroll: true });
    byId("result").scrollIntoView({ block: "start" });
  }
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = byId("text").value;
  if (text.trim()) classify({ text });
  else tell("Paste an article first, or choose a file.");
});
byId("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) byId("form").requestSubmit();
});
onFiles(async (files) => {
  try {
    classify({ files: await packed(files) });
  } catch (error) {
    tell(error.message);
  }
});
