"use strict";
// Looks for new numbers now and then, while somebody can see them.
const SECONDS = 10;
const byId = (id) => document.getElementById(id);

function look() {
  if (document.hidden) return;
  const request = new XMLHttpRequest(); // unlike fetch it gives a document, in which nothing runs
  request.open("GET", location.href);
  request.responseType = "document";
  request.timeout = SECONDS * 900;
  request.onload = () => {
    const numbers = request.response?.getElementById("numbers");
    if (request.status !== 200 || !numbers) return tell("The server cannot give numbers just now");
    tell(`Looked for new numbers at ${new Date().toLocaleTimeString()}`);
    byId("waiting").textContent = request.response.getElementById("waiting").textContent;
    if (numbers.textContent !== byId("numbers").textContent) {
      byId("numbers").replaceWith(document.adoptNode(numbers));
      byId("changed").textContent = "There are new numbers.";
    }
  };
  request.onerror = request.ontimeout = () => tell("The server does not answer just now");
  request.send();
}

function tell(words) {
  byId("fresh").hidden = false;
  byId("fresh").textContent = `${words}; once more in ${SECONDS} s.`;
}

setInterval(look, SECONDS * 1000);
document.addEventListener("visibilitychange", look);
