// Renews the texts of the page. It makes no markup of text, and sends nothing but the question for new ones.
"use strict";

(() => {
  const main = document.querySelector("main");
  const state = document.getElementById("live");
  const madeAt = document.getElementById("made-at");
  const milliseconds = 1000 * Number(main.dataset.seconds);

  // What has not changed is left alone: it would be read out again, and a selection in it would be lost.
  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const show = (element, [text, kind]) => {
    write(element, text);
    if (element.className !== kind) element.className = kind;
  };

  const made = (name, text, kind) => {
    const element = document.createElement(name);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };

  const cell = ([text, kind, why], place, numeric) => {
    const found = made(place === 0 ? "th" : "td", "", kind);
    if (place === 0) found.scope = "row";
    found.classList.toggle("number", numeric);
    const isolated = found.appendChild(made("bdi", text));
    if (why) {
      const link = made("a", text);
      link.href = `status/why?denial=${encodeURIComponent(why)}`;
      isolated.replaceChildren(link);
    }
    return found;
  };

  const KINDS = ["good", "warning", "bad"];
  const kindOf = (element) => KINDS.find((kind) => element.classList.contains(kind)) ?? "";

  // The values that a cell was made of, by the server or here.
  const read = (found) => [
    found.textContent,
    kindOf(found),
    new URLSearchParams(found.querySelector("a")?.search).get("denial") ?? "",
  ];

  // Puts one child for each of the values; those that show the same already stay.
  const fill = (body, all, valuesOf, make) => {
    all.forEach((values, place) => {
      const there = body.children[place];
      if (there && JSON.stringify(valuesOf(there)) === JSON.stringify(values)) return;
      const fresh = make(values);
      if (there) there.replaceWith(fresh);
      else body.append(fresh);
    });
    while (body.children.length > all.length) body.lastElementChild.remove();
  };

  const table = (element, rows) => {
    element.hidden = rows.length === 0;
    element.nextElementSibling.hidden = rows.length > 0;
    const numeric = Array.from(element.tHead.rows[0].cells, (head) => head.classList.contains("number"));
    fill(element.tBodies[0], rows, (line) => Array.from(line.cells, read), (values) => {
      const line = document.createElement("tr");
      line.append(...values.map((value, place) => cell(value, place, numeric[place])));
      return line;
    });
  };

  const curve = (figure, [path, text]) => {
    figure.querySelector("path").setAttribute("d", path);
    write(figure.querySelector("title"), text);
    write(figure.querySelector("output"), text);
  };

  const each = (name, values, change) => {
    for (const element of document.querySelectorAll(`[data-${name}]`)) {
      const value = values[element.dataset[name]];
      if (value !== undefined) change(element, value);
    }
  };

  const renew = (view) => {
    each("figure", view.figures, show);
    each("curve", view.curves, curve);
    each("table", view.tables, table);
    fill(
      document.getElementById("banners"), view.banners,
      (banner) => [banner.textContent, kindOf(banner)], ([text, kind]) => made("p", text, kind),
    );
    write(madeAt, view.made_at);
  };

  const ask = async () => {
    try {
      const answer = await fetch("status/live", {
        cache: "no-store", redirect: "error", signal: AbortSignal.timeout(10000),
      });
      if (!answer.ok) throw new Error(`answered with ${answer.status}`);
      const view = await answer.json();
      // Another configuration: there are other sections and columns.
      if (view.shape !== main.dataset.shape) return location.reload();
      renew(view);
      document.body.classList.remove("stale");
      write(state, "It is renewed by itself.");
    } catch {
      document.body.classList.add("stale");
      write(state, "No answer since then: trying again.");
    }
  };

  let asking = false;
  const go = async () => {
    if (document.hidden || asking) return;
    asking = true;
    await ask();
    asking = false;
  };
  setInterval(go, milliseconds);
  document.addEventListener("visibilitychange", go);
  write(state, "It is renewed by itself.");
})();
