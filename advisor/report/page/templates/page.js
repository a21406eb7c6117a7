"use strict";
(() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const palettes = read("palettes"), nonce = document.currentScript.nonce;
  let figures = {};
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const theme = () => palettes[dark.matches ? "dark" : "light"];
  const coloured = (value, palette, key = "") => {
    if (typeof value === "string") return /color(scale)?$/.test(key) && value in palette ? palette[value] : value;
    if (Array.isArray(value)) return value.map((item) => coloured(item, palette, key));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v, palette, k)]));
    }
    return value;
  };
  const layoutOf = (figure, palette) => {
    const axis = { gridcolor: palette["@grid"], zeroline: false, linecolor: palette["@muted"] };
    return {
      paper_bgcolor: palette["@paper"], plot_bgcolor: palette["@paper"],
      font: { color: palette["@ink"], family: "system-ui, sans-serif", size: 12 },
      template: { layout: { xaxis: axis, yaxis: axis } },
      hoverlabel: { align: "left" }, autosize: true,
      ...coloured(figure.layout, palette),
    };
  };
  const config = { responsive: true, displaylogo: false, displayModeBar: "hover" };
  const listeners = [];
  let chosen = null; // numbers of the trials that were brushed, null for all

  const withChoice = (figure) => !chosen ? figure.data : figure.data.map((trace) => {
    if (!Array.isArray(trace.customdata) || !(trace.mode || "").includes("markers")) return trace;
    const places = trace.customdata.flatMap((number, place) => (chosen.has(number) ? [place] : []));
    return { ...trace, selectedpoints: places };
  });
  const draw = (element) => {
    const figure = figures[element.dataset.chart];
    if (!figure) return;
    const palette = theme();
    const made = figure.parallel ? window.advisorParallel(figure, element, chosen) : figure;
    const data = coloured(withChoice(made), palette);
    return window.Plotly.react(element, data, layoutOf(made, palette), config).then(() => {
      if (element.dataset.drawn) return;
      element.dataset.drawn = "yes";
      element.on("plotly_selected", (event) => {
        if (figure.parallel) return window.advisorBrushed(element, event);
        if (event && event.points) choose(event.points.map((p) => p.customdata).filter(Number.isInteger));
      });
      element.on("plotly_deselect", () => {
        if (figure.parallel) window.advisorBrushed(element, null);
        else choose(null);
      });
    });
  };
  const drawn = () => document.querySelectorAll(".plot[data-drawn]");
  const choose = (numbers) => {
    chosen = numbers && numbers.length ? new Set(numbers) : null;
    drawn().forEach(draw);
    const table = document.getElementById("all-trials");
    if (table) {
      let shown = 0;
      for (const row of table.tBodies[0].rows) {
        const away = chosen !== null && !chosen.has(Number(row.cells[0].textContent));
        row.classList.toggle("away", away);
        shown += !away;
      }
      table.caption.textContent = chosen ? `${shown} trials that were brushed` : table.dataset.caption;
    }
    listeners.forEach((listener) => listener(chosen));
  };
  window.advisorChoose = choose;

  const sortable = (table) => {
    table.dataset.caption = table.caption.textContent;
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = cell.textContent;
      cell.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = cell.getAttribute("aria-sort") !== "ascending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", up ? "ascending" : "descending");
        const key = (row) => row.cells[column].textContent;
        const rows = [...table.tBodies[0].rows].sort((a, b) => {
          const [x, y] = [key(a), key(b)];
          if (!x || !y) return x ? -1 : y ? 1 : 0;
          const numbers = Number(x) - Number(y);
          const order = Number.isNaN(numbers) ? x.localeCompare(y) : numbers;
          return up ? order : -order;
        });
        table.tBodies[0].append(...rows);
      });
    });
  };
  document.querySelectorAll("table.sortable").forEach(sortable);

  const unpacked = async (id) => {
    const packed = document.getElementById(id).textContent;
    if (!packed) return "";
    const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  const unpack = async () => {
    figures = JSON.parse((await unpacked("figures")) || "{}");
    const script = document.createElement("script");
    script.nonce = nonce;
    script.textContent = await unpacked("library");
    document.head.append(script);
  };
  const trouble = (error) => {
    const line = document.getElementById("trouble");
    line.hidden = false;
    line.textContent = `Charts cannot be drawn in this browser (${error.message}); the tables say the same.`;
  };
  unpack().then(() => {
    const watch = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        if (!entry.isIntersecting) continue;
        watch.unobserve(entry.target);
        draw(entry.target);
      }
    }, { rootMargin: "400px" });
    document.querySelectorAll(".plot").forEach((element) => watch.observe(element));
    window.addEventListener("beforeprint", () => document.querySelectorAll(".plot").forEach(draw));
    dark.addEventListener("change", () => drawn().forEach(draw));
    document.documentElement.dataset.ready = "yes";
  }).catch(trouble);
})();
