// Logs a second by status, stacked: bad at the bottom, where a little of it is seen best.
"use strict";

const STACK = ["bad", "suspicious", "good"];
const NAMES = { good: "Good", suspicious: "Suspicious", bad: "Bad" };
const HEIGHT = 240;
// So long without a newer log, and the last step is as full as it gets.
const SETTLED_MS = 5000;

class RateChart {
  constructor(element) {
    this.element = element;
    this.plain = [[], [], [], []];
    this.build();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.build());
    new ResizeObserver(() => this.resize()).observe(element);
  }

  build() {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const axis = {
      stroke: colour("soft"),
      grid: { stroke: colour("line"), width: 1 },
      ticks: { stroke: colour("line"), width: 1 },
      font: "12px system-ui, sans-serif",
    };
    // Drawn from the highest sum down, so that each colour stays free above the next one.
    const series = [...STACK].reverse().map((status) => ({
      label: NAMES[status],
      stroke: colour(status),
      fill: colour(status),
      width: 1,
      points: { show: false },
      value: (_, __, ___, index) => {
        const rates = this.plain[1 + STACK.indexOf(status)];
        const rate = rates[index ?? this.last()];
        return rate === null || rate === undefined ? "–" : rateText(rate);
      },
    }));
    const options = {
      width: this.width(),
      height: HEIGHT,
      legend: { live: true },
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      scales: { y: { range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1] } },
      axes: [
        { ...axis, values: (_, splits) => splits.map((second) => clock(second, this.short())), space: 90 },
        { ...axis, values: (_, splits) => splits.map(rateText), size: 58 },
      ],
      series: [{ label: "Time", value: (_, __, ___, index) => this.time(index ?? this.last()) }, ...series],
    };
    if (this.plot) {
      this.plot.destroy();
    }
    this.plot = new uPlot(options, this.stacked(), this.element);
  }

  // What the server answered as `series`; counts become rates. What comes after the newest log is a gap, not nothing.
  update(series, newest, now) {
    const length = series.good.length;
    const settled = newest === null || now * 1000 - newest > SETTLED_MS;
    const times = [];
    const rates = STACK.map(() => []);
    for (let place = 0; place < length; place += 1) {
      const start = series.start + place * series.step;
      // A step that isn't over would look like a fall.
      if (start + series.step > now) {
        break;
      }
      // Nor one that logs still come for; they come in no order of time.
      const known = newest !== null && (start + (settled ? 0 : series.step)) * 1000 <= newest;
      times.push(start);
      STACK.forEach((status, row) => rates[row].push(known ? series[status][place] / series.step : null));
    }
    this.plain = [times, ...rates];
    this.plot.setData(this.stacked());
    this.element.setAttribute("aria-label", this.summary());
  }

  stacked() {
    const [times, ...rates] = this.plain;
    const sums = [];
    rates.forEach((row, level) => {
      const below = level === 0 ? null : sums[level - 1];
      sums.push(row.map((rate, place) => (rate === null ? null : rate + (below === null ? 0 : below[place]))));
    });
    return [times, ...sums.reverse()];
  }

  // The newest place with rates: what the legend shows while nobody points at the chart.
  last() {
    const rates = this.plain[1];
    let place = rates.length - 1;
    while (place > 0 && rates[place] === null) {
      place -= 1;
    }
    return place;
  }

  time(place) {
    const second = this.plain[0][place];
    return second === undefined ? "–" : clock(second, true);
  }

  short() {
    const [times] = this.plain;
    return times.length > 0 && times[times.length - 1] - times[0] < 600;
  }

  summary() {
    const last = STACK.map((status, row) => {
      const known = this.plain[1 + row].filter((rate) => rate !== null);
      return `${NAMES[status].toLowerCase()} ${known.length ? rateText(known[known.length - 1]) : "none"}`;
    });
    return `Logs a second, now: ${last.reverse().join(", ")}`;
  }

  resize() {
    if (this.plot.width !== this.width()) {
      this.plot.setSize({ width: this.width(), height: HEIGHT });
    }
  }

  width() {
    return Math.max(this.element.clientWidth, 240);
  }
}

function rateText(rate) {
  if (rate >= 10000) {
    return `${(rate / 1000).toFixed(rate >= 100000 ? 0 : 1)}k`;
  }
  return rate >= 100 || Number.isInteger(rate) ? Math.round(rate).toLocaleString("en") : rate.toFixed(1);
}

function clock(second, seconds) {
  const options = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (seconds) {
    options.second = "2-digit";
  }
  return new Date(second * 1000).toLocaleTimeString([], options);
}
