"use strict";
(() => {
  // Parallel coordinates (Inselberg 1985) of Plotly's lines: an axis per hyperparameter, brushed by
  // a box, or with the keyboard by the fields below the chart.
  const INACTIVE = -0.06, STRENGTH = [0.06, 0.1, 0.16, 0.3, 0.75], GROUPS = STRENGTH.length;
  const brushes = new Map(); // number of the axis -> [from, to], places from 0 to 1
  let known = null;

  const passes = (row) => [...brushes].every(([axis, [from, to]]) => {
    const place = known.axes[axis].places[row];
    return place !== null && place >= from - 1e-9 && place <= to + 1e-9;
  });
  const group = (row) => {
    const { values, direction } = known;
    const better = values.filter((v) => (direction === "maximize" ? v < values[row] : v > values[row]));
    return Math.min(Math.floor((better.length / values.length) * GROUPS), GROUPS - 1);
  };
  const trace = (rows, line, opacity) => {
    const found = { type: "scatter", mode: "lines+markers", x: [], y: [], customdata: [], text: [],
      line, opacity, marker: { size: 3, color: line.color }, hovertemplate: "%{text}<extra></extra>" };
    for (const row of rows) {
      known.axes.forEach((axis, place) => {
        found.x.push(place);
        found.y.push(axis.places[row] ?? INACTIVE);
        found.text.push(`trial ${known.numbers[row]}: ${known.metric} ${known.values[row]}`);
      });
      found.x.push(null); found.y.push(null); found.text.push("");
    }
    return found;
  };
  const traces = (chosen) => {
    const rows = known.numbers.map((_, row) => row);
    const on = rows.filter((row) => !chosen || chosen.has(known.numbers[row]));
    const off = rows.filter((row) => chosen && !chosen.has(known.numbers[row]));
    const best = on.reduce((a, b) => (a === null || (known.direction === "maximize"
      ? known.values[b] > known.values[a] : known.values[b] < known.values[a]) ? b : a), null);
    const found = [];
    if (off.length) found.push(trace(off, { color: "@faint", width: 0.5 }, 0.6));
    for (let g = 0; g < GROUPS; g += 1) {
      const mine = on.filter((row) => known.groups[row] === g && row !== best);
      if (mine.length) found.push(trace(mine, { color: "@first", width: 0.5 + g / 4 }, STRENGTH[g]));
    }
    if (best !== null) found.push(trace([best], { color: "@second", width: 3 }, 1));
    return found;
  };
  const shapes = () => known.axes.flatMap((axis, place) => [
    ...axis.bands.map(([from, to, share]) => ({ type: "rect", layer: "below", x0: place - 0.1, x1: place + 0.1,
      y0: from, y1: to, fillcolor: "@band", opacity: 0.35 + 0.65 * share, line: { width: 0 } })),
    { type: "line", x0: place, x1: place, y0: 0, y1: 1, line: { color: "@muted", width: 1 } },
    ...(brushes.has(place) ? [{ type: "rect", x0: place - 0.16, x1: place + 0.16, y0: brushes.get(place)[0],
      y1: brushes.get(place)[1], fillcolor: "@haze", line: { color: "@first", width: 2 } }] : []),
  ]);
  const annotations = () => known.axes.flatMap((axis, place) => [
    { x: place, y: 1.04, text: axis.name, showarrow: false, textangle: -20, xanchor: "left", yanchor: "bottom" },
    ...axis.ticks.map(([y, text]) => ({ x: place, y, text, showarrow: false, xanchor: "left", xshift: 4,
      font: { size: 10, color: "@ink" }, bgcolor: "@paper", opacity: 0.85 })),
  ]);
  window.advisorParallel = (figure, element, chosen) => {
    if (!known) {
      known = figure.parallel;
      known.groups = known.numbers.map((_, row) => group(row));
      element.style.minWidth = `${known.axes.length * 64}px`;
      fields(element);
    }
    return { data: traces(chosen), layout: { ...figure.layout, shapes: shapes(), annotations: annotations() } };
  };
  const brushed = () => {
    const rows = known.numbers.filter((_, row) => passes(row));
    const status = document.getElementById("brush-status");
    const told = [...brushes.keys()].map((axis) => known.axes[axis].plain).join(", ");
    status.textContent = brushes.size ? `${rows.length} of ${known.numbers.length} trials; brushed: ${told}` : "";
    window.advisorChoose(brushes.size ? (rows.length ? rows : [-1]) : null);
  };
  window.advisorBrushed = (element, event) => {
    if (event === undefined) return; // Plotly tells of a selection that was taken away again.
    if (event === null) brushes.clear();
    if (event && event.range && event.range.x) {
      const [left, right] = [...event.range.x].sort((a, b) => a - b);
      const [from, to] = [...event.range.y].sort((a, b) => a - b);
      known.axes.forEach((_, place) => {
        if (place >= left - 0.15 && place <= right + 0.15) brushes.set(place, [from, to]);
      });
    }
    brushed();
  };
  const placeOf = (axis, value) => {
    if (!axis.log) return (value - axis.low) / (axis.high - axis.low);
    return Math.log(value / axis.low) / Math.log(axis.high / axis.low);
  };
  const plain = (markup) => new DOMParser().parseFromString(markup, "text/html").body.textContent;
  const make = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };
  const fields = (element) => {
    known.axes.forEach((axis) => { axis.plain = plain(axis.name); });
    const axes = make("select", { id: "brush-axis" });
    known.axes.forEach((axis, place) => axes.append(make("option", { value: place, textContent: axis.plain })));
    const ends = make("span", { className: "brushes" });
    const field = (text, inner) => make("label", {}, `${text} `, inner);
    const offer = () => {
      const axis = known.axes[Number(axes.value)];
      if (axis.choices) {
        const choice = make("select", { id: "brush-from" });
        axis.ticks.forEach(([place, text]) => choice.append(make("option", { value: place, textContent: plain(text) })));
        ends.replaceChildren(field("choice", choice));
        return;
      }
      const number = (id, value) => make("input", { id, type: "number", step: "any", value });
      ends.replaceChildren(field("from", number("brush-from", axis.low)), field("to", number("brush-to", axis.high)));
    };
    axes.addEventListener("change", offer);
    const brush = make("button", { type: "button", className: "plain", textContent: "Brush" });
    brush.addEventListener("click", () => {
      const place = Number(axes.value), axis = known.axes[place];
      const from = Number(document.getElementById("brush-from").value);
      if (axis.choices) {
        const half = 0.5 / axis.ticks.length;
        brushes.set(place, [from - half, from + half]);
      } else {
        const to = Number(document.getElementById("brush-to").value);
        brushes.set(place, [placeOf(axis, Math.min(from, to)), placeOf(axis, Math.max(from, to))]);
      }
      brushed();
    });
    const clear = make("button", { type: "button", className: "plain", textContent: "Show all" });
    clear.addEventListener("click", () => { brushes.clear(); brushed(); });
    const status = make("p", { id: "brush-status" });
    status.setAttribute("role", "status");
    element.closest("figure").append(make("fieldset", {}, make("legend", { textContent: "Brush trials" }),
      make("div", { className: "brushes" }, field("hyperparameter", axes), ends, brush, clear), status));
    offer();
  };
})();
