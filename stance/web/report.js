// A saved report goes to the server, which gives it back as a page that may do nothing.
import { byId, onFiles, shown, tell } from "./talk.js";

onFiles(async ([file]) => {
  tell("");
  byId("result").hidden = true;
  try {
    const answer = await fetch("reports", { method: "POST", body: file });
    if (!answer.ok) throw new Error(await answer.text());
    byId("open").href = (await answer.json()).report;
    byId("about").textContent = shown(file.name);
    byId("result").hidden = false;
    byId("open").focus();
  } catch (error) {
    const lost = error instanceof TypeError;
    tell(lost ? "The server does not answer. Is stance still running?" : error.message);
  }
});
byId("form").addEventListener("submit", (event) => event.preventDefault());
