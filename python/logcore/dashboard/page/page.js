// Asks the server for the view that is chosen, twice a second, and shows it. Whatever comes from a log is set as text.
"use strict";

const EVERY_MS = 500;
const TIMEOUT_MS = 5000;
const HEALTH_EVERY_MS = 1000;
const AWAY_MS = 2000;
// Records; from there on the lag is that of the past, not of what comes in now.
const FAR_BEHIND = 100000;
const REASONS_SHOWN = 12;
const STATUSES = ["good", "suspicious", "bad"];
const element = (id) => document.getElementById(id);
const chart = new RateChart(element("chart"));
const whole = new Intl.NumberFormat("en");

let paused = false;
let timer = null;
let asked = 0;
let reason = null;
let tab = "logs";

// What is chosen, in the address as well: it can be kept and sent on.
function address() {
  const all = chosen();
  if (tab !== "logs") {
    all.set("tab", tab);
  }
  return all;
}

function openTab(name) {
  tab = name;
  for (const each of ["logs", "health"]) {
    element(each).hidden = each !== name;
    element(`tab-${each}`).setAttribute("aria-selected", String(each === name));
    element(`tab-${each}`).tabIndex = each === name ? 0 : -1;
  }
}

function chosen() {
  const form = new FormData(element("filters"));
  const question = new URLSearchParams();
  question.set("window", form.get("window") ?? "300");
  question.set("status", form.getAll("status").join(","));
  if (reason !== null) {
    question.set("path", reason.path);
    question.set("code", reason.code);
  }
  return question;
}

function choose(hash) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  openTab(given.get("tab") === "health" ? "health" : "logs");
  const statuses = (given.get("status") ?? STATUSES.join(",")).split(",");
  for (const input of element("windows").querySelectorAll("input")) {
    input.checked = input.value === (given.get("window") ?? "300");
  }
  if (element("windows").querySelector("input:checked") === null) {
    element("windows").querySelector("input[value='300']").checked = true;
  }
  for (const input of element("statuses").querySelectorAll("input")) {
    input.checked = statuses.includes(input.value);
  }
  reason = given.has("path") && given.has("code") ? { path: given.get("path"), code: given.get("code") } : null;
}

