// Files of several outlets to one report.
import { ask, byId, make, onFiles, packed, some, state, tell } from "./talk.js";

let chosen = []; // {file, outlet}: the field where its outlet is written, or null for a table

const nameOf = (file) => file.webkitRelativePath || file.name;
const isText = (file) => state.texts.some((suffix) => file.name.toLowerCase().endsWith(suffix));

function add(files) {
  tell("");
  const taken = new Set(chosen.map(({ file }) => nameOf(file)));
  for (const file of files) {
    const isHidden = file.name.startsWith(".") || nameOf(file).includes("/.");
    if (isHidden || (file.webkitRelativePath && !isRead(file))) continue;
    if (taken.has(nameOf(file))) {
      tell(`${nameOf(file)} is chosen already. Give the other one another name.`);
      continue;
    }
    taken.add(nameOf(file));
    const row = make("tr"), name = make("th", "", nameOf(file)), cell = make("td");
    name.scope = "row";
    let outlet = null;
    if (isText(file)) {
      outlet = make("input");
      outlet.setAttribute("aria-label", `Outlet of ${nameOf(file)}`);
      outlet.placeholder = nameOf(file).split("/").at(-2) ?? ""; // if nothing else tells it
      cell.append(outlet);
    } else {
      cell.textContent = file.name.toLowerCase() === "articles.csv" ? "tells of the others"
        : "from its rows";
    }
    row.append(name, cell);
    byId("rows").append(row);
    chosen.push({ file, outlet });
  }
  byId("chosen").hidden = byId("clear").hidden = !chosen.length;
}

// Of a folder, what the commands would read; of chosen files, all: the server says what is wrong.
function isRead(file) {
  const suffixes = byId("files").accept.split(",");
  return suffixes.some((suffix) => file.name.toLowerCase().endsWith(suffix));
}

function take(event) {
  if (event.event === "start") nAll = event.n_articles;
  return event.event === "article" ? event.n_units : 0;
}

let nAll = 0;

async function compare() {
  byId("result").hidden = true;
  let files;
  try {
    files = await packed(chosen.map(({ file }) => file), chosen.map(({ outlet }) => outlet?.value));
  } catch (error) {
    return tell(error.message);
  }
  const end = await ask("/api/compare", { files }, take);
  if (!end) return;
  byId("answer").replaceChildren(make("span", "", end.comparison.answer));
  byId("counts").replaceChildren(
    make("li", "", some(nAll, "article")),
    make("li", "", some(end.n_units, "unit")),
    make("li", "", `${end.seconds.toFixed(1)} s`),
  );
  byId("open").href = end.report;
  byId("save").href = `${end.report}?save`;
  byId("result").hidden = false;
  byId("open").focus();
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  if (chosen.length) compare();
  else tell("Choose files of two outlets or more first.");
});
byId("clear").addEventListener("click", () => {
  chosen = [];
  byId("rows").replaceChildren();
  add([]);
  byId("files").focus();
});
onFiles(add);
