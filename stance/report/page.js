(() => {
  "use strict";
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const counted = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

  // ---- what the numbers lead to: sentences by outlet, label and date
  const bar = one("#filter");
  const outlet = one("#f-outlet"), labels = all(".f-label");
  const from = one("#f-from"), to = one("#f-to"), around = one("#f-around");
  const hand = one("#f-hand");  // there is none where nobody judged by hand

  // What belongs to a sentence stands between it and the next.
  const isByHand = (unit) => {
    for (let next = unit.nextElementSibling; next && next.tagName !== "I"; next = next.nextElementSibling)
      if (next.className === "hand") return true;
    return false;
  };

  const filter = () => {
    const codes = labels.filter((list) => list.value)
      .map((list) => new Set(list.selectedOptions[0].dataset.k.split(" ")));
    const byHand = Boolean(hand?.checked), picked = codes.length > 0 || byHand;
    const narrowed = picked || outlet.value || from.value || to.value;
    let n = 0, articles = 0, copied = 0;
    for (const part of all(".outlet")) {
      let shown = 0;
      for (const article of all(".art", part)) {
        const day = article.dataset.d;
        const here = (!outlet.value || part.id === outlet.value)
          && (!from.value || day >= from.value) && (!to.value || (day && day <= to.value));
        let found = 0;
        for (const unit of here ? all("i", article) : []) {
          const fits = codes.every((kinds) => kinds.has(unit.className))
            && (!byHand || isByHand(unit));
          unit.toggleAttribute("data-off", !fits);
          found += fits;
        }
        for (const block of here ? all("p", article) : [])
          block.toggleAttribute("data-off", !one("i:not([data-off])", block));
        article.hidden = !found;
        article.classList.toggle("tight", picked && !around.checked);
        if (picked && found) article.open = true;
        shown += found > 0;
        if (article.classList.contains("copy")) {
          copied += found;
        } else {
          n += found;
          articles += found > 0;
        }
      }
      part.hidden = !shown;
    }
    one("#f-count").textContent = narrowed
      ? `${counted(n, "sentence")} in ${counted(articles, "article")}`
        + (copied ? `, and ${copied} in copies that do not count` : "")
      : "";
  };

  const ask = (place, codes, days) => {
    outlet.value = place === "articles" ? "" : place;
    for (const list of labels) {
      const wanted = [...list.options].find((option) => option.value && codes.includes(option.value));
      list.value = wanted ? wanted.value : "";
    }
    [from.value, to.value] = days ? days.split("/") : ["", ""];
    if (hand) hand.checked = false;
    filter();
    bar.scrollIntoView();
    outlet.focus({ preventScroll: true });
  };

  // ---- shared claims by who makes them and how they differ
  const kind = one("#claim-kind"), first = one("#claim-one"), second = one("#claim-two");
  const claims = all(".claim");

  const filterClaims = () => {
    const wanted = kind.value.split(" ");
    let n = 0;
    for (const claim of claims) {
      // An outlet, and its label from the capital letter on: none where its units tie.
      const cells = claim.dataset.c.trim().split(" ").map((cell) => cell.split(/(?=[A-Z])/));
      const made = new Set(cells.map(([outlet]) => outlet));
      const said = new Set(cells.flatMap(([, ...label]) => label));
      const fits = (!kind.value || (kind.value === "!" ? said.size > 1 : wanted.every((c) => said.has(c))))
        && (!first.value || made.has(first.value)) && (!second.value || made.has(second.value));
      claim.hidden = !fits;
      n += fits;
    }
    one("#claim-count").textContent = counted(n, "claim");
    const more = one("#more-claims");
    const narrowed = Boolean(kind.value || first.value || second.value);
    if (more) more.open = narrowed;
    if (narrowed && n <= 10) for (const claim of claims) claim.open = !claim.hidden;
  };

  const reveal = (target) => {
    for (let node = target; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
      node.hidden = false;
    }
    target.scrollIntoView();
  };

  const follow = (hash, days) => {
    const id = hash.slice(1), [place, ...codes] = id.split("-");
    if (bar && (codes.length || days) && (place === "articles" || /^o\d+$/.test(place)) && one(`#${place}`)) {
      ask(place, codes, days);
    } else if (id && /^[a-z]\d+$/.test(id) && document.getElementById(id)) {
      reveal(document.getElementById(id));
    }
  };

  if (bar) {
    bar.hidden = false;
    bar.addEventListener("change", filter);
    one("#f-none").addEventListener("click", () => {
      for (const list of [outlet, ...labels, from, to]) list.value = "";
      if (hand) hand.checked = false;
      filter();
      for (const article of all(".art")) article.open = false;
    });
  }
  if (kind) {
    one("#claim-filter").hidden = false;
    one("#claim-filter").addEventListener("change", filterClaims);
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    const { c: made, k: labelled } = link.dataset, days = link.closest("[data-t]")?.dataset.t;
    if (kind && (made || labelled)) {
      [first.value, second.value] = [...(made || "").split(" "), ""];
      kind.value = labelled || "";
      filterClaims();
    } else if (link.hash === location.hash || days) {
      follow(link.hash, days);
      if (days) event.preventDefault();
    }
  });
  addEventListener("hashchange", () => follow(location.hash));
  follow(location.hash);

  // ---- sentences by the keyboard: only those of open articles stand in its way
  for (const article of all(".art"))
    article.addEventListener("toggle", () => {
      for (const unit of all("i", article)) unit.tabIndex = article.open ? 0 : -1;
    });

  // ---- files to take away
  const save = (name, kind, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: kind }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  };
  const button = (text, words, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "take";
    made.textContent = text;
    made.setAttribute("aria-label", words);
    made.addEventListener("click", act);
    return made;
  };
  const clean = (node) => node.textContent.replace(/\s+/g, " ").trim();
  // A spreadsheet must not take a text for a formula; numbers may begin with a sign.
  const field = (text) => {
    const safe = /^[=+\-@\t\r\0＝＋－＠]/.test(text) && !/^[+-][\d.]+%?$/.test(text) ? `'${text}` : text;
    return `"${safe.replaceAll('"', '""')}"`;
  };
  const rows = (table) => {
    const lines = [...table.rows].map((row) => [...row.cells].map((cell) => {
      const notes = {};
      for (const note of all("small", cell)) notes[note.dataset.h || "95% interval"] = clean(note).replace(/^[^\d+-]*(?=[\d+-])/, "");
      const bare = cell.cloneNode(true);
      for (const note of all("small, [aria-hidden]", bare)) note.remove();
      return [clean(bare), notes];
    }));
    const heads = (lines[0] || []).map((_, i) =>
      [...new Set(lines.flatMap((line) => (line[i] ? Object.keys(line[i][1]) : [])))]);
    return lines.map((line, r) => line.flatMap(([text, notes], i) =>
      [text, ...heads[i].map((head) => (r ? notes[head] || "" : `${text}: ${head}`))]));
  };
  all("table").forEach((table, i) => {
    const name = clean(table.caption);
    table.caption.append(button("CSV", `Save as CSV: ${name}`, () =>
      save(`table-${i + 1}.csv`, "text/csv", "\ufeff" + rows(table)
        .map((line) => line.map(field).join(",")).join("\r\n"))));
  });

  const XML = "http://www.w3.org/2000/svg";
  const picture = (figure) => {
    const charts = all("svg", figure), columns = Math.min(3, charts.length);
    const sheet = document.createElementNS(XML, "svg");
    const put = (name, text, attributes = {}) => {
      const node = document.createElementNS(XML, name);
      for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
      node.textContent = text;
      sheet.append(node);
    };
    put("style", "CHART_STYLE");
    put("rect", "", { width: "100%", height: "100%", fill: "#fff" });
    put("text", figure.dataset.title, { x: 20, y: 34, class: "f-ink title" });
    let y = 60;
    for (let start = 0; start < charts.length; start += columns) {
      const row = charts.slice(start, start + columns).map((chart) => chart.cloneNode(true));
      row.forEach((chart, i) => {
        const { width, height } = chart.viewBox.baseVal;
        const place = { x: 20 + i * 390, y, width, height };
        for (const [key, value] of Object.entries(place)) chart.setAttribute(key, value);
        sheet.append(chart);
      });
      y += Math.max(...row.map((chart) => chart.viewBox.baseVal.height)) + 20;
    }
    put("text", document.title, { x: 20, y: y + 10, class: "f-soft small" });
    const size = { width: 40 + Math.max(columns * 390, 560), height: y + 30 };
    for (const [key, value] of Object.entries(size)) sheet.setAttribute(key, value);
    sheet.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    sheet.setAttribute("font-family", "system-ui, Helvetica, Arial, sans-serif");
    sheet.setAttribute("font-size", "13");
    return new XMLSerializer().serializeToString(sheet);
  };
  all("figure").forEach((figure, i) => one("figcaption", figure).append(button("SVG",
    `Save as SVG: ${figure.dataset.title}`,
    () => save(`chart-${i + 1}.svg`, "image/svg+xml", picture(figure)))));

  // ---- paper shows what the screen folds
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = all("details:not([open])");
    for (const part of folded) part.open = true;
  });
  addEventListener("afterprint", () => {
    for (const part of folded) part.open = false;
  });
})();