async function refresh() {
  clearTimeout(timer);
  asked += 1;
  const mine = asked;
  const onHealth = tab === "health";
  let wait = onHealth ? HEALTH_EVERY_MS : EVERY_MS;
  try {
    const answer = await fetch(onHealth ? "health" : `view?${chosen()}`, {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!answer.ok) {
      throw new Error((await answer.text()).trim());
    }
    const view = await answer.json();
    // A later question may have been answered first.
    if (mine === asked) {
      (onHealth ? showHealth : show)(view);
    }
  } catch (error) {
    wait = AWAY_MS;
    if (mine === asked) {
      state(`The server doesn't answer: ${error.message}`, true);
    }
  }
  if (mine === asked && !paused && !document.hidden) {
    timer = setTimeout(refresh, wait);
  }
}

function show(view) {
  element("topic").textContent = view.topic;
  document.title = `logcore – ${view.topic}`;
  showState(view);
  showTiles(view);
  chart.update(view.series, view.newest, view.now);
  showReasons(view);
  showDimensions(view.dimensions);
  showLatest(view.latest);
}

function state(text, trouble) {
  const shown = element("state");
  // Unchanged, it isn't read out again.
  setText(shown, text);
  shown.classList.toggle("trouble", trouble);
}

function showState(view) {
  if (view.error !== null) {
    state(visible(view.error), true);
  } else if (paused) {
    state("Paused. Logs are still counted.", false);
  } else if (!view.caught_up || view.behind > FAR_BEHIND) {
    state("Reading what is on the topic…", false);
  } else if (view.newest === null) {
    state("Waiting for the first log.", false);
  } else if (view.now - view.arrived > 30) {
    state(`No logs since ${clock(view.newest / 1000, true)}.`, false);
  } else {
    state("Live", false);
  }
}

function showTiles(view) {
  const all = sum(view.unfiltered);
  const hour = sum(view.hour);
  for (const status of STATUSES) {
    element(`total-${status}`).textContent = whole.format(view.totals[status]);
    const share = all ? percent(view.unfiltered[status] / all) : "–";
    const before = hour ? percent(view.hour[status] / hour) : "–";
    element(`share-${status}`).textContent = `${share} of all, last hour ${before}`;
  }
  element("rate").textContent = whole.format(Math.round(view.rate));
  const late = !view.caught_up || view.behind > FAR_BEHIND;
  element("delay").textContent = view.delay === null || late ? "–" : duration(view.delay.p50);
  const unread = view.behind ? `, ${whole.format(view.behind)} not read yet` : "";
  element("delay-more").textContent =
    view.delay === null || late ? `last 10 s${unread}` : `p99 ${duration(view.delay.p99)}, last 10 s${unread}`;
}

function showReasons(view) {
  const most = view.reasons.length ? view.reasons[0].count : 1;
  const rows = view.reasons.slice(0, REASONS_SHOWN).map((each) => ({
    key: `${each.path} ${each.code}`,
    label: reasonText(each),
    counts: { [each.status]: each.count },
    most,
    press: () => filterBy(isChosen(each) ? null : { path: each.path, code: each.code }),
    pressed: isChosen(each),
  }));
  fill(element("reasons").tBodies[0], rows);
  const more = view.reasons.length - rows.length;
  const note = more > 0 ? `and ${more} more, in the list at Reason` : "";
  element("reasons-more").textContent = rows.length ? note : "No reasons in this window.";
  fillSelect(view.reasons);
}

function isChosen(each) {
  return reason !== null && reason.path === each.path && reason.code === each.code;
}

function fillSelect(reasons) {
  const select = element("reason");
  if (document.activeElement === select) {
    return;
  }
  const options = reasons.map((each) => [JSON.stringify([each.path, each.code]), reasonText(each)]);
  if (reason !== null && !reasons.some(isChosen)) {
    options.push([JSON.stringify([reason.path, reason.code]), reasonText(reason)]);
  }
  const texts = [["", "any"], ...options.sort((one, other) => (one[1] < other[1] ? -1 : 1))];
  if (texts.map(String).join("\n") !== [...select.options].map((o) => String([o.value, o.text])).join("\n")) {
    select.replaceChildren(...texts.map(([value, text]) => new Option(text, value)));
  }
  select.value = reason === null ? "" : JSON.stringify([reason.path, reason.code]);
}

function showDimensions(dimensions) {
  const tables = element("tables");
  for (const dimension of dimensions) {
    let panel = [...tables.children].find((each) => each.dataset.dimension === dimension.name);
    if (panel === undefined) {
      panel = dimensionPanel(dimension.name);
      tables.append(panel);
    }
    const values = dimension.values.map((each) => ({ ...each, all: sum(each) }));
    values.sort((one, other) => other.all - one.all);
    const most = values.length ? values[0].all : 1;
    fill(
      panel.querySelector("tbody"),
      values.map((each) => ({ key: each.value, label: visible(each.value), counts: each, most })),
    );
  }
}

function dimensionPanel(name) {
  const panel = document.createElement("section");
  panel.className = "panel";
  panel.dataset.dimension = name;
  const title = document.createElement("h2");
  title.textContent = `By ${visible(name).replaceAll("_", " ")}`;
  title.id = `dimension-${name}`;
  panel.setAttribute("aria-labelledby", title.id);
  const table = document.createElement("table");
  const head = table.createTHead().insertRow();
  for (const [text, kind] of [["Value", ""], ["Logs", "number"]]) {
    const cell = document.createElement("th");
    cell.scope = "col";
    cell.textContent = text;
    cell.className = kind;
    head.append(cell);
  }
  table.createTBody();
  panel.append(title, table);
  return panel;
}

// Rows of a table, each kept as long as its key is there, so that the keyboard's place isn't lost.
function fill(body, rows) {
  const old = new Map([...body.rows].map((row) => [row.dataset.key, row]));
  const wanted = new Set(rows.map((each) => each.key));
  // First, so that those that stay need not be moved.
  for (const [key, row] of old) {
    if (!wanted.has(key)) {
      row.remove();
    }
  }
  rows.forEach((each, place) => {
    const row = old.get(each.key) ?? newRow(each);
    const [label, number] = row.cells;
    const text = label.firstElementChild;
    setText(text, each.label);
    if (each.press) {
      text.onclick = each.press;
      text.setAttribute("aria-pressed", String(each.pressed));
    }
    const parts = [...label.lastElementChild.children];
    [...STATUSES].reverse().forEach((status, index) => {
      parts[index].style.width = `${(100 * (each.counts[status] ?? 0)) / each.most}%`;
    });
    setText(number, whole.format(sum(each.counts)));
    if (body.rows[place] !== row) {
      body.insertBefore(row, body.rows[place] ?? null);
    }
  });
}

// What is under the pointer stays the same node, or a click that has begun on it would be lost.
function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

function newRow(each) {
  const row = document.createElement("tr");
  row.dataset.key = each.key;
  const label = document.createElement("th");
  label.scope = "row";
  const text = document.createElement(each.press ? "button" : "span");
  if (each.press) {
    text.type = "button";
    text.title = "Show only logs with this reason, or all again";
  }
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true");
  for (const status of [...STATUSES].reverse()) {
    const part = document.createElement("i");
    part.className = status;
    bar.append(part);
  }
  label.append(text, bar);
  const number = document.createElement("td");
  number.className = "number";
  row.append(label, number);
  return row;
}

function showLatest(logs) {
  const list = element("latest");
  // Whoever reads in it would have it run away under their eyes; a filter that changes counts more.
  const question = String(chosen());
  const same = list.dataset.question === question;
  if (same && list.children.length && (list.matches(":hover") || list.contains(document.activeElement))) {
    return;
  }
  list.dataset.question = question;
  const old = new Map([...list.children].map((item) => [item.dataset.key, item]));
  list.replaceChildren(...logs.map((log) => old.get(logKey(log)) ?? newLog(log)));
}

function logKey(log) {
  return `${log.number} ${log.key}`;
}

function newLog(log) {
  const item = document.createElement("li");
  item.dataset.key = logKey(log);
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  const time = part("time", "", log.time === null ? "no time" : clockOf(log.time));
  if (log.time !== null) {
    time.dateTime = log.time;
    time.title = log.time;
  }
  const reasons = log.reasons.map(reasonText).join(", ");
  const payload = visible(log.payload);
  summary.append(
    time,
    part("span", `status ${log.status}`, log.status),
    part("bdi", "key", visible(log.key)),
    part("bdi", "reasons", reasons),
    part("bdi", "payload", payload.slice(0, 300)),
  );
  details.append(summary);
  // The whole is made when it is asked for.
  details.addEventListener("toggle", () => {
    if (details.open && details.children.length === 1) {
      const kinds = { raw: "As it came", bytes: "As it came; bytes that are no text stand as codes", fields: "As it was read" };
      details.append(part("p", "note", kinds[log.kind] + (log.cut ? "; the rest is left out here" : "")), part("pre", "", payload));
    }
  });
  item.append(details);
  return item;
}

function part(name, kind, text) {
  const made = document.createElement(name);
  made.className = kind;
  made.textContent = text;
  return made;
}

function clockOf(text) {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) {
    return visible(text);
  }
  return `${time.toLocaleTimeString([], { hourCycle: "h23" })}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

// Characters that would not be seen, or would move others about, stand as their codes.
function visible(text) {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g, (found) => {
    const known = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };
    return known[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function reasonText(each) {
  return visible(each.path === "$" ? each.code : `${each.path}: ${each.code}`);
}

function sum(counts) {
  return STATUSES.reduce((total, status) => total + (counts[status] ?? 0), 0);
}

function percent(share) {
  return `${(100 * share).toFixed(share && share < 0.001 ? 3 : 1)}\u00a0%`;
}

function duration(milliseconds) {
  if (milliseconds < 1000) {
    return `${milliseconds} ms`;
  }
  return milliseconds < 120000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 60000)} min`;
}

