// The pipeline's own processes: each one's figures, with the last five minutes as a line.
"use strict";

const COMPONENTS = { producer: "Producer", processor: "Processor", spark: "Spark", indexer: "Indexer", users: "Users" };
const LINE = { width: 120, height: 22 };

function showHealth({ topic, targets }) {
  element("topic").textContent = topic;
  const away = targets.filter((target) => target.error !== null).length;
  const note = element("health-note");
  note.hidden = targets.length > 0;
  if (paused) {
    state("Paused.", false);
  } else if (targets.length > 0) {
    state(away ? `${away} of ${targets.length} can't be read` : `All ${targets.length} answer`, away > 0);
  } else {
    state("", false);
  }
  const place = element("targets");
  for (const target of targets) {
    let panel = [...place.children].find((each) => each.dataset.url === target.url);
    if (panel === undefined) {
      panel = targetPanel(target.url, place.children.length);
      place.append(panel);
    }
    showTarget(panel, target);
  }
}

function targetPanel(url, number) {
  const panel = document.createElement("section");
  panel.className = "panel target";
  panel.dataset.url = url;
  const title = part("h2", "", visible(url));
  title.id = `target-${number}`;
  panel.setAttribute("aria-labelledby", title.id);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const [text, kind] of [["Figure", ""], ["Now", "number"], ["A second", "number"], ["Last 5 minutes", "line"]]) {
    const cell = part("th", kind, text);
    cell.scope = "col";
    head.append(cell);
  }
  table.createTBody();
  panel.append(title, part("p", "note", ""), table);
  return panel;
}

function showTarget(panel, target) {
  const note = panel.querySelector(".note");
  panel.querySelector("table").hidden = target.figures.length === 0;
  note.textContent = target.error === null ? versions(target.figures) : `It can't be read: ${visible(target.error)}`;
  note.classList.toggle("trouble", target.error !== null);
  const body = panel.querySelector("tbody");
  const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const shown = target.figures.filter((figure) => !figure.name.endsWith("_info"));
  shown.forEach((figure, place) => {
    const key = JSON.stringify([figure.name, figure.labels]);
    const row = old.get(key) ?? figureRow(key, figure);
    old.delete(key);
    setText(row.cells[1], amount(figure.name, figure.value));
    setText(row.cells[2], figure.rate === null ? "" : amount(figure.name, figure.rate));
    drawLine(row.querySelector("polyline"), figure.history);
    if (body.rows[place] !== row) {
      body.insertBefore(row, body.rows[place] ?? null);
    }
  });
  for (const row of old.values()) {
    row.remove();
  }
}

function figureRow(key, figure) {
  const row = document.createElement("tr");
  row.dataset.key = key;
  const label = part("th", "", title(figure));
  label.scope = "row";
  label.title = visible(`${figure.name}: ${figure.text}`);
  const line = document.createElement("td");
  line.className = "line";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `0 0 ${LINE.width} ${LINE.height}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "polyline"));
  line.append(svg);
  row.append(label, part("td", "number", ""), part("td", "number", ""), line);
  return row;
}

// `logcore_processor_logs_total{status="bad"}` is "Processor logs, bad".
function title(figure) {
  const [, component, rest] = figure.name.match(/^logcore_([a-z]+)_(.*?)(?:_total)?$/) ?? [null, "", figure.name];
  const words = rest.replace(/_(seconds|bytes)$/, "").replaceAll("_", " ");
  const labels = Object.entries(figure.labels)
    .filter(([name]) => !["engine", "query"].includes(name))
    .map(([name, value]) => (name === "quantile" ? quantile(value) : value));
  return visible([`${COMPONENTS[component] ?? component} ${words}`, ...labels].join(", "));
}

function quantile(value) {
  return value === "1" ? "most" : `p${Math.round(Number(value) * 1000) / 10}`;
}

function versions(figures) {
  const build = figures.find((figure) => figure.name === "logcore_build_info");
  return build ? visible(`logcore ${build.labels.version}, contract ${build.labels.contract}`) : "";
}

function amount(name, value) {
  if (value === null) {
    return "–";
  }
  if (/_seconds(_total)?$/.test(name)) {
    return value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`;
  }
  if (/_bytes(_total)?$/.test(name)) {
    return value < 1e6 ? `${(value / 1e3).toFixed(1)} kB` : `${(value / 1e6).toFixed(1)} MB`;
  }
  return Number.isInteger(value) || value >= 100 ? whole.format(Math.round(value)) : value.toFixed(1);
}

function drawLine(line, history) {
  const known = history.filter((value) => value !== null);
  const most = Math.max(...known, 0) || 1;
  const step = LINE.width / Math.max(history.length - 1, 1);
  const points = history
    .map((value, place) => [place * step, value])
    .filter(([, value]) => value !== null)
    .map(([x, value]) => `${x.toFixed(1)},${(LINE.height - 1 - (value / most) * (LINE.height - 2)).toFixed(1)}`);
  line.setAttribute("points", points.join(" "));
}
