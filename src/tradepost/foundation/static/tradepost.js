// Charts from data, "in 3 h" that stays true, copy buttons, a question before what cannot be undone.
// Everything works without this file; it only makes it nicer.
"use strict";

(() => {
  const LINES = ["#2f6f5e", "#c98b2b", "#7a5cc0", "#a3242b", "#2b6cb0", "#6b7280"];

  // uPlot's table: for ticks this many seconds apart, the label, and what it adds where year, day or hour change.
  const TIMES = [
    [86400 * 28, "{YYYY}-{MM}", null, null, null, null, null, null, 1],
    [86400, "{MM}-{DD}", "\n{YYYY}", null, null, null, null, null, 1],
    [60, "{HH}:{mm}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", "\n{YYYY}-{MM}-{DD}", null, "\n{MM}-{DD}", null, null, null, 1],
  ];

  function drawCharts(root) {
    if (!window.uPlot) return;
    for (const figure of root.querySelectorAll("figure[data-chart]:not([data-drawn])")) {
      figure.dataset.drawn = "yes";
      const chart = JSON.parse(figure.dataset.chart);
      const place = figure.querySelector("[data-plot]") || figure.insertBefore(document.createElement("div"), figure.firstChild);
      const options = {
        width: Math.max(figure.clientWidth, 240),
        height: Number(figure.dataset.height || 220),
        scales: { y: { range: (_u, low, high) => [Math.min(0, low), Math.max(1, high * 1.05)] } },
        axes: [{ ...axis(), values: TIMES, space: 70 }, axis()],
        series: [{ label: "UTC", value: "{YYYY}-{MM}-{DD} {HH}:{mm}" }].concat(chart.series.map((series, index) => ({
          label: series.label,
          stroke: LINES[index % LINES.length],
          dash: index >= LINES.length ? [4, 4] : undefined,
          width: 2,
          paths: series.stepped === false ? undefined : uPlot.paths.stepped({ align: 1 }),
        }))),
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "UTC"),
      };
      const plot = new uPlot(options, [chart.times, ...chart.series.map((series) => series.values)], place);
      new ResizeObserver(() => {
        const width = Math.max(figure.clientWidth, 240);
        if (width !== plot.width) plot.setSize({ width, height: plot.height });
      }).observe(figure);
    }
  }

  function axis() {
    const style = getComputedStyle(document.documentElement);
    const line = style.getPropertyValue("--tp-line").trim() || "#ccc";
    return { stroke: style.getPropertyValue("--pico-color").trim() || "#333", grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
  }

  // A <time data-now> says what time it was on the service when it was made; it ages from when we first see it.
  function sayTimes(root) {
    for (const time of root.querySelectorAll("time[data-now]")) {
      time.seenAt ??= performance.now();
      const small = time.querySelector("small");
      const now = Date.parse(time.dataset.now) + performance.now() - time.seenAt;
      if (small) small.textContent = `(${relative(Date.parse(time.dateTime) - now)})`;
    }
  }

  function relative(milliseconds) {
    const seconds = Math.floor(Math.abs(milliseconds) / 1000);
    if (seconds < 1) return "now";
    const units = [["d", Math.floor(seconds / 86400)], ["h", Math.floor(seconds / 3600) % 24], ["min", Math.floor(seconds / 60) % 60], ["s", seconds % 60]];
    const first = units.findIndex(([, count]) => count);
    const words = units.slice(first, first + 2).filter(([, count]) => count).map(([unit, count]) => `${count} ${unit}`).join(" ");
    return milliseconds > 0 ? `in ${words}` : `${words} ago`;
  }

  async function copy(button) {
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: copy it";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  // Tabs that do not fit a phone are scrolled to where one is.
  function showTab(root) {
    for (const here of root.querySelectorAll(".tabs [aria-current]")) {
      const list = here.closest("ul");
      list.scrollLeft = here.offsetLeft - list.offsetLeft - (list.clientWidth - here.offsetWidth) / 2;
    }
  }

  function refresh(root) {
    showTab(root);
    drawCharts(root);
    sayTimes(root);
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) copy(button);
    for (const menu of document.querySelectorAll("details.dropdown[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.dropdown[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("submit", (event) => {
    const asker = event.submitter?.dataset.confirm || event.target.dataset.confirm;
    if (asker && !window.confirm(asker)) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);
  document.addEventListener("htmx:afterSettle", (event) => refresh(event.target.parentNode || document));
  // A refusal is an answer for people too: show its text where the form stood.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status >= 400 && event.detail.xhr.responseText) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
  refresh(document);
  setInterval(() => sayTimes(document), 15000);
})();