function filterBy(wanted) {
  reason = wanted;
  changed();
}

function changed() {
  history.replaceState(null, "", `#${address()}`);
  refresh();
}

element("filters").addEventListener("change", (event) => {
  if (event.target.id === "reason") {
    const value = event.target.value;
    const [path, code] = value === "" ? [] : JSON.parse(value);
    reason = value === "" ? null : { path, code };
  }
  changed();
});
element("filters").addEventListener("submit", (event) => event.preventDefault());
element("pause").addEventListener("click", () => {
  paused = !paused;
  element("pause").setAttribute("aria-pressed", String(paused));
  element("pause").textContent = paused ? "Go on" : "Pause";
  if (paused) {
    clearTimeout(timer);
    asked += 1;
    state("Paused. Logs are still counted.", false);
  } else {
    refresh();
  }
});
for (const [name, other] of [["logs", "health"], ["health", "logs"]]) {
  element(`tab-${name}`).addEventListener("click", () => {
    openTab(name);
    changed();
  });
  // Within a list of tabs the arrows lead from one to the next.
  element(`tab-${name}`).addEventListener("keydown", (event) => {
    if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      element(`tab-${other}`).focus();
      element(`tab-${other}`).click();
    }
  });
}
addEventListener("hashchange", () => {
  choose(location.hash);
  refresh();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && !paused) {
    refresh();
  }
});
choose(location.hash);
refresh();
